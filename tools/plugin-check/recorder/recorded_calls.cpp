// SPDX-License-Identifier: MIT
// Where interpose.c leads: to the recorder while it is on, else to the system. What the recorder itself calls, and what
// an observer of it does, goes to the system.
#include "interpose.h"
#include "recorder/recorder.hpp"
#include "recorder/system_calls.hpp"

#include <cstring>

namespace tenon::plugin_check {
namespace {

// Says whether this call is for the recorder, and keeps the calls that it makes itself from being so.
class Entry {
 public:
  Entry() : taken_(!inside() && Recorder::instance().is_on()) {
    if (taken_) inside() = true;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    if (taken_) inside() = false;
  }
  explicit operator bool() const { return taken_; }

 private:
  static bool& inside() {
    thread_local bool value = false;
    return value;
  }
  const bool taken_;
};

std::optional<off_t> given(off_t offset) {
  return offset == TENON_NO_OFFSET ? std::nullopt : std::optional<off_t>(offset);
}

}  // namespace
}  // namespace tenon::plugin_check

using tenon::plugin_check::Entry;
using tenon::plugin_check::given;
using tenon::plugin_check::Recorder;
namespace system_call = tenon::plugin_check::system_call;

int tenon_recorded_open(int directory, const char* path, int flags, mode_t mode) {
  if (const Entry entry; entry) return Recorder::instance().open(directory, path, flags, mode);
  return system_call::open(directory, path, flags, mode);
}
ssize_t tenon_recorded_write(int descriptor, const struct iovec* parts, int count, off_t offset, int flags) {
  if (const Entry entry; entry) return Recorder::instance().write(descriptor, parts, count, given(offset), flags);
  return system_call::write(descriptor, parts, count, given(offset), flags);
}
ssize_t tenon_recorded_read(int descriptor, const struct iovec* parts, int count, off_t offset) {
  if (const Entry entry; entry) return Recorder::instance().read(descriptor, parts, count, given(offset));
  return system_call::read(descriptor, parts, count, given(offset));
}
int tenon_recorded_ftruncate(int descriptor, off_t size) {
  if (const Entry entry; entry) return Recorder::instance().resize(descriptor, size);
  return system_call::resize(descriptor, size);
}
int tenon_recorded_truncate(const char* path, off_t size) {
  if (const Entry entry; entry) return Recorder::instance().resize(path, size);
  return system_call::resize(path, size);
}
int tenon_recorded_fallocate(int descriptor, int mode, off_t offset, off_t size) {
  if (const Entry entry; entry) return Recorder::instance().allocate(descriptor, mode, offset, size);
  return system_call::allocate(descriptor, mode, offset, size);
}
int tenon_recorded_sync(int descriptor, const char* call) {
  if (const Entry entry; entry) return Recorder::instance().sync(descriptor, call);
  if (std::strcmp(call, "fdatasync") == 0) return system_call::sync_data(descriptor);
  return std::strcmp(call, "syncfs") == 0 ? system_call::sync_file_system(descriptor)
                                          : system_call::sync_all(descriptor);
}
int tenon_recorded_rename(int old_directory, const char* old_path, int new_directory, const char* new_path,
                          unsigned flags) {
  if (const Entry entry; entry) {
    return Recorder::instance().rename(old_directory, old_path, new_directory, new_path, flags);
  }
  return system_call::rename(old_directory, old_path, new_directory, new_path, flags);
}
int tenon_recorded_remove(int directory, const char* path, int flags) {
  if (const Entry entry; entry) return Recorder::instance().remove(directory, path, flags);
  return system_call::remove(directory, path, flags);
}
int tenon_recorded_mkdir(int directory, const char* path, mode_t mode) {
  if (const Entry entry; entry) return Recorder::instance().make_directory(directory, path, mode);
  return system_call::make_directory(directory, path, mode);
}
int tenon_recorded_link(int old_directory, const char* old_path, int new_directory, const char* new_path, int flags) {
  if (const Entry entry; entry) {
    return Recorder::instance().link(old_directory, old_path, new_directory, new_path, flags);
  }
  return system_call::link(old_directory, old_path, new_directory, new_path, flags);
}
