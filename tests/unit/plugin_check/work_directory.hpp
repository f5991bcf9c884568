// SPDX-License-Identifier: MIT
// A directory that is gone with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tenon/check.hpp"

namespace tenon::plugin_check {

class WorkDirectory {
 public:
  WorkDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "tenon-plugin-check-test-XXXXXX").string();
    TENON_CHECK(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tenon::plugin_check
