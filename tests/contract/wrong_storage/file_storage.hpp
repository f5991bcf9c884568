// SPDX-License-Identifier: MIT
// A small storage that keeps its promises: one file of records, the whole log in memory, one thread that writes and
// syncs whatever is queued, each image a file. Built with a SIN it breaks one of them.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "record_file.hpp"
#include "sins.hpp"
#include "tenon/stamp.hpp"
#include "tenon/storage.hpp"

namespace tenon::wrong {

struct KeptEntry {
  std::uint64_t term;
  std::string data;
  std::string_view borrowed = {};  // of the sin that looks too long
};

class FileStorage final : public Storage {
 public:
  explicit FileStorage(Host host) : Storage(host), directory_(host.data_directory()) {}

  Recovered open(const Incarnation& born_with) override;
  void close() override;
  void write(const tenon_write& write) override;
  void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) override;
  std::unique_ptr<Image> image_create(tenon_image& image) override;
  std::unique_ptr<Image> image_open(tenon_image& image) override;

  // For images.
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  const std::string& directory() const { return directory_; }
  void end_unfinished(const std::string& name);
  // The name of the newest image; empty: there is none.
  std::string newest_image() const;

 private:
  struct Queued {
    std::uint64_t sequence;
    std::string records;
  };

  Incarnation find_or_bear(const Incarnation& born_with);
  void recover();
  void apply(const Record& record);
  std::string encode_and_apply(const tenon_write& write);
  void remember(const tenon_write& write);
  void run();
  void write_group(std::deque<Queued> group);

  const std::string directory_;
  Descriptor lock_;
  Descriptor log_;
  std::mutex mutex_;  // guards what follows, but for the images
  std::condition_variable changed_;
  std::string hard_state_;
  std::uint64_t first_ = 1;
  std::deque<KeptEntry> entries_;  // from first_ on
  std::deque<Queued> queue_;
  std::uint64_t last_sequence_ = 0;
  std::vector<std::string> hoard_;  // of the sin that grows
  bool closing_ = false;
  bool failed_ = false;
  std::thread thread_;
  std::set<std::string> unfinished_with_handle_;
};

}  // namespace tenon::wrong
