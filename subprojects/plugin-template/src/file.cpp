// SPDX-License-Identifier: MIT
#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sample_storage {

void throw_system_error(const std::string& path, const char* verb) {
  const int error = errno;
  const bool is_full = error == ENOSPC || error == EDQUOT;
  throw tenon::Error(is_full ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO,
                     path + ": cannot be " + verb + " (" + std::strerror(error) + ")");
}

File::File(std::string path, int flags)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) throw_system_error(path_, "opened");
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw_system_error(path_, "examined");
  return static_cast<std::uint64_t>(status.st_size);
}

void File::write(std::uint64_t offset, std::string_view data) const {
  while (!data.empty()) {
    const ssize_t written = ::pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error(path_, "written");
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

std::size_t File::read(std::uint64_t offset, std::span<char> buffer) const {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count =
        ::pread(descriptor_, buffer.data() + size, buffer.size() - size, static_cast<off_t>(offset + size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error(path_, "read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  return size;
}

std::string File::read(std::uint64_t offset, std::size_t size) const {
  std::string data(size, '\0');
  if (read(offset, std::span(data)) == size) return data;
  throw tenon::Error(TENON_ERROR_CORRUPT, path_ + ": ends before offset " + std::to_string(offset + size) +
                                              ", expected a whole file; restore it, or replace this member");
}

void File::truncate(std::uint64_t size) const {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) throw_system_error(path_, "truncated");
}

void File::sync() const {
  if (::fdatasync(descriptor_) != 0) throw_system_error(path_, "synced");
}

void sync_directory(const std::string& path) { File(path, O_RDONLY | O_DIRECTORY).sync(); }

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_system_error(path, "made");
  // Also when it was there: whoever made it may have been killed before this.
  sync_directory(path.substr(0, path.rfind('/')));
}

void rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_system_error(from, "renamed");
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_system_error(path, "removed");
}

bool exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT) throw_system_error(path, "examined");
  return false;
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) throw_system_error(path, "examined");
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace sample_storage
