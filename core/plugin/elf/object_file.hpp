// SPDX-License-Identifier: MIT
// Bounds-checked reads of a file that may be anybody's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tenon::plugin {

// An open regular file. Not for concurrent use.
class ObjectFile {
 public:
  // Throws Refusal: missing_file, unreadable_file, not_a_regular_file.
  explicit ObjectFile(const std::filesystem::path& path);
  ObjectFile(const ObjectFile&) = delete;
  ObjectFile& operator=(const ObjectFile&) = delete;
  ~ObjectFile();

  std::uint64_t size() const noexcept { return size_; }
  bool holds(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= size_ && size <= size_ - offset;
  }

  // Each throws Refusal(damaged_file) when the file does not hold all of it, before anything is allocated for it.
  template <class Value>
  Value value_at(std::uint64_t offset) const {
    Value value;
    read(offset, &value, sizeof value);
    return value;
  }
  std::string text_at(std::uint64_t offset, std::uint64_t size) const;
  void require(std::uint64_t offset, std::uint64_t size, const char* part) const;

 private:
  void read(std::uint64_t offset, void* target, std::uint64_t size) const;

  const std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace tenon::plugin
