// SPDX-License-Identifier: MIT
// What the plugin does on a disk beside LevelDB: the lock, the stamp, names that are made durable, and the room that is
// left. Errors are tenon::Error: NO_SPACE when the disk is full, BUSY where said, else IO; the message names the call,
// the path and the operating system's reason.
#pragma once

#include <signal.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/storage.hpp"

namespace tenon::leveldb_storage {

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags);  // as open(2), close-on-exec, mode 0600
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int number() const noexcept { return number_; }

 private:
  int number_;
};

[[noreturn]] void throw_system_error(const char* call, const std::string& path);

bool exists(const std::string& path);
// Throws CORRUPT: the file is larger than size_max.
std::string read_small_file(const std::string& path, std::uint64_t size_max);
// Makes a file, or replaces it in one step; durable on return with its name.
void write_durable_file(const std::string& directory, const std::string& name, std::string_view content);
// Drops the bytes from `size` on; durable on return.
void truncate_file(const std::string& path, std::uint64_t size);
void rename_in(const std::string& directory, const std::string& from, const std::string& to);
// Removes a directory with all that it holds; nothing when there is none.
void remove_tree(const std::string& path);
void sync_directory(const std::string& path);
// Creates the file when it is not there and locks it for as long as the descriptor is open. Throws BUSY.
void take_lock(const Descriptor& file, const std::string& directory);
Incarnation random_incarnation();
// What the file system has left for this process, in bytes.
std::uint64_t free_bytes(const std::string& path);

// Blocks every signal on the threads that are started while it lives.
class SignalBlock {
 public:
  SignalBlock() noexcept;
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  ~SignalBlock();

 private:
  sigset_t before_;
};

}  // namespace tenon::leveldb_storage
