// SPDX-License-Identifier: MIT
#include "net/backoff.hpp"

#include <set>

#include "support/catch.hpp"

using namespace tenon::net;
using std::chrono::microseconds;

TEST_CASE("each wait is between half and all of a delay that doubles up to the longest") {
  std::mt19937_64 random(1);
  Backoff backoff(microseconds(50), microseconds(2000));
  for (int round = 0; round < 2; ++round) {
    for (const int delay : {50, 100, 200, 400, 800, 1600, 2000, 2000}) {
      const microseconds wait = backoff.next(random);
      CHECK(wait.count() >= delay / 2);
      CHECK(wait.count() <= delay);
    }
    backoff.reset();
  }
}

TEST_CASE("waits of the same delay differ") {
  std::mt19937_64 random(1);
  Backoff backoff(microseconds(1'000'000), microseconds(1'000'000));
  std::set<microseconds> waits;
  for (int i = 0; i < 20; ++i) waits.insert(backoff.next(random));
  CHECK(waits.size() > 15);
}
