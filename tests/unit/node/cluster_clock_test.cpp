// SPDX-License-Identifier: MIT
#include "node/cluster_clock.hpp"

#include <bit>

#include "raft/quorum.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

using raft::NodeId;
using std::chrono::milliseconds;
using std::chrono::minutes;

const raft::Instant kStart(std::chrono::hours(600));
constexpr std::uint64_t kToday = 1'700'000'000'000;
constexpr std::uint64_t kYear = 365ull * 24 * 3600 * 1000;
constexpr std::uint64_t kHour = 3'600'000;

raft::Membership voters(std::uint64_t count) {
  raft::Membership members;
  for (std::uint64_t id = 1; id <= count; ++id) members.members.push_back({NodeId(id), {}});
  return members;
}

void look(ClusterClock& clock, raft::Instant now, std::uint64_t own_wall_ms, std::uint64_t voter_count = 3) {
  clock.look(now, now - minutes(1), own_wall_ms, voters(voter_count), NodeId(1));
}

TEST_CASE("a clock goes on from the last stamp, and gives none before it has heard a majority") {
  ClusterClock clock(kStart, kToday);
  clock.lead(kStart);
  look(clock, kStart, kToday + kHour);
  CHECK_FALSE(clock.is_set());
  CHECK(clock.stamp_ms(kStart + milliseconds(250)) == kToday + 250);
  CHECK(clock.heard(kStart + milliseconds(250), NodeId(2), kToday + kHour));
  look(clock, kStart + milliseconds(250), kToday + kHour);
  CHECK(clock.is_set());
  CHECK(clock.stamp_ms(kStart + milliseconds(250)) == kToday + kHour);
  clock.lead(kStart + milliseconds(300));
  CHECK_FALSE(clock.is_set());
  CHECK(clock.stamp_ms(kStart + milliseconds(300)) == kToday + kHour + 50);
}

TEST_CASE("a sole voter's clock is a majority") {
  ClusterClock clock(kStart, 0);
  clock.lead(kStart);
  look(clock, kStart, kToday, 1);
  CHECK(clock.is_set());
  CHECK(clock.stamp_ms(kStart) == kToday);
}

TEST_CASE("a minority of clocks that are years ahead moves nothing, whoever has them and whoever is heard") {
  const std::uint64_t ahead = kToday + 5 * kYear;
  for (const std::size_t voter_count : {3u, 4u, 5u}) {
    const std::size_t wrong_max = voter_count - raft::majority(voter_count);
    for (std::uint32_t wrong = 0; wrong < 1u << voter_count; ++wrong) {
      if (static_cast<std::size_t>(std::popcount(wrong)) > wrong_max) continue;
      for (std::uint32_t heard = 0; heard < 1u << voter_count; ++heard) {
        ClusterClock clock(kStart, kToday - kHour);
        clock.lead(kStart);
        const auto shown = [&](std::uint64_t id) { return (wrong >> (id - 1) & 1) != 0 ? ahead : kToday; };
        std::size_t count = 1;
        for (std::uint64_t id = 2; id <= voter_count; ++id) {
          if ((heard >> (id - 1) & 1) == 0) continue;
          ++count;
          clock.heard(kStart, NodeId(id), shown(id));
        }
        look(clock, kStart, shown(1), voter_count);
        CAPTURE(voter_count, wrong, heard);
        REQUIRE(clock.is_set() == (count >= raft::majority(voter_count)));
        REQUIRE(clock.stamp_ms(kStart) <= kToday);
        if (count == voter_count) REQUIRE(clock.stamp_ms(kStart) == kToday);
      }
    }
  }
}

TEST_CASE("clocks that are set back take nothing away, and time goes on") {
  ClusterClock clock(kStart, kToday);
  clock.lead(kStart);
  clock.heard(kStart, NodeId(2), 5);
  look(clock, kStart, 7);
  CHECK(clock.is_set());
  CHECK(clock.stamp_ms(kStart) == kToday);
  CHECK(clock.stamp_ms(kStart + minutes(1)) == kToday + 60'000);
}

TEST_CASE("a report that is too old is no clock, and the time goes on without it") {
  ClusterClock clock(kStart, kToday);
  clock.lead(kStart);
  clock.heard(kStart, NodeId(2), kToday);
  look(clock, kStart, kToday);
  CHECK(clock.is_set());
  const raft::Instant later = kStart + minutes(2);
  look(clock, later, kToday + kYear);
  CHECK(clock.is_set());
  CHECK(clock.stamp_ms(later) == kToday + 120'000);
  CHECK_FALSE(clock.heard(later, NodeId(2), kToday + kYear));
  look(clock, later, kToday + kYear);
  CHECK(clock.stamp_ms(later) == kToday + kYear);
}

TEST_CASE("who hears of a leader's time goes on from that, down to what is applied") {
  ClusterClock clock(kStart, kToday);
  clock.follow(kStart, kToday + kHour);
  CHECK(clock.stamp_ms(kStart + milliseconds(10)) == kToday + kHour + 10);
  clock.follow(kStart + milliseconds(10), kToday + kHour);  // its steady clock goes slower
  CHECK(clock.stamp_ms(kStart + milliseconds(10)) == kToday + kHour);
  clock.applied(kStart + milliseconds(10), kToday + 2 * kHour);
  clock.follow(kStart + milliseconds(20), kToday);
  CHECK(clock.stamp_ms(kStart + milliseconds(20)) == kToday + 2 * kHour);
  clock.applied(kStart + milliseconds(30), kToday + 2 * kHour);  // an older stamp than the time is by now
  CHECK(clock.stamp_ms(kStart + milliseconds(30)) == kToday + 2 * kHour + 10);
}

TEST_CASE("a stamp is reached when it says") {
  ClusterClock clock(kStart, kToday);
  CHECK(clock.reaches(kToday + 40) == kStart + milliseconds(40));
  CHECK(clock.stamp_ms(clock.reaches(kToday + 40)) == kToday + 40);
  CHECK(clock.reaches(kToday - 1) == kStart);
  CHECK(clock.reaches(~std::uint64_t{0}) > kStart + std::chrono::hours(24 * 365 * 30));
}

}  // namespace
}  // namespace tenon::node
