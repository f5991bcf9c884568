// SPDX-License-Identifier: MIT
// The calls that a node makes on the disks of its log and of its images, in one order, and what others rely on after
// each of them.
#pragma once

#include <map>
#include <vector>

#include "disk_history.hpp"
#include "raft/types.hpp"
#include "support/catch.hpp"

namespace tenon::crash {

inline constexpr Kept kKinds[] = {Kept::nothing, Kept::everything, Kept::prefix, Kept::sectors};

// What others know by some call, and rely on.
struct Expectation {
  std::uint64_t puts_done = 0;  // "key 1" and so on
  std::uint64_t image = 0;      // that was said to be durable
  std::uint64_t match = 0;      // that the leader was told to be durable
  raft::Term term;              // that the node was known to be in
};

// The calls on both disks in the order in which they were made, and what was expected after each.
class Recording {
 public:
  Recording(const Contents& log_files, const Contents& image_files)
      : log_disk(1, log_files), image_disk(2, image_files) {}

  // Needs: since the last time calls were made on one of the disks at most.
  void note_calls() {
    const std::size_t log_calls = log_disk.calls().size() - log_calls_;
    const std::size_t image_calls = image_disk.calls().size() - image_calls_;
    REQUIRE((log_calls == 0 || image_calls == 0));
    log_calls_ += log_calls;
    image_calls_ += image_calls;
    on_images_.insert(on_images_.end(), log_calls + image_calls, image_calls > 0);
  }
  // From now on.
  Expectation& expect() {
    note_calls();
    const Expectation last = expectations_.empty() ? Expectation{} : expectations_.rbegin()->second;
    return expectations_.try_emplace(on_images_.size(), last).first->second;
  }
  // Goes through all states of the disks: check(log files, image files, what is expected).
  template <class Check>
  std::size_t for_each_cut(Check check) {
    note_calls();
    DiskHistory log(log_disk.start());
    DiskHistory images(image_disk.start());
    std::mt19937_64 generator(7);
    std::size_t log_call = 0;
    std::size_t image_call = 0;
    std::size_t tried = 0;
    Expectation expected;
    for (std::size_t call = 0; call <= on_images_.size(); ++call) {
      std::string last = "nothing";
      if (call > 0) {
        const bool on_images = on_images_[call - 1];
        const Call& made = on_images ? image_disk.calls()[image_call++] : log_disk.calls()[log_call++];
        (on_images ? images : log).make(made);
        last = (on_images ? "images: " : "log: ") + text_of(made);
      }
      if (const auto now = expectations_.find(call); now != expectations_.end()) expected = now->second;
      for (const Kept kept : kKinds) {
        INFO("call " << call << " of " << on_images_.size() << ", " << last << "\nkept: " << name_of(kept));
        check(log.cut(kept, generator), images.cut(kept, generator), expected);
        ++tried;
      }
    }
    return tried;
  }

  RecordingFileSystem log_disk;
  RecordingFileSystem image_disk;

 private:
  std::size_t log_calls_ = 0;
  std::size_t image_calls_ = 0;
  std::vector<bool> on_images_;                      // of each call, in order
  std::map<std::size_t, Expectation> expectations_;  // by the number of calls from which on they hold
};

}  // namespace tenon::crash
