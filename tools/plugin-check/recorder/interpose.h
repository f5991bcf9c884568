/* SPDX-License-Identifier: MIT
 *
 * Where the replaced functions of the C library lead. Each does what the system call of its name does, and sets errno.
 */
#ifndef TENON_PLUGIN_CHECK_INTERPOSE_H
#define TENON_PLUGIN_CHECK_INTERPOSE_H
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_NO_OFFSET (-1) /* at the position of the descriptor */

int tenon_recorded_open(int directory, const char* path, int flags, mode_t mode);
ssize_t tenon_recorded_write(int descriptor, const struct iovec* parts, int count, off_t offset, int flags);
ssize_t tenon_recorded_read(int descriptor, const struct iovec* parts, int count, off_t offset);
int tenon_recorded_ftruncate(int descriptor, off_t size);
int tenon_recorded_truncate(const char* path, off_t size);
int tenon_recorded_fallocate(int descriptor, int mode, off_t offset, off_t size);
int tenon_recorded_sync(int descriptor, const char* call); /* fsync, fdatasync or syncfs */
int tenon_recorded_rename(int old_directory, const char* old_path, int new_directory, const char* new_path,
                          unsigned flags);
int tenon_recorded_remove(int directory, const char* path, int flags);
int tenon_recorded_mkdir(int directory, const char* path, mode_t mode);
int tenon_recorded_link(int old_directory, const char* old_path, int new_directory, const char* new_path, int flags);

#ifdef __cplusplus
}
#endif
#endif
