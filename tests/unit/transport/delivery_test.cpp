// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>

#include "support/catch.hpp"
#include "test_node.hpp"

namespace tenon::transport_test {

namespace {

std::string numbered(std::size_t number, std::size_t size) {
  std::string frame = std::to_string(number) + ":";
  while (frame.size() < size) frame.push_back(static_cast<char>('a' + (number + frame.size()) % 26));
  frame.resize(std::max<std::size_t>(size, 1));
  return frame;
}

std::vector<std::string> numbered_frames(std::size_t first, std::size_t count, std::size_t size = 20) {
  std::vector<std::string> frames;
  for (std::size_t i = first; i < first + count; ++i) frames.push_back(numbered(i, size));
  return frames;
}

struct Pair {
  Pair() {
    one.know(2, two);
    two.know(1, one);
    REQUIRE(one.wait_up(2));
    REQUIRE(two.wait_up(1));
  }
  TestNode one{1};
  TestNode two{2};
};

}  // namespace

TEST_CASE("frames of one byte to the largest arrive whole on both lanes, in order and once") {
  Pair pair;
  std::vector<std::string> frames;
  for (const std::size_t size : {1u, 2u, 4096u, 4097u, 65536u, 1'000'000u, TENON_FRAME_BYTES_MAX, 3u}) {
    frames.push_back(numbered(size, size));
  }
  for (const Lane lane : {Lane::control, Lane::bulk}) {
    REQUIRE(pair.one.send_all(2, lane, frames));
    REQUIRE(pair.two.send_all(1, lane, frames));
  }
  REQUIRE(pair.two.node().wait_for_frames(2 * frames.size(), kLong));
  REQUIRE(pair.one.node().wait_for_frames(2 * frames.size(), kLong));
  for (const Lane lane : {Lane::control, Lane::bulk}) {
    CHECK((pair.two.frames(1, lane) == frames));
    CHECK((pair.one.frames(2, lane) == frames));
  }
  CHECK(eventually([&] { return pair.one.loans_out() == 0; }));
  CHECK(pair.one.node().violations().empty());
  CHECK(pair.two.node().violations().empty());
}

TEST_CASE("a frame in many parts, some of them empty, arrives as one") {
  Pair pair;
  const std::string frame = numbered(7, 300'000);
  REQUIRE(pair.one.send(2, Lane::bulk, {frame}, 1000) == 1);  // more parts than one gathered send has
  REQUIRE(pair.two.node().wait_for_frames(1, kLong));
  CHECK((pair.two.frames(1, Lane::bulk) == std::vector<std::string>{frame}));
}

TEST_CASE("an empty frame arrives as one") {
  Pair pair;
  REQUIRE(pair.one.send(2, Lane::control, {"", "a", ""}) == 3);
  REQUIRE(pair.two.node().wait_for_frames(3, kLong));
  CHECK(pair.two.frames(1, Lane::control) == std::vector<std::string>{"", "a", ""});
}

TEST_CASE("many frames under backpressure keep their order, and none comes twice") {
  const TestNode::Options small = {{"send_queue_bytes_max", "64KiB"}};
  TestNode one(1, small);
  TestNode two(2);
  one.know(2, two);
  two.know(1, one);
  REQUIRE(one.wait_up(2));
  const std::vector<std::string> frames = numbered_frames(0, 300, 50'000);
  std::size_t sent = 0;
  std::ptrdiff_t waits = 0;
  while (sent < frames.size()) {
    sent += one.send(2, Lane::bulk, {frames.begin() + static_cast<std::ptrdiff_t>(sent), frames.end()});
    if (sent == frames.size()) break;
    REQUIRE(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_WRITABLE}, kLong, ++waits));
  }
  CHECK(waits > 0);
  REQUIRE(two.node().wait_for_frames(frames.size(), kLong));
  CHECK((two.frames(1, Lane::bulk) == frames));
  CHECK(one.node().violations().empty());
}

TEST_CASE("each side learns who the other is before the lane is up") {
  Pair pair;
  const std::vector<testing::ReceivedIntroduction> said = pair.one.node().introductions();
  REQUIRE(said.size() >= 2);
  for (const testing::ReceivedIntroduction& one : said) {
    CHECK(one.peer == 2);
    CHECK(one.incarnation[0] == 2);
    CHECK(one.incarnation[15] == 0xff);
    CHECK(one.client_addresses == std::vector<std::string>{"thrift://client-of-2:1"});
  }
  CHECK(pair.one.node().violations().empty());
}

TEST_CASE("a frame for a lane that is not up is not taken") {
  TestNode one(1);
  CHECK(one.send(2, Lane::control, {"a"}) == 0);
  REQUIRE(one.set_peer(2, {url_of(1)}) == TENON_OK);
  REQUIRE(one.wait_for_metric("dials_failed_total{reason=\"connect\"}", 2));
  CHECK(one.send(2, Lane::control, {"a"}) == 0);
  CHECK(one.loans_out() == 0);
}

TEST_CASE("two nodes find each other whichever starts first") {
  for (const bool late_two : {false, true}) {
    TestNode reserved(late_two ? 2 : 1);
    const std::uint16_t port = reserved.port();
    reserved.stop();
    TestNode first(late_two ? 1 : 2);
    const std::uint64_t late = late_two ? 2 : 1;
    first.set_peer(late, {url_of(port)});
    REQUIRE(first.wait_for_metric("dials_failed_total{reason=\"connect\"}", 1));
    TestNode second(late, {}, kCluster, port);
    second.know(late_two ? 1 : 2, first);
    CHECK(first.wait_up(late));
    CHECK(second.wait_up(late_two ? 1 : 2));
  }
}

TEST_CASE("after a restart of one side the lanes come back, and nothing is repeated") {
  TestNode one(1);
  auto two = std::make_unique<TestNode>(2);
  const std::uint16_t port = two->port();
  one.know(2, *two);
  two->know(1, one);
  REQUIRE(one.wait_up(2));
  REQUIRE(one.send_all(2, Lane::bulk, numbered_frames(0, 100)));
  REQUIRE(two->node().wait_for_frames(100, kLong));
  two.reset();
  REQUIRE(one.wait_down(2));
  CHECK(one.send(2, Lane::bulk, {"lost"}) == 0);
  two = std::make_unique<TestNode>(2, TestNode::Options{}, kCluster, port);
  two->know(1, one);
  REQUIRE(one.wait_up(2));
  REQUIRE(one.send_all(2, Lane::bulk, numbered_frames(100, 50)));
  REQUIRE(two->node().wait_for_frames(50, kLong));
  CHECK(two->frames(1, Lane::bulk) == numbered_frames(100, 50));
  CHECK(one.metric("lanes_down_total") >= 2);
  CHECK(one.node().violations().empty());
}

TEST_CASE("a peer that comes and goes under load gets each frame at most once and in order") {
  TestNode one(1);
  auto two = std::make_unique<TestNode>(2);
  const std::uint16_t port = two->port();
  one.know(2, *two);
  two->know(1, one);
  std::size_t next = 0;
  std::size_t last = 0;
  for (int life = 0; life < 5; ++life) {
    INFO(life);
    REQUIRE(eventually([&] {
      next += one.send(2, Lane::bulk, numbered_frames(next, 50, 5000));
      return two->node().wait_for_frames(100, std::chrono::milliseconds(0));
    }));
    for (const std::string& frame : two->frames(1, Lane::bulk)) {
      const std::size_t number = std::stoul(frame);
      CHECK(frame == numbered(number, 5000));
      CHECK((number > last || (number == 0 && last == 0)));
      last = number;
    }
    two.reset();
    two = std::make_unique<TestNode>(2, TestNode::Options{}, kCluster, port);
    two->know(1, one);
  }
  CHECK(one.node().violations().empty());
  one.stop();
  CHECK(one.loans_out() == 0);
}

TEST_CASE("three nodes reach each other, and one that is stopped leaves the others up") {
  TestNode one(1), two(2), three(3);
  const std::array<TestNode*, 3> nodes = {&one, &two, &three};
  for (std::uint64_t a = 1; a <= 3; ++a) {
    for (std::uint64_t b = 1; b <= 3; ++b) {
      if (a != b) nodes[a - 1]->know(b, *nodes[b - 1]);
    }
  }
  for (std::uint64_t a = 1; a <= 3; ++a) {
    for (std::uint64_t b = 1; b <= 3; ++b) {
      if (a == b) continue;
      REQUIRE(nodes[a - 1]->wait_up(b));
      REQUIRE(nodes[a - 1]->send(b, Lane::control, {std::to_string(a)}) == 1);
    }
  }
  for (TestNode* node : nodes) CHECK(node->node().wait_for_frames(2, kLong));
  CHECK(one.frames(3, Lane::control) == std::vector<std::string>{"3"});
  three.stop();
  REQUIRE(one.wait_down(3));
  CHECK(one.node().is_up(2, Lane::control));
  REQUIRE(one.send(2, Lane::control, {"still"}) == 1);
  CHECK(two.node().wait_for_frames(3, kLong));
}

TEST_CASE("addresses are tried in their order, and a list that keeps the one in use keeps the connection") {
  TestNode one(1), two(2), other_two(2);
  two.know(1, one);
  other_two.know(1, one);
  REQUIRE(one.set_peer(2, {"http://127.0.0.1:1", url_of(1), two.url()}) == TENON_OK);
  REQUIRE(one.wait_up(2));
  const std::size_t events = one.node().lane_events().size();
  REQUIRE(one.set_peer(2, {two.url(), other_two.url()}) == TENON_OK);
  REQUIRE(one.send(2, Lane::control, {"to the first"}) == 1);
  REQUIRE(two.node().wait_for_frames(1, kLong));
  CHECK(one.node().lane_events().size() == events);

  REQUIRE(one.set_peer(2, {other_two.url()}) == TENON_OK);
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_DOWN}, kLong));
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong, 2));
  REQUIRE(one.send(2, Lane::control, {"to the other"}) == 1);
  CHECK(other_two.node().wait_for_frames(1, kLong));
  CHECK(one.node().violations().empty());
}

TEST_CASE("a peer without addresses is dropped, and let in as one that is not known when it dials") {
  Pair pair;
  const testing::LaneEvent down{1, Lane::control, TENON_EVENT_DOWN};
  const testing::LaneEvent up{1, Lane::control, TENON_EVENT_UP};
  const std::vector<testing::LaneEvent> before = pair.two.node().lane_events();
  REQUIRE(pair.one.set_peer(2, {}) == TENON_OK);
  REQUIRE(pair.one.wait_down(2));
  CHECK(pair.one.send(2, Lane::control, {"a"}) == 0);
  // Events, not the state: the second is let in again sooner than a look at its lanes could see them down.
  REQUIRE(pair.two.node().wait_for_event(down, kLong, std::count(before.begin(), before.end(), down) + 1));
  REQUIRE(pair.two.node().wait_for_event(up, kLong, std::count(before.begin(), before.end(), up) + 1));
  // What it says is for the host to judge; nothing can be sent to it.
  REQUIRE(pair.two.send(1, Lane::control, {"from nobody"}) == 1);
  CHECK(pair.one.node().wait_for_frames(1, kLong));
  CHECK(pair.one.send(2, Lane::control, {"a"}) == 0);
  pair.one.know(2, pair.two);
  CHECK(pair.one.wait_up(2));
}

TEST_CASE("addresses of other schemes are unsupported, and the peer is as before") {
  Pair pair;
  const std::size_t events = pair.one.node().lane_events().size();
  CHECK(pair.one.set_peer(2, {"another://127.0.0.1:1", "127.0.0.1:2"}) == TENON_ERROR_UNSUPPORTED);
  CHECK(pair.one.set_peer(2, {std::string(scheme()) + "://127.0.0.1"}) == TENON_ERROR_INVALID);
  CHECK(pair.one.set_peer(1, {url_of(1)}) == TENON_ERROR_INVALID);
  REQUIRE(pair.one.send(2, Lane::control, {"a"}) == 1);
  CHECK(pair.two.node().wait_for_frames(1, kLong));
  CHECK(pair.one.node().lane_events().size() == events);
}

TEST_CASE("a name is looked up, also one that there is not") {
  TestNode one(1), two(2);
  two.know(1, one);
  REQUIRE(one.set_peer(2, {std::string(scheme()) + "://no-such-name.invalid:7201",
                           std::string(scheme()) + "://localhost:" + std::to_string(two.port())}) == TENON_OK);
  CHECK(one.wait_up(2));
  CHECK(one.host().logged("the name cannot be looked up"));
}

TEST_CASE("an address that cannot be bound is an error that names it") {
  TestNode one(1);
  try {
    TestNode two(2, {}, kCluster, one.port());
    FAIL("two nodes on one port");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find(std::to_string(one.port())) != std::string::npos);
  }
}

}  // namespace tenon::transport_test
