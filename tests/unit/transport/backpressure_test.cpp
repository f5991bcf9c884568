// SPDX-License-Identifier: MIT
#include <thread>

#include "support/catch.hpp"
#include "test_node.hpp"

namespace tenon::transport_test {

namespace {
constexpr std::size_t kFrameBytes = std::size_t{64} * 1024;
constexpr std::size_t kQueueBytes = std::size_t{1} << 20;
const std::vector<std::string> kFrames(8, std::string(kFrameBytes, 'x'));
}  // namespace

TEST_CASE("a peer that does not read costs a bounded queue, and is dropped and dialled again") {
  const RawListener listener;
  TestNode one(1, {{"send_queue_bytes_max", "1MiB"}, {"send_timeout", "300ms"}});
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket stuck = listener.accept_lane(Lane::bulk, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_UP}, kLong));
  std::size_t taken = 0;
  // Until the connection is given up: what is taken is at most what the sockets hold and the queue.
  REQUIRE(eventually([&] {
    taken += one.send(2, Lane::bulk, kFrames);
    CHECK(one.loans_out() * kFrameBytes <= kQueueBytes);
    return one.metric("lanes_down_total") > 0;
  }));
  CHECK(taken * kFrameBytes > kQueueBytes / 2);
  CHECK(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_DOWN}, kLong));
  CHECK(eventually([&] { return one.loans_out() == 0; }));
  CHECK(eventually([&] { return one.host().logged("the peer took nothing for send_timeout"); }));
  CHECK(one.metric("frames_dropped_total{reason=\"down\"}") > 0);
  const RawSocket again = listener.accept_lane(Lane::bulk, 2);
  CHECK(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_UP}, kLong, 2));
  CHECK(one.node().violations().empty());
}

TEST_CASE("a lane that is stuck does not hold up the other") {
  const RawListener listener;
  TestNode one(1, {{"send_queue_bytes_max", "1MiB"}, {"send_timeout", "1h"}});
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  std::optional<RawSocket> sockets[2];
  for (int i = 0; i < 2; ++i) {
    RawSocket socket = listener.accept();
    const Hello hello = protocol().decode_hello(socket.receive().value());
    socket.send_message(protocol().encode(acceptance_of(2), 0));
    sockets[hello.lane].emplace(std::move(socket));
  }
  REQUIRE(one.wait_up(2));
  REQUIRE(eventually([&] { return one.send(2, Lane::bulk, kFrames) < kFrames.size(); }));
  REQUIRE(one.send(2, Lane::control, {"heartbeat"}) == 1);
  CHECK(sockets[TENON_LANE_CONTROL]->receive() == frame_message("heartbeat"));
}

TEST_CASE("a frame larger than the queue is taken when nothing else is queued") {
  TestNode one(1, {{"send_queue_bytes_max", "64KiB"}});
  TestNode two(2);
  one.know(2, two);
  two.know(1, one);
  REQUIRE(one.wait_up(2));
  CHECK(one.send(2, Lane::bulk, {std::string(TENON_FRAME_BYTES_MAX, 'x'), "more"}) == 1);
  REQUIRE(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_WRITABLE}, kLong));
  CHECK(one.send(2, Lane::bulk, {"more"}) == 1);
  CHECK(two.node().wait_for_frames(2, kLong));
}

TEST_CASE("stop under load ends every loan, and nothing is reported afterwards") {
  for (int round = 0; round < 5; ++round) {
    auto one = std::make_unique<TestNode>(1);
    TestNode two(2);
    one->know(2, two);
    two.know(1, *one);
    REQUIRE(one->wait_up(2));
    REQUIRE(two.wait_up(1));
    std::atomic<bool> ends = false;
    std::thread other([&] {
      while (!ends) two.send(1, Lane::bulk, kFrames);
    });
    for (int i = 0; i < 20 * (round + 1); ++i) {
      one->send(2, Lane::bulk, kFrames);
      one->send(2, Lane::control, {"a", "b"});
    }
    one->stop();
    CHECK(one->loans_out() == 0);
    const std::size_t events = one->node().lane_events().size();
    const std::size_t frames = one->node().frames().size();
    ends = true;
    other.join();
    CHECK(one->node().lane_events().size() == events);
    CHECK(one->node().frames().size() == frames);
    CHECK(one->node().violations().empty());
    two.stop();
    CHECK(two.loans_out() == 0);
    CHECK(two.node().violations().empty());
  }
}

TEST_CASE("connections beyond their number are closed at once") {
  TestNode one(1, {{"connections_max", "4"}});
  std::vector<RawSocket> sockets;
  sockets.reserve(5);
  for (int i = 0; i < 5; ++i) sockets.push_back(RawSocket::connect(one.port()));
  CHECK(sockets.back().ended());
  CHECK(one.wait_for_metric("connections_refused_total", 1));
}

}  // namespace tenon::transport_test
