// SPDX-License-Identifier: MIT
// Sees the system calls by which a plugin changes files below one directory, logs them in one order, and fails those
// that it is told to.
//
// interpose.c puts functions of this program before those of the C library, so that plugins and the libraries below
// them come here. What does not come through the C library's own functions is not seen: mappings that are written to,
// stdio within the library, io_uring, system calls made directly. See Disk::difference(), which finds out.
//
// There is one recorder for a process, because there is one C library. It costs a look at an atomic while it is off.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "recorder/operation.hpp"

namespace tenon::plugin_check {

// The calls that may be made to fail.
enum class CallKind { write, sync, read, allocate };

struct Fault {
  CallKind kind;
  std::uint64_t nth = 1;  // of the calls of this kind from now on; 1: the next
  int error = 0;          // the errno
};

struct Disturbance {
  bool short_writes = false;         // a write takes half of what it is given, and at least one byte
  std::uint64_t interrupt_each = 0;  // every so many-th write or read fails with EINTR; 0: none
};

class Recorder {
 public:
  static Recorder& instance() noexcept;

  // Begins to log what is done below `directory`, which is absolute, without links, and empty.
  void start(const std::filesystem::path& directory);
  // Ends it, and disarms faults and disturbances. The log stays until the next start().
  void stop();

  // These are for any thread.
  void mark(std::uint64_t kind, std::uint64_t number);
  void arm(const Fault& fault);
  // Says whether the fault that was armed last has happened.
  bool has_fired() const;
  void disturb(const Disturbance& disturbance);
  std::uint64_t syncs() const;
  Operations log() const;
  // Why the log cannot be complete; empty: it may be.
  std::string gap() const;
  // Called within each sync, on the thread that makes it, with the name of the call.
  void set_sync_observer(std::function<void(const char* call)> observer);

  // For interpose.c: each does what its namesake does.
  bool is_on() const noexcept { return on_.load(std::memory_order_acquire); }
  int open(int directory, const char* path, int flags, mode_t mode);
  ssize_t write(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset, int flags);
  ssize_t read(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset);
  int resize(int descriptor, off_t size);
  int resize(const char* path, off_t size);
  int allocate(int descriptor, int mode, off_t offset, off_t size);
  int sync(int descriptor, const char* call);
  int rename(int old_directory, const char* old_path, int new_directory, const char* new_path, unsigned flags);
  int remove(int directory, const char* path, int flags);
  int make_directory(int directory, const char* path, mode_t mode);
  int link(int old_directory, const char* old_path, int new_directory, const char* new_path, int flags);

 private:
  using FileId = std::pair<dev_t, ino_t>;

  std::optional<Node> find(int descriptor) const;
  std::optional<Place> place_of(int directory, const char* path) const;
  Node add_node(const FileId& id, bool is_directory);
  void add(Operation operation);
  void add_write(Node node, const struct iovec* parts, int count, std::uint64_t offset, std::uint64_t size);
  // Returns the errno with which this call is to fail; 0: it is to be made.
  int fault_of(CallKind kind);
  int interruption();

  std::atomic<bool> on_{false};
  mutable std::mutex mutex_;  // held over each call, so that the log's order is that of the calls
  std::filesystem::path directory_;
  std::map<FileId, Node> nodes_;
  std::set<Node> directories_;
  Node next_node_ = kRootNode;
  Operations log_;
  std::uint64_t logged_bytes_ = 0;
  std::uint64_t syncs_ = 0;
  std::string gap_;
  std::optional<Fault> fault_;
  bool fired_ = false;
  Disturbance disturbance_;
  std::uint64_t disturbed_calls_ = 0;
  std::function<void(const char*)> sync_observer_;
};

}  // namespace tenon::plugin_check
