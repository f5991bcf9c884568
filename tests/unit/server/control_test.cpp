// SPDX-License-Identifier: MIT
#include "control.hpp"

#include <signal.h>

#include "support/catch.hpp"

namespace tenon::server {
namespace {

constexpr std::chrono::milliseconds kLong(60'000);

TEST_CASE("a wait ends with what came, a failure before all else and a stop before a reload") {
  Control control;
  CHECK(control.wait(std::chrono::milliseconds(1)) == Wake::time);
  REQUIRE(::raise(SIGHUP) == 0);
  CHECK(control.wait(kLong) == Wake::reload);
  CHECK(control.wait(std::chrono::milliseconds(1)) == Wake::time);  // it was taken
  REQUIRE(::raise(SIGHUP) == 0);
  REQUIRE(::raise(SIGTERM) == 0);
  CHECK(control.wait(kLong) == Wake::stop);
  CHECK_FALSE(control.has_failed());
  control.fail("the disk is gone");
  control.fail("something later");
  CHECK(control.wait(kLong) == Wake::failure);
  CHECK(control.failure() == "the disk is gone");
}

}  // namespace
}  // namespace tenon::server
