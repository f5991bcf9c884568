// SPDX-License-Identifier: MIT
#include "posix.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tenon::leveldb_storage {
namespace {

constexpr mode_t kFileMode = 0600;

template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

void sync(const Descriptor& file, const std::string& path) {
  if (uninterrupted([&] { return ::fsync(file.number()); }) == -1) throw_system_error("fsync", path);
}

}  // namespace

void throw_system_error(const char* call, const std::string& path) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT;
  throw Error(full ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO,
              std::string(call) + " " + path + ": " + std::generic_category().message(number));
}

Descriptor::Descriptor(const std::string& path, int flags)
    : number_(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); })) {
  if (number_ == -1) throw_system_error("open", path);
}

Descriptor::~Descriptor() { ::close(number_); }

bool exists(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) == 0) return true;
  if (errno != ENOENT) throw_system_error("stat", path);
  return false;
}

std::string read_small_file(const std::string& path, std::uint64_t size_max) {
  const Descriptor file(path, O_RDONLY);
  std::string content(static_cast<std::size_t>(size_max) + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count =
        uninterrupted([&] { return ::read(file.number(), content.data() + size, content.size() - size); });
    if (count == -1) throw_system_error("read", path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > size_max) {
    throw Error(TENON_ERROR_CORRUPT, path + " has more than the " + std::to_string(size_max) + " bytes expected");
  }
  content.resize(size);
  return content;
}

void write_durable_file(const std::string& directory, const std::string& name, std::string_view content) {
  const std::string made = directory + "/" + name + ".new";
  {
    const Descriptor file(made, O_WRONLY | O_CREAT | O_TRUNC);
    while (!content.empty()) {
      const ssize_t count = uninterrupted([&] { return ::write(file.number(), content.data(), content.size()); });
      if (count == 0) errno = EIO;
      if (count <= 0) throw_system_error("write", made);
      content.remove_prefix(static_cast<std::size_t>(count));
    }
    sync(file, made);
  }
  rename_in(directory, name + ".new", name);
  sync_directory(directory);
}

void truncate_file(const std::string& path, std::uint64_t size) {
  const Descriptor file(path, O_WRONLY);
  if (uninterrupted([&] { return ::ftruncate(file.number(), static_cast<off_t>(size)); }) == -1) {
    throw_system_error("ftruncate", path);
  }
  sync(file, path);
}

void rename_in(const std::string& directory, const std::string& from, const std::string& to) {
  if (::rename((directory + "/" + from).c_str(), (directory + "/" + to).c_str()) == -1) {
    throw_system_error("rename", directory + "/" + from);
  }
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw Error(TENON_ERROR_IO, "remove " + path + ": " + error.message());
}

void sync_directory(const std::string& path) {
  const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
  sync(directory, path);
}

void take_lock(const Descriptor& file, const std::string& directory) {
  if (uninterrupted([&] { return ::flock(file.number(), LOCK_EX | LOCK_NB); }) == 0) return;
  if (errno != EWOULDBLOCK) throw_system_error("flock", directory);
  throw Error(TENON_ERROR_BUSY, directory +
                                    ": another process has this data directory open; stop that process, or "
                                    "give this node a directory of its own");
}

Incarnation random_incarnation() {
  Incarnation incarnation;
  const ssize_t count = uninterrupted([&] { return ::getrandom(incarnation.data(), incarnation.size(), 0); });
  if (count == -1) throw_system_error("getrandom for", "an incarnation");
  TENON_CHECK(static_cast<std::size_t>(count) == incarnation.size());  // so few bytes come whole
  return incarnation;
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs found = {};
  if (uninterrupted([&] { return ::statvfs(path.c_str(), &found); }) == -1) throw_system_error("statvfs", path);
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

SignalBlock::SignalBlock() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalBlock::~SignalBlock() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace tenon::leveldb_storage
