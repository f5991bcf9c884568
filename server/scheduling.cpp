// SPDX-License-Identifier: MIT
#include "scheduling.hpp"

#include <sched.h>

#include <cerrno>
#include <cstring>

namespace tenon::server {

std::optional<std::string> schedule_as_batch() {
  const int policy = ::sched_getscheduler(0);
  if (policy >= 0 && policy != SCHED_OTHER) return std::nullopt;
  const sched_param parameters{};
  if (policy >= 0 && ::sched_setscheduler(0, SCHED_BATCH, &parameters) == 0) return std::nullopt;
  return std::string("the system does not let this process choose its scheduling policy: ") + std::strerror(errno);
}

}  // namespace tenon::server
