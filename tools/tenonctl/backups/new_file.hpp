// SPDX-License-Identifier: MIT
// A file that is there as a whole or not at all: written beside its place under the name FILE.part, made durable, and
// then given its name. What was there before is never overwritten.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace tenon::tenonctl {

// Every function throws std::runtime_error, which names the file, what is wrong and what to do.
class NewFile {
 public:
  // Begins FILE.part, in place of one that an ended program has left. Refuses when `path` exists, or when another
  // program is writing FILE.part.
  explicit NewFile(std::filesystem::path path);
  // Removes what was not committed.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);
  // The file is durable and has its name. Once, after the last write. Refuses when something of that name is there by
  // now.
  void commit();

 private:
  const std::filesystem::path path_;
  const std::filesystem::path part_;
  int descriptor_ = -1;
};

}  // namespace tenon::tenonctl
