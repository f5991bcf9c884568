// SPDX-License-Identifier: MIT
// Assertions that stay on in every build. A failed one is a defect of this program, never a condition of its input, so
// it ends the process: a node that goes on with a broken invariant could acknowledge what it does not have.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

// Prints where and which invariant broke, then aborts. Any thread.
[[noreturn]] inline void check_failed(const char* file, int line, const char* condition) noexcept {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace sdk_1
}  // namespace tenon

#define TENON_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::tenon::check_failed(__FILE__, __LINE__, #condition))
