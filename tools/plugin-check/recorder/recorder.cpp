// SPDX-License-Identifier: MIT
#include "recorder/recorder.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "recorder/system_calls.hpp"
#include "tenon/check.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::uint64_t kLoggedBytesMax = std::uint64_t{512} << 20;
constexpr std::uint64_t kOperationsMax = 1'000'000;

std::uint64_t total(const struct iovec* parts, int count) {
  std::uint64_t size = 0;
  for (int part = 0; part < count; ++part) size += parts[part].iov_len;
  return size;
}

// The first `size` bytes of the parts, as parts.
std::vector<struct iovec> beginning(const struct iovec* parts, int count, std::uint64_t size) {
  std::vector<struct iovec> cut;
  for (int part = 0; part < count && size != 0; ++part) {
    cut.push_back(parts[part]);
    cut.back().iov_len = static_cast<std::size_t>(std::min<std::uint64_t>(size, cut.back().iov_len));
    size -= cut.back().iov_len;
  }
  return cut;
}

// Puts errno back to what the call left there, whatever is done to log it.
class KeepErrno {
 public:
  KeepErrno() : kept_(errno) {}
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;
  ~KeepErrno() { errno = kept_; }

 private:
  const int kept_;
};

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

Recorder& Recorder::instance() noexcept {
  static Recorder recorder;
  return recorder;
}

void Recorder::start(const std::filesystem::path& directory) {
  const std::lock_guard lock(mutex_);
  directory_ = directory;
  nodes_.clear();
  directories_.clear();
  log_.clear();
  gap_.clear();
  next_node_ = kRootNode;
  logged_bytes_ = 0;
  syncs_ = 0;
  fault_.reset();
  fired_ = false;
  disturbance_ = {};
  struct stat status {};
  TENON_CHECK(::stat(directory.c_str(), &status) == 0 && std::filesystem::is_empty(directory));
  TENON_CHECK(add_node({status.st_dev, status.st_ino}, true) == kRootNode);
  on_.store(true, std::memory_order_release);
}

void Recorder::stop() {
  const std::lock_guard lock(mutex_);
  on_.store(false, std::memory_order_release);
  fault_.reset();
  disturbance_ = {};
  sync_observer_ = nullptr;
}

void Recorder::mark(std::uint64_t kind, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (is_on()) add({.kind = Operation::Kind::mark, .offset = kind, .length = number});
}

void Recorder::arm(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  fired_ = false;
}

bool Recorder::has_fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

void Recorder::disturb(const Disturbance& disturbance) {
  const std::lock_guard lock(mutex_);
  disturbance_ = disturbance;
}

std::uint64_t Recorder::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

Operations Recorder::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::string Recorder::gap() const {
  const std::lock_guard lock(mutex_);
  return gap_;
}

void Recorder::set_sync_observer(std::function<void(const char*)> observer) {
  const std::lock_guard lock(mutex_);
  sync_observer_ = std::move(observer);
}

// What follows needs the mutex, but for the calls themselves.

std::optional<Node> Recorder::find(int descriptor) const {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return std::nullopt;
  const auto found = nodes_.find({status.st_dev, status.st_ino});
  return found == nodes_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Place> Recorder::place_of(int directory, const char* path) const {
  std::string whole = path;
  if (!whole.starts_with('/') && directory != AT_FDCWD) {
    whole = "/proc/self/fd/" + std::to_string(directory) + "/" + whole;
  }
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  const std::size_t slash = whole.rfind('/');
  const std::string above = slash == std::string::npos ? "." : slash == 0 ? "/" : whole.substr(0, slash);
  struct stat status {};
  if (::stat(above.c_str(), &status) != 0) return std::nullopt;
  const auto found = nodes_.find({status.st_dev, status.st_ino});
  if (found == nodes_.end() || directories_.count(found->second) == 0) return std::nullopt;
  return Place{found->second, whole.substr(slash == std::string::npos ? 0 : slash + 1)};
}

// The number of an inode that was removed may be given to a new one, which is another node then.
Node Recorder::add_node(const FileId& id, bool is_directory) {
  const Node node = next_node_++;
  nodes_[id] = node;
  if (is_directory) directories_.insert(node);
  return node;
}

void Recorder::add(Operation operation) {
  if (log_.size() >= kOperationsMax || logged_bytes_ > kLoggedBytesMax) {
    gap_ = "the plugin did more than is logged";
    return;
  }
  logged_bytes_ += operation.bytes.size();
  log_.push_back(std::move(operation));
}

void Recorder::add_write(Node node, const struct iovec* parts, int count, std::uint64_t offset, std::uint64_t size) {
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(size));
  for (const struct iovec& part : beginning(parts, count, size)) {
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  const bool zeros = bytes.find_first_not_of('\0') == std::string::npos;
  add({.kind = Operation::Kind::write,
       .node = node,
       .offset = offset,
       .length = size,
       .bytes = zeros ? std::string() : std::move(bytes)});
}

int Recorder::fault_of(CallKind kind) {
  if (!fault_ || fault_->kind != kind || --fault_->nth != 0) return 0;
  const int error = fault_->error;
  fault_.reset();
  fired_ = true;
  return error;
}

int Recorder::interruption() {
  const bool now = disturbance_.interrupt_each != 0 && ++disturbed_calls_ % disturbance_.interrupt_each == 0;
  return now ? EINTR : 0;
}

int Recorder::open(int directory, const char* path, int flags, mode_t mode) {
  const std::lock_guard lock(mutex_);
  const std::optional<Place> place = place_of(directory, path);
  struct stat before {};
  const bool existed = place && ::fstatat(directory, path, &before, 0) == 0;
  const int opened = system_call::open(directory, path, flags, mode);
  if (!place || opened < 0) return opened;
  const KeepErrno keep;
  if ((flags & O_TMPFILE) == O_TMPFILE) gap_ = "the plugin made a file without a name (O_TMPFILE)";
  if (!existed && (flags & O_CREAT) != 0) {
    struct stat status {};
    if (::fstat(opened, &status) != 0) return opened;
    add({.kind = Operation::Kind::create, .node = add_node({status.st_dev, status.st_ino}, false), .place = *place});
  } else if ((flags & O_TRUNC) != 0) {
    if (const std::optional<Node> node = find(opened)) add({.kind = Operation::Kind::resize, .node = *node});
  }
  return opened;
}

ssize_t Recorder::write(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset, int flags) {
  const std::lock_guard lock(mutex_);
  const std::optional<Node> node = find(descriptor);
  if (!node) return system_call::write(descriptor, parts, count, offset, flags);
  if (const int error = fault_of(CallKind::write)) return fail(error);
  if (const int error = interruption()) return fail(error);
  std::uint64_t size = total(parts, count);
  if (disturbance_.short_writes && size > 1) size /= 2;
  const std::vector<struct iovec> given = beginning(parts, count, size);
  const int status = ::fcntl(descriptor, F_GETFL);
  const bool appends = (status & O_APPEND) != 0;
  const off_t start = appends ? ::lseek(descriptor, 0, SEEK_END) : offset.value_or(::lseek(descriptor, 0, SEEK_CUR));
  const ssize_t written = system_call::write(descriptor, given.data(), static_cast<int>(given.size()), offset, flags);
  if (written <= 0) return written;
  const KeepErrno keep;
  add_write(*node, parts, count, static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(written));
  if ((status & (O_SYNC | O_DSYNC)) != 0 || (flags & (RWF_SYNC | RWF_DSYNC)) != 0) {
    if (sync_observer_) sync_observer_("a write with O_DSYNC");
    ++syncs_;
    add({.kind = Operation::Kind::sync, .node = *node});
  }
  return written;
}

ssize_t Recorder::read(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset) {
  // A read may wait for as long as it likes, on a socket or a pipe, and the log is not about it.
  {
    const std::lock_guard lock(mutex_);
    if (find(descriptor)) {
      if (const int error = fault_of(CallKind::read)) return fail(error);
      if (const int error = interruption()) return fail(error);
    }
  }
  return system_call::read(descriptor, parts, count, offset);
}

int Recorder::resize(int descriptor, off_t size) {
  const std::lock_guard lock(mutex_);
  const std::optional<Node> node = find(descriptor);
  const int done = system_call::resize(descriptor, size);
  if (done == 0 && node) {
    add({.kind = Operation::Kind::resize, .node = *node, .length = static_cast<std::uint64_t>(size)});
  }
  return done;
}

int Recorder::resize(const char* path, off_t size) {
  const int descriptor = system_call::open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (descriptor < 0) return descriptor;
  const int done = resize(descriptor, size);
  const KeepErrno keep;
  ::close(descriptor);
  return done;
}

int Recorder::allocate(int descriptor, int mode, off_t offset, off_t size) {
  const std::lock_guard lock(mutex_);
  const std::optional<Node> node = find(descriptor);
  if (!node) return system_call::allocate(descriptor, mode, offset, size);
  if (const int error = fault_of(CallKind::allocate)) return fail(error);
  struct stat before {};
  ::fstat(descriptor, &before);
  const int done = system_call::allocate(descriptor, mode, offset, size);
  if (done != 0) return done;
  const KeepErrno keep;
  struct stat after {};
  ::fstat(descriptor, &after);
  constexpr int kZeroing = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if ((mode & ~(kZeroing | FALLOC_FL_KEEP_SIZE)) != 0) gap_ = "the plugin moved parts of a file by fallocate()";
  if ((mode & kZeroing) != 0) {
    const off_t end = std::min<off_t>(after.st_size, offset + size);
    if (end > offset) {
      add({.kind = Operation::Kind::write,
           .node = *node,
           .offset = static_cast<std::uint64_t>(offset),
           .length = static_cast<std::uint64_t>(end - offset)});
    }
  }
  if (after.st_size != before.st_size) {
    add({.kind = Operation::Kind::resize, .node = *node, .length = static_cast<std::uint64_t>(after.st_size)});
  }
  return done;
}

int Recorder::sync(int descriptor, const char* call) {
  const std::lock_guard lock(mutex_);
  const bool data_only = std::strcmp(call, "fdatasync") == 0;
  const bool whole_system = std::strcmp(call, "syncfs") == 0;
  const std::optional<Node> node = find(descriptor);
  if (node) {
    if (sync_observer_) sync_observer_(call);
    if (const int error = fault_of(CallKind::sync)) return fail(error);
  }
  const int done = data_only      ? system_call::sync_data(descriptor)
                   : whole_system ? system_call::sync_file_system(descriptor)
                                  : system_call::sync_all(descriptor);
  if (done != 0 || !node) return done;
  const KeepErrno keep;
  ++syncs_;
  for (Node synced = 0; synced < next_node_; ++synced) {
    if (!whole_system && synced != *node) continue;
    const bool names = directories_.count(synced) != 0;
    add({.kind = names ? Operation::Kind::sync_names : Operation::Kind::sync, .node = synced});
  }
  return done;
}

int Recorder::rename(int old_directory, const char* old_path, int new_directory, const char* new_path, unsigned flags) {
  const std::lock_guard lock(mutex_);
  const std::optional<Place> from = place_of(old_directory, old_path);
  const std::optional<Place> to = place_of(new_directory, new_path);
  struct stat status {};
  const bool known = from && to && ::fstatat(old_directory, old_path, &status, AT_SYMLINK_NOFOLLOW) == 0;
  const int done = system_call::rename(old_directory, old_path, new_directory, new_path, flags);
  if (done != 0) return done;
  const KeepErrno keep;
  if (from.has_value() != to.has_value()) gap_ = "the plugin moved a file into its data directory or out of it";
  if (!known) return done;
  if ((flags & ~1u) != 0) gap_ = "the plugin exchanged two files";  // 1: RENAME_NOREPLACE
  const auto node = nodes_.find({status.st_dev, status.st_ino});
  if (node != nodes_.end()) {
    add({.kind = Operation::Kind::rename, .node = node->second, .place = *from, .target = *to});
  }
  return done;
}

int Recorder::remove(int directory, const char* path, int flags) {
  const std::lock_guard lock(mutex_);
  const std::optional<Place> place = place_of(directory, path);
  const int done = system_call::remove(directory, path, flags);
  if (done == 0 && place) add({.kind = Operation::Kind::remove, .place = *place});
  return done;
}

int Recorder::make_directory(int directory, const char* path, mode_t mode) {
  const std::lock_guard lock(mutex_);
  const std::optional<Place> place = place_of(directory, path);
  const int done = system_call::make_directory(directory, path, mode);
  struct stat status {};
  if (done == 0 && place && ::fstatat(directory, path, &status, 0) == 0) {
    add({.kind = Operation::Kind::make, .node = add_node({status.st_dev, status.st_ino}, true), .place = *place});
  }
  return done;
}

int Recorder::link(int old_directory, const char* old_path, int new_directory, const char* new_path, int flags) {
  const std::lock_guard lock(mutex_);
  const std::optional<Place> place = place_of(new_directory, new_path);
  const int done = system_call::link(old_directory, old_path, new_directory, new_path, flags);
  struct stat status {};
  if (done != 0 || !place || ::fstatat(new_directory, new_path, &status, AT_SYMLINK_NOFOLLOW) != 0) return done;
  const KeepErrno keep;
  const auto node = nodes_.find({status.st_dev, status.st_ino});
  if (node == nodes_.end()) {
    gap_ = "the plugin linked a file into its data directory";
  } else {
    add({.kind = Operation::Kind::link, .node = node->second, .place = *place});
  }
  return done;
}

}  // namespace tenon::plugin_check
