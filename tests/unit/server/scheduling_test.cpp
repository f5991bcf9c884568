// SPDX-License-Identifier: MIT
#include "scheduling.hpp"

#include <sched.h>

#include <thread>

#include "support/catch.hpp"

namespace tenon::server {
namespace {

// What `begin` leaves of the policy of a thread, and what a thread has that it makes then.
struct Policies {
  int own = -1;
  int of_next = -1;
};

template <class Begin>
Policies policies_after(Begin begin) {
  Policies found;
  std::thread([&] {
    begin();
    found.own = ::sched_getscheduler(0);
    std::thread([&] { found.of_next = ::sched_getscheduler(0); }).join();
  }).join();
  return found;
}

TEST_CASE("the threads of a node are scheduled as batch work, unless somebody has chosen another policy", "[server]") {
  const Policies batch = policies_after([] { CHECK_FALSE(schedule_as_batch()); });
  CHECK(batch.own == SCHED_BATCH);
  CHECK(batch.of_next == SCHED_BATCH);
  const Policies chosen = policies_after([] {
    const sched_param parameters{};
    CHECK(::sched_setscheduler(0, SCHED_IDLE, &parameters) == 0);
    CHECK_FALSE(schedule_as_batch());
  });
  CHECK(chosen.own == SCHED_IDLE);
  CHECK(chosen.of_next == SCHED_IDLE);
}

}  // namespace
}  // namespace tenon::server
