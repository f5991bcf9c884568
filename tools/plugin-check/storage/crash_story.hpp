// SPDX-License-Identifier: MIT
// What a storage does for a node over two openings, recorded call by call, and what it must still have when the power
// goes after any of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "recorder/operation.hpp"
#include "storage/log_model.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {

// The kinds of marks in the log of the recorder, and what their number is.
enum class Mark : std::uint64_t {
  opened,         // open() returned: the directory is born; 0
  given,          // write() is about to be called; the number of the write
  durable,        // durable() was called; the number of the write
  commit_begins,  // image_commit() is about to be called; the image's index
  committed       // image_commit() returned; the image's index
};

class CrashStory {
 public:
  // Plays the story in a new directory. Ends the check as SKIP when the recorder did not see everything.
  CrashStory(Subject& subject, int writes);

  const Operations& log() const { return log_; }

  // What happened up to a place in the log.
  struct Knowledge {
    bool born = false;
    std::uint64_t given = 0;  // >= acknowledged
    std::uint64_t acknowledged = 0;
    std::uint64_t begun_image = 0;      // the greatest index whose commit has begun; >= committed_image
    std::uint64_t committed_image = 0;  // 0: none
  };
  static void learn(Knowledge& knowledge, const Operation& operation);

  // Opens a directory that a power cut left and returns how it breaks storage.h; empty: it does not. `continues` also
  // writes on, and opens once more.
  std::string judge(const std::filesystem::path& directory, const Knowledge& knowledge, bool continues) const;

  // Finds an acknowledgement with no sync between the write and itself. Empty: there is none.
  std::string find_lie() const;

 private:
  void write_some(Store& store, int count);
  void commit_image(Store& store);
  std::string judge_image(Store& store, const Knowledge& knowledge) const;

  Subject& subject_;
  WriteGenerator generator_;
  LogModel model_;
  std::vector<Write> writes_;                    // write N is the N-th
  std::map<std::uint64_t, std::string> images_;  // by index
  Incarnation incarnation_{};
  Operations log_;
};

}  // namespace tenon::plugin_check
