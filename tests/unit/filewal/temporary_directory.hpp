// SPDX-License-Identifier: MIT
// A directory on the real disk that goes when it goes out of scope.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "tenon/check.hpp"

namespace tenon::filewal::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((std::filesystem::temp_directory_path() / "tenon-filewal-XXXXXX").string()) {
    TENON_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tenon::filewal::test
