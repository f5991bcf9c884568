/* SPDX-License-Identifier: MIT */
/* Loaded before a node's libraries it makes a disk that acknowledges every sync and does nothing. */
int fsync(int descriptor);
int fdatasync(int descriptor);

__attribute__((visibility("default"))) int fsync(int descriptor) {
  (void)descriptor;
  return 0;
}

__attribute__((visibility("default"))) int fdatasync(int descriptor) {
  (void)descriptor;
  return 0;
}
