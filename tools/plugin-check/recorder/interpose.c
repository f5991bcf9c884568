/* SPDX-License-Identifier: MIT
 *
 * Functions of the C library by which files are changed, replaced for this program and all that it loads: the dynamic
 * linker looks into the program first, and interpose.list names what it exports.
 */
#undef _FILE_OFFSET_BITS /* or the headers would give the plain names to the functions with 64 in theirs */
#define _GNU_SOURCE
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default"), used))

static int wants_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define DEFINE_OPEN(name)                                    \
  EXPORTED int name(const char* path, int flags, ...) {      \
    mode_t mode = 0;                                         \
    if (wants_mode(flags)) {                                 \
      va_list rest;                                          \
      va_start(rest, flags);                                 \
      mode = va_arg(rest, mode_t);                           \
      va_end(rest);                                          \
    }                                                        \
    return tenon_recorded_open(AT_FDCWD, path, flags, mode); \
  }
#define DEFINE_OPENAT(name)                                            \
  EXPORTED int name(int directory, const char* path, int flags, ...) { \
    mode_t mode = 0;                                                   \
    if (wants_mode(flags)) {                                           \
      va_list rest;                                                    \
      va_start(rest, flags);                                           \
      mode = va_arg(rest, mode_t);                                     \
      va_end(rest);                                                    \
    }                                                                  \
    return tenon_recorded_open(directory, path, flags, mode);          \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
EXPORTED int creat(const char* path, mode_t mode) {
  return tenon_recorded_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
EXPORTED int creat64(const char* path, mode_t mode) { return creat(path, mode); }

static struct iovec one_part(const void* bytes, size_t size) {
  struct iovec part = {.iov_base = NULL, .iov_len = size};
  memcpy(&part.iov_base, &bytes, sizeof bytes); /* what is written is not changed, though the type would allow it */
  return part;
}
EXPORTED ssize_t write(int descriptor, const void* bytes, size_t size) {
  const struct iovec part = one_part(bytes, size);
  return tenon_recorded_write(descriptor, &part, 1, TENON_NO_OFFSET, 0);
}
EXPORTED ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  return tenon_recorded_write(descriptor, parts, count, TENON_NO_OFFSET, 0);
}
static ssize_t write_at(int descriptor, const struct iovec* parts, int count, off_t offset, int flags) {
  if (offset >= 0) return tenon_recorded_write(descriptor, parts, count, offset, flags);
  errno = EINVAL;
  return -1;
}
#define DEFINE_PWRITE(name)                                                             \
  EXPORTED ssize_t name(int descriptor, const void* bytes, size_t size, off_t offset) { \
    const struct iovec part = one_part(bytes, size);                                    \
    return write_at(descriptor, &part, 1, offset, 0);                                   \
  }
DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)
#define DEFINE_PWRITEV(name)                                                                  \
  EXPORTED ssize_t name(int descriptor, const struct iovec* parts, int count, off_t offset) { \
    return write_at(descriptor, parts, count, offset, 0);                                     \
  }
DEFINE_PWRITEV(pwritev)
DEFINE_PWRITEV(pwritev64)
#define DEFINE_PWRITEV2(name)                                                                            \
  EXPORTED ssize_t name(int descriptor, const struct iovec* parts, int count, off_t offset, int flags) { \
    return tenon_recorded_write(descriptor, parts, count, offset, flags);                                \
  }
DEFINE_PWRITEV2(pwritev2)
DEFINE_PWRITEV2(pwritev64v2)

EXPORTED ssize_t read(int descriptor, void* bytes, size_t size) {
  const struct iovec part = {.iov_base = bytes, .iov_len = size};
  return tenon_recorded_read(descriptor, &part, 1, TENON_NO_OFFSET);
}
EXPORTED ssize_t readv(int descriptor, const struct iovec* parts, int count) {
  return tenon_recorded_read(descriptor, parts, count, TENON_NO_OFFSET);
}
static ssize_t read_at(int descriptor, const struct iovec* parts, int count, off_t offset) {
  if (offset >= 0) return tenon_recorded_read(descriptor, parts, count, offset);
  errno = EINVAL;
  return -1;
}
#define DEFINE_PREAD(name)                                                        \
  EXPORTED ssize_t name(int descriptor, void* bytes, size_t size, off_t offset) { \
    const struct iovec part = {.iov_base = bytes, .iov_len = size};               \
    return read_at(descriptor, &part, 1, offset);                                 \
  }
DEFINE_PREAD(pread)
DEFINE_PREAD(pread64)
#define DEFINE_PREADV(name)                                                                   \
  EXPORTED ssize_t name(int descriptor, const struct iovec* parts, int count, off_t offset) { \
    return read_at(descriptor, parts, count, offset);                                         \
  }
DEFINE_PREADV(preadv)
DEFINE_PREADV(preadv64)

EXPORTED int ftruncate(int descriptor, off_t size) { return tenon_recorded_ftruncate(descriptor, size); }
EXPORTED int ftruncate64(int descriptor, off_t size) { return tenon_recorded_ftruncate(descriptor, size); }
EXPORTED int truncate(const char* path, off_t size) { return tenon_recorded_truncate(path, size); }
EXPORTED int truncate64(const char* path, off_t size) { return tenon_recorded_truncate(path, size); }
EXPORTED int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return tenon_recorded_fallocate(descriptor, mode, offset, size);
}
EXPORTED int fallocate64(int descriptor, int mode, off_t offset, off_t size) {
  return tenon_recorded_fallocate(descriptor, mode, offset, size);
}
EXPORTED int posix_fallocate(int descriptor, off_t offset, off_t size) {
  const int before = errno;
  const int error = tenon_recorded_fallocate(descriptor, 0, offset, size) == 0 ? 0 : errno;
  errno = before;
  return error;
}
EXPORTED int posix_fallocate64(int descriptor, off_t offset, off_t size) {
  return posix_fallocate(descriptor, offset, size);
}
EXPORTED int fsync(int descriptor) { return tenon_recorded_sync(descriptor, "fsync"); }
EXPORTED int fdatasync(int descriptor) { return tenon_recorded_sync(descriptor, "fdatasync"); }
EXPORTED int syncfs(int descriptor) { return tenon_recorded_sync(descriptor, "syncfs"); }

EXPORTED int rename(const char* from, const char* to) { return tenon_recorded_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
EXPORTED int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  return tenon_recorded_rename(from_directory, from, to_directory, to, 0);
}
EXPORTED int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  return tenon_recorded_rename(from_directory, from, to_directory, to, flags);
}
EXPORTED int unlink(const char* path) { return tenon_recorded_remove(AT_FDCWD, path, 0); }
EXPORTED int unlinkat(int directory, const char* path, int flags) {
  return tenon_recorded_remove(directory, path, flags);
}
EXPORTED int rmdir(const char* path) { return tenon_recorded_remove(AT_FDCWD, path, AT_REMOVEDIR); }
EXPORTED int remove(const char* path) {
  if (tenon_recorded_remove(AT_FDCWD, path, 0) == 0) return 0;
  return errno == EISDIR ? rmdir(path) : -1;
}
EXPORTED int mkdir(const char* path, mode_t mode) { return tenon_recorded_mkdir(AT_FDCWD, path, mode); }
EXPORTED int mkdirat(int directory, const char* path, mode_t mode) {
  return tenon_recorded_mkdir(directory, path, mode);
}
EXPORTED int link(const char* from, const char* to) { return tenon_recorded_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
EXPORTED int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  return tenon_recorded_link(from_directory, from, to_directory, to, flags);
}
