// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "test_node.hpp"

namespace tenon::transport_test {

namespace {

constexpr int kDialsMax = 100;

std::string refused_as(const char* label) { return "hellos_refused_total{reason=\"" + std::string(label) + "\"}"; }

// A node that has node 2 as a peer which it cannot reach.
struct Lonely {
  explicit Lonely(const TestNode::Options& options = {}) : node(1, options) {
    REQUIRE(node.set_peer(2, {url_of(1)}) == TENON_OK);
    REQUIRE(node.wait_for_metric("dials_total", 2));  // it has taken note
  }
  RawSocket accepted(Lane lane = Lane::control) const {
    RawSocket socket = RawSocket::open(node.port());
    socket.send_message(protocol().encode(hello_from(2, 1, lane)));
    const std::optional<std::string> reply = socket.receive();
    REQUIRE(reply.has_value());
    REQUIRE_FALSE(protocol().decode_hello_reply(*reply).refusal.has_value());
    return socket;
  }
  TestNode node;
};

void check_refused(Lonely& lonely, const Hello& hello, Refusal refusal, const char* label) {
  INFO(label);
  const RawSocket socket = RawSocket::open(lonely.node.port());
  socket.send_message(protocol().encode(hello));
  const std::optional<std::string> message = socket.receive();
  REQUIRE(message.has_value());
  const HelloReply reply = protocol().decode_hello_reply(*message);
  CHECK(reply.refusal == static_cast<std::int32_t>(refusal));
  CHECK_FALSE(reply.reason.empty());
  CHECK(reply.sender.node == 1);
  CHECK(socket.ended());
  CHECK(lonely.node.metric(refused_as(label)) == 1);
  CHECK(lonely.node.host().logged(reply.reason));
  CHECK(lonely.node.node().introductions().empty());
}

}  // namespace

TEST_CASE("a hello that is not for this node is refused with its reason, and counted") {
  Lonely lonely;
  Hello hello = hello_from(2, 1);
  hello.sender.cluster = "another";
  check_refused(lonely, hello, Refusal::kCluster, "cluster");
  check_refused(lonely, hello_from(2, 3), Refusal::kNode, "node");
  check_refused(lonely, hello_from(1, 1), Refusal::kSender, "sender");
  check_refused(lonely, hello_from(2, 1, Lane{2}), Refusal::kLane, "lane");
  hello = hello_from(2, 1);
  hello.version = 2;
  check_refused(lonely, hello, Refusal::kVersion, "version");
}

TEST_CASE("what is no hello is closed without an answer, and counted") {
  Lonely lonely;
  Hello hello = hello_from(2, 1);
  hello.sender.client_addresses = {std::string(70'000, 'a')};
  const std::string too_large = protocol().encode(hello);
  const std::pair<std::string, const char*> cases[] = {
      {"GET / HTTP/1.1", "malformed"},
      {"", "malformed"},
      {frame_message("a frame before the hello"), "malformed"},
      {too_large, "too_large"},
  };
  for (const auto& [message, label] : cases) {
    INFO(message.substr(0, 20));
    const double before = lonely.node.metric(refused_as(label));
    const RawSocket socket = RawSocket::open(lonely.node.port());
    socket.send_message(message);
    CHECK(socket.ended());
    CHECK(lonely.node.wait_for_metric(refused_as(label), before + 1));
  }
  CHECK(lonely.node.node().frames().empty());
}

TEST_CASE("a connection that says no hello is closed after a while, and counted") {
  const TestNode::Options impatient = {{"connect_timeout", "50ms"}};
  Lonely lonely(impatient);
  const RawSocket socket = RawSocket::open(lonely.node.port());
  socket.send(RawSocket::message_bytes(socket.side(), "cut short").substr(0, 3));
  CHECK(socket.ended());
  CHECK(lonely.node.metric(refused_as("timeout")) == 1);
}

TEST_CASE("frames come from the connection that said hello, until one is malformed or too large") {
  Lonely lonely;
  {
    const RawSocket socket = lonely.accepted();
    for (const std::string& message :
         {frame_message("one"), frame_message("two"), std::string("three"), frame_message("four")}) {
      socket.send_message(message);
    }
    CHECK(socket.ended());
  }
  CHECK(lonely.node.frames(2, Lane::control) == std::vector<std::string>{"one", "two"});
  CHECK(lonely.node.metric("frames_dropped_total{reason=\"malformed\"}") == 1);
  {
    const RawSocket socket = lonely.accepted(Lane::bulk);
    const std::string largest(TENON_FRAME_BYTES_MAX, 'x');
    socket.send_message(frame_message(largest));
    REQUIRE(lonely.node.node().wait_for_frames(3, kLong));
    CHECK((lonely.node.frames(2, Lane::bulk) == std::vector<std::string>{largest}));
    const std::string larger(frame_message(largest).size() + 1, 'x');
    socket.send(RawSocket::message_bytes(socket.side(), larger).substr(0, 100));
    CHECK(socket.ended());
  }
  CHECK(lonely.node.wait_for_metric("connections_closed_total{reason=\"frame_too_large\"}", 1));
  CHECK(lonely.node.node().violations().empty());
}

TEST_CASE("of two connections of one lane of one peer the newer one stays") {
  Lonely lonely;
  const RawSocket older = lonely.accepted();
  const RawSocket bulk = lonely.accepted(Lane::bulk);
  const RawSocket newer = lonely.accepted();
  CHECK(older.ended());
  older.send_message(frame_message("old"));
  newer.send_message(frame_message("new"));
  REQUIRE(lonely.node.node().wait_for_frames(1, kLong));
  CHECK(lonely.node.frames(2, Lane::control) == std::vector<std::string>{"new"});
  CHECK(lonely.node.metric("connections_replaced_total") == 1);
  bulk.send_message(frame_message("bulk"));
  CHECK(lonely.node.node().wait_for_frames(2, kLong));
  CHECK(lonely.node.node().introductions().size() == 3);
}

TEST_CASE("a node whose hello is refused says why, and tries again") {
  TestNode one(1);
  TestNode stranger(2, {}, "another-cluster");
  one.know(2, stranger);
  REQUIRE(one.wait_for_metric("dials_failed_total{reason=\"refused\"}", 3));
  CHECK(one.host().logged("the peer refuses: this is cluster another-cluster"));
  CHECK_FALSE(one.node().is_up(2, Lane::control));
  CHECK(one.node().introductions().empty());
  CHECK(stranger.metric(refused_as("cluster")) >= 3);
}

TEST_CASE("an answer from another node, of another kind, or none at all does not bring a lane up") {
  const RawListener listener;
  TestNode one(1, {{"connect_timeout", "100ms"}, {"reconnect_min", "1ms"}, {"reconnect_max", "2ms"}});
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  struct Answer {
    std::string text;
    const char* taken_for;
  };
  const Answer answers[] = {{protocol().encode(acceptance_of(3), 0), R"(dials_failed_total{reason="refused"})"},
                            {"what?", R"(dials_failed_total{reason="broken"})"},
                            {"", R"(dials_failed_total{reason="timeout"})"}};
  for (const Answer& answer : answers) {
    // On a busy machine the node gives a dial up before it is answered, and dials again.
    for (int dials = 0; dials < kDialsMax && one.metric(answer.taken_for) < 1; ++dials) {
      const RawSocket socket = listener.accept();
      if (!socket.receive()) continue;
      if (!answer.text.empty()) socket.send_message(answer.text);
      CHECK(socket.ended());
    }
    CHECK(one.wait_for_metric(answer.taken_for, 1));
  }
  CHECK(one.host().logged("the answer comes from node 3"));
  CHECK(one.node().lane_events().empty());
}

TEST_CASE("a connection that is only to be written to goes down when the peer sends on it") {
  const RawListener listener;
  TestNode one(1);
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket socket = listener.accept_lane(Lane::control, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong));
  socket.send_message(frame_message("back"));
  CHECK(one.node().wait_for_event({2, Lane::control, TENON_EVENT_DOWN}, kLong));
  CHECK(one.node().frames().empty());
}

}  // namespace tenon::transport_test
