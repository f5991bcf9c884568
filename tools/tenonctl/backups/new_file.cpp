// SPDX-License-Identifier: MIT
#include "backups/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace tenon::tenonctl {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what, int error) {
  throw std::runtime_error(file.string() + ": " + what + ": " + std::generic_category().message(error));
}

[[noreturn]] void refuse_existing(const std::filesystem::path& file) {
  throw std::runtime_error(file.string() + " is there already, and is not overwritten; name another file");
}

// So that the new name survives a loss of power.
void sync_directory_of(const std::filesystem::path& file) {
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) fail(parent, "the directory cannot be opened", errno);
  const int error = ::fsync(directory) == 0 ? 0 : errno;
  ::close(directory);
  if (error != 0) fail(parent, "the directory cannot be made durable", error);
}

}  // namespace

NewFile::NewFile(std::filesystem::path path) : path_(std::move(path)), part_(path_.string() + ".part") {
  if (std::filesystem::exists(std::filesystem::symlink_status(path_))) refuse_existing(path_);
  descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail(part_, "the file cannot be made", errno);
  int error = 0;
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    error = errno;
  } else if (::ftruncate(descriptor_, 0) != 0) {
    error = errno;
  }
  if (error == 0) return;
  ::close(descriptor_);
  if (error == EWOULDBLOCK) {
    throw std::runtime_error(part_.string() + " is being written by another program; name another file");
  }
  fail(part_, "the file cannot be emptied", error);
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::unlink(part_.c_str());
  ::close(descriptor_);
}

void NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fail(part_, "the file cannot be written", errno);
    }
  }
}

void NewFile::commit() {
  if (::fsync(descriptor_) != 0) fail(part_, "the file cannot be made durable", errno);
  // Unlike rename() this never takes the place of a file that came meanwhile.
  if (::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) refuse_existing(path_);
    fail(part_, "the file cannot be given the name " + path_.string(), errno);
  }
  ::close(std::exchange(descriptor_, -1));
  sync_directory_of(path_);
}

}  // namespace tenon::tenonctl
