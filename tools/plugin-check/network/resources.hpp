// SPDX-License-Identifier: MIT
// What this process holds of the operating system, to be compared before and after a plugin was at work.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "runner/subject.hpp"

namespace tenon::plugin_check {

struct Resources {
  std::size_t threads = 0;
  std::size_t descriptors = 0;

  static Resources now();
};

// Waits until `ready`; fails the check when that takes longer than `patience`. `what` completes "waited for".
void await(Subject& subject, std::chrono::milliseconds patience, std::string_view what,
           const std::function<bool()>& ready);
// Whether it becomes `ready` within `patience`.
bool becomes(std::chrono::milliseconds patience, const std::function<bool()>& ready);

// Fails the check unless threads and descriptors soon are no more than before; a thread that has been joined may be
// seen a little longer. `after` says after what, for the message.
void expect_no_more_than(Subject& subject, const Resources& before, std::string_view after);

}  // namespace tenon::plugin_check
