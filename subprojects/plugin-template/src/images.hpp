// SPDX-License-Identifier: MIT
// Snapshot images, a file each in a directory of their own: INDEX-ID.part while it is unfinished, INDEX-ID.image once
// it is committed. The index has twenty digits, so that the newest is the last by name; the rename is the commit. An
// image that was replaced is removed at once, and who reads it still has it open.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "tenon/storage.hpp"

namespace sample_storage {

class Images {
 public:
  // `commit_failed` is called on the thread of the commit.
  Images(std::string directory, std::function<void(const tenon::Error&)> commit_failed);

  // Makes the directory, or finds what it holds. Before any other call.
  void open();
  // As in tenon/storage.h. Any thread; handles end before this does.
  std::unique_ptr<tenon::Image> create(tenon_image& image);
  std::unique_ptr<tenon::Image> open_newest(tenon_image& image);  // null: none was ever committed

 private:
  class Handle;

  void check_is_newest(const std::string& stem);
  void make_newest(const std::string& stem);
  void close(const std::string& stem);
  std::string path_of(const std::string& stem, std::string_view suffix) const;
  // Of all images with the suffix; other files are left alone.
  std::set<std::string> stems(std::string_view suffix) const;

  const std::string directory_;
  const std::function<void(const tenon::Error&)> commit_failed_;
  std::mutex mutex_;
  std::string newest_;          // its stem; empty: none
  std::set<std::string> open_;  // stems of unfinished images with a handle
};

}  // namespace sample_storage
