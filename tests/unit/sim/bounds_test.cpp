// SPDX-License-Identifier: MIT
#include "checks/bounds.hpp"
#include "support/catch.hpp"

namespace tenon::sim {
namespace {

constexpr raft::NodeId kNode{1};
constexpr std::uint64_t kRequestBytesMax = 500;

node::Settings small() {
  node::Settings settings;
  settings.inbox_bytes_max = 1'000;
  settings.watch_history_bytes_max = 2'000;
  settings.images.sending.closing_files_max = 2;
  return settings;
}

void check(const node::Status& status, std::size_t open_images = 0) {
  const node::Settings settings = small();
  check_bounds(kNode, status, open_images, {settings, kRequestBytesMax, 3, false});
}

TEST_CASE("an inbox that holds more than its bound is seen, but for one request alone") {
  node::Status status;
  status.inbox_bytes = 1'000;
  CHECK_NOTHROW(check(status));
  status.inbox_bytes = 1'001;
  CHECK_THROWS_AS(check(status), Violation);
  node::Settings tiny = small();
  tiny.inbox_bytes_max = 1;
  status.inbox_bytes = kRequestBytesMax;
  CHECK_NOTHROW(check_bounds(kNode, status, 0, {tiny, kRequestBytesMax, 3, false}));
  ++status.inbox_bytes;
  CHECK_THROWS_AS(check_bounds(kNode, status, 0, {tiny, kRequestBytesMax, 3, false}), Violation);
}

TEST_CASE("a leader that has appended more than its bound, and has not decided it, is seen once it has committed") {
  node::Settings settings = small();
  settings.unapplied_entries_max = 10;
  node::Status status;
  status.commit_index = raft::LogIndex(5);
  status.last_index = raft::LogIndex(17);
  CHECK_NOTHROW(check_bounds(kNode, status, 0, {settings, kRequestBytesMax, 3, true}));
  status.last_index = raft::LogIndex(18);
  CHECK_THROWS_AS(check_bounds(kNode, status, 0, {settings, kRequestBytesMax, 3, true}), Violation);
  CHECK_NOTHROW(check_bounds(kNode, status, 0, {settings, kRequestBytesMax, 3, false}));
}

TEST_CASE("a watch history that holds more than its bound and one entry is seen") {
  node::Status status;
  status.watches.history_bytes = 102'000;
  CHECK_NOTHROW(check(status));
  status.watches.history_bytes = 102'001;
  CHECK_THROWS_AS(check(status), Violation);
}

TEST_CASE("more open images than peers, one that is taken, one that comes and those that are closed are seen") {
  CHECK_NOTHROW(check({}, 7));
  CHECK_THROWS_AS(check({}, 8), Violation);
}

}  // namespace
}  // namespace tenon::sim
