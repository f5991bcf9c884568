// SPDX-License-Identifier: MIT
// What goes wrong with the calls on one disk: the next call of some kind fails, and while the disk is full nothing
// grows. Each error that a call has had is counted, so that nothing else is taken for one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/memory_file_system.hpp"
#include "trace.hpp"

namespace tenon::sim {

// The power fails in the middle of a call.
struct PowerCut {};

class DiskTrouble {
 public:
  DiskTrouble(support::MemoryFileSystem& disk, Trace& trace, std::string disk_name)
      : trace_(trace), disk_name_(std::move(disk_name)) {
    disk.set_faults([this](support::DiskCall call, std::string_view) { return fails(call); });
  }
  DiskTrouble(const DiskTrouble&) = delete;
  DiskTrouble& operator=(const DiskTrouble&) = delete;

  // Unless another call is to fail already.
  void fail_next(support::DiskCall call, tenon_error error) {
    if (!next_) next_ = {call, error};
  }
  // What the next sync is to make durable is written by then. That sync throws PowerCut.
  void set_power_cut(bool cuts_power) { cuts_power_ = cuts_power; }
  void set_full(bool is_full) { is_full_ = is_full; }
  void heal() {
    next_.reset();
    is_full_ = false;
    cuts_power_ = false;
  }
  // Errors so far.
  std::uint64_t errors() const noexcept { return errors_; }

 private:
  struct Next {
    support::DiskCall call;
    tenon_error error;
  };
  static bool is_write(support::DiskCall call) {
    return call == support::DiskCall::write || call == support::DiskCall::grow;
  }

  std::optional<tenon_error> fails(support::DiskCall call) {
    if (cuts_power_ && call == support::DiskCall::sync) {
      cuts_power_ = false;
      throw PowerCut();
    }
    if (is_full_ && call == support::DiskCall::grow) {
      ++errors_;
      trace_.count("full disks");
      return TENON_ERROR_NO_SPACE;
    }
    if (!next_ || (next_->call != call && !(is_write(next_->call) && is_write(call)))) return std::nullopt;
    const tenon_error error = next_->error;
    next_.reset();
    ++errors_;
    const char* what = error == TENON_ERROR_NO_SPACE ? "ENOSPC" : "EIO";
    const char* at = call == support::DiskCall::read    ? " at a read"
                     : call == support::DiskCall::sync  ? " at a sync"
                     : call == support::DiskCall::names ? " at a name"
                                                        : " at a write";
    trace_.count("disk errors");
    trace_.count("disk errors: " + std::string(what) + at + " of " + disk_name_);
    return error;
  }

  Trace& trace_;
  const std::string disk_name_;
  std::optional<Next> next_;
  bool is_full_ = false;
  bool cuts_power_ = false;
  std::uint64_t errors_ = 0;
};

}  // namespace tenon::sim
