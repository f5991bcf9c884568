// SPDX-License-Identifier: MIT
// The calls that filewal makes on a disk, and no more: one directory, flat names in it. PosixFileSystem makes them on a
// real one; tests and the simulator have a disk of their own, which can lose what was never synced.
//
// Durability. File::sync() makes the bytes and the size of a file survive power loss, sync_directory() the names: what
// was created, renamed and removed. Whatever was not synced may survive whole, in part, in another order or not at all.
//
// Every call may block. Errors are tenon::Error: NO_SPACE when the disk is full, BUSY where said, else IO; the message
// names the call, the path and the operating system's reason. After a failed write, reserve, zero_fill, truncate or
// sync the bytes of that file are unknown, and the caller must not go on with it: a second sync can succeed without
// what the first one lost. A file system and its files are used by one thread at a time. Files and locks may outlive
// the file system.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::filewal {

// An open file; destroying it closes it, and makes nothing durable.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  virtual std::uint64_t size() const = 0;
  // Fills `buffer` from `offset` on and returns the bytes read: fewer only where the file ends.
  virtual std::size_t read(std::uint64_t offset, std::span<char> buffer) const = 0;
  // Writes the pieces one after the other, from `offset` on, growing the file where it must.
  virtual void write(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
  // Asks for room on the disk for the first `size` bytes, so that a full disk is met here, and makes the file that long
  // where it is shorter. A file system that has no such call leaves both to the writes.
  virtual void reserve(std::uint64_t size) = 0;
  // Writes `size` zeros, so that later writes there change neither the file's size nor its allocation, and has the disk
  // begin with them.
  virtual void zero_fill(std::uint64_t offset, std::uint64_t size) = 0;
  // Drops the bytes from `size` on. Needs: size <= size().
  virtual void truncate(std::uint64_t size) = 0;
  virtual void sync() = 0;
  // A wish: bytes that were synced, and will hardly be read soon, take no memory of the system any more.
  virtual void release_cache(std::uint64_t /*offset*/, std::uint64_t /*size*/) noexcept {}
};

// A lock that is held until this is destroyed, or the process ends.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

enum class OpenMode {
  existing,  // the file is there
  replace,   // the file is created, or emptied
};

class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  // The path of `name`, for messages; of the directory itself when it is empty.
  virtual std::string path(std::string_view name) const = 0;
  // Makes the directory itself when it is not there, in one that exists, and makes its name durable.
  virtual void create_directory() = 0;
  // The names of all files in the directory, ascending.
  virtual std::vector<std::string> list() const = 0;
  virtual std::unique_ptr<File> open(std::string_view name, OpenMode mode) = 0;
  // Gives the file another name, in one step; a file that had that name is gone.
  virtual void rename(std::string_view from, std::string_view to) = 0;
  virtual void unlink(std::string_view name) = 0;
  virtual void sync_directory() = 0;
  // Creates the file when it is not there, and locks it. Fails: BUSY: it is locked, by this process or another.
  virtual std::unique_ptr<FileLock> lock(std::string_view name) = 0;
  // Fills `output` with bytes that nobody can foresee.
  virtual void random_bytes(std::span<std::uint8_t> output) = 0;
};

}  // namespace tenon::filewal
