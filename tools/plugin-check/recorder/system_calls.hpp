// SPDX-License-Identifier: MIT
// The system calls themselves, without the functions of the C library that this program replaces.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <optional>

namespace tenon::plugin_check::system_call {

// The kernel takes an offset in two halves, of which a 64-bit machine uses the first.
inline ssize_t write(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset, int flags) {
  if (flags != 0) return ::syscall(SYS_pwritev2, descriptor, parts, count, offset.value_or(-1), 0, flags);
  if (offset) return ::syscall(SYS_pwritev, descriptor, parts, count, *offset, 0);
  return ::syscall(SYS_writev, descriptor, parts, count);
}
inline ssize_t read(int descriptor, const struct iovec* parts, int count, std::optional<off_t> offset) {
  if (offset) return ::syscall(SYS_preadv, descriptor, parts, count, *offset, 0);
  return ::syscall(SYS_readv, descriptor, parts, count);
}
inline int open(int directory, const char* path, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}
inline int resize(int descriptor, off_t size) { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); }
inline int resize(const char* path, off_t size) { return static_cast<int>(::syscall(SYS_truncate, path, size)); }
inline int allocate(int descriptor, int mode, off_t offset, off_t size) {
  return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size));
}
inline int rename(int old_directory, const char* old_path, int new_directory, const char* new_path, unsigned flags) {
  return static_cast<int>(::syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags));
}
inline int remove(int directory, const char* path, int flags) {
  return static_cast<int>(::syscall(SYS_unlinkat, directory, path, flags));
}
inline int make_directory(int directory, const char* path, mode_t mode) {
  return static_cast<int>(::syscall(SYS_mkdirat, directory, path, mode));
}
inline int link(int old_directory, const char* old_path, int new_directory, const char* new_path, int flags) {
  return static_cast<int>(::syscall(SYS_linkat, old_directory, old_path, new_directory, new_path, flags));
}
inline int sync_data(int descriptor) { return static_cast<int>(::syscall(SYS_fdatasync, descriptor)); }
inline int sync_all(int descriptor) { return static_cast<int>(::syscall(SYS_fsync, descriptor)); }
inline int sync_file_system(int descriptor) { return static_cast<int>(::syscall(SYS_syncfs, descriptor)); }

}  // namespace tenon::plugin_check::system_call
