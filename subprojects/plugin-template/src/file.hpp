// SPDX-License-Identifier: MIT
// Files of the operating system. Every failure is a tenon::Error with the path and the system's words: NO_SPACE when
// the disk is full, else IO.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/host.hpp"

namespace sample_storage {

// An open file. Not for concurrent use, reading excepted.
class File {
 public:
  // `flags` as of open(2); what is created belongs to this user alone.
  File(std::string path, int flags);
  File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  const std::string& path() const noexcept { return path_; }
  int descriptor() const noexcept { return descriptor_; }
  std::uint64_t size() const;
  // All of `data`, whatever the system takes at once.
  void write(std::uint64_t offset, std::string_view data) const;
  // Returns the bytes read: fewer than the buffer has only at the end of the file.
  std::size_t read(std::uint64_t offset, std::span<char> buffer) const;
  // Exactly `size` bytes. Throws CORRUPT when the file ends before them.
  std::string read(std::uint64_t offset, std::size_t size) const;
  void truncate(std::uint64_t size) const;
  // On return, content and size survive power loss. Needs: after it has failed, no second try: the system may have
  // dropped what it could not write.
  void sync() const;

 private:
  std::string path_;
  int descriptor_;
};

// Makes the names in a directory durable: of files that were made, renamed or removed there.
void sync_directory(const std::string& path);
// There is such a directory on return, and its name is durable. Needs: a path with its parent in it.
void make_directory(const std::string& path);
// Replaces `to` by `from` in one step, which is durable after sync_directory().
void rename_file(const std::string& from, const std::string& to);
// Does nothing when there is none.
void remove_file(const std::string& path);
bool exists(const std::string& path);
// Bytes that this user may still write in the file system that holds `path`.
std::uint64_t free_bytes(const std::string& path);

// Throws what errno says of `path`.
[[noreturn]] void throw_system_error(const std::string& path, const char* verb);

}  // namespace sample_storage
