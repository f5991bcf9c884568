// SPDX-License-Identifier: MIT
// A segment that is open: for reading by whoever holds it, for writing by the log alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "filewal/file_system.hpp"

namespace tenon::filewal {

struct SegmentFile {
  std::unique_ptr<File> file;
  std::string path;  // for messages
  std::uint64_t number = 0;
  std::uint32_t salt = 0;
};

}  // namespace tenon::filewal
