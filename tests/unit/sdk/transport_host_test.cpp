// SPDX-License-Identifier: MIT
#include "tenon/testing/transport_host.hpp"

#include <array>
#include <thread>

#include "support/catch.hpp"

namespace tenon::testing {
namespace {

constexpr std::chrono::milliseconds kLong{60000};  // nothing waits this long unless it is broken
constexpr std::chrono::milliseconds kNotAtAll{0};

void receive(const FakeTransportHost& host, std::uint64_t peer, Lane lane, std::string_view frame,
             std::uint32_t proof = TENON_PROOF_NONE) {
  const tenon_bytes frames[] = {bytes(frame)};
  host.table()->receive(host.table(), peer, static_cast<std::uint32_t>(lane), proof, frames, 1);
}
void introduce(const FakeTransportHost& host, std::uint64_t peer, std::vector<const char*> addresses = {}) {
  tenon_introduction said{};
  said.incarnation[15] = 7;
  said.client_addresses = addresses.data();
  said.client_address_count = addresses.size();
  host.table()->introduced(host.table(), peer, &said);
}
void tell(const FakeTransportHost& host, std::uint64_t peer, Lane lane, std::uint32_t event) {
  host.table()->lane_event(host.table(), peer, static_cast<std::uint32_t>(lane), event);
}

}  // namespace

TEST_CASE("a fake transport host copies the frames that it receives, in their order") {
  const FakeTransportHost host;
  CHECK(host.table()->struct_size == sizeof(tenon_transport_host));
  introduce(host, 2);
  std::string first = "first";
  const std::array frames = {bytes(first), bytes("second")};
  host.table()->receive(host.table(), 2, TENON_LANE_BULK, TENON_PROOF_CLUSTER, frames.data(), frames.size());
  first = "-----";
  const std::vector<ReceivedFrame> received = host.frames();
  REQUIRE(received.size() == 2);
  CHECK(received[0].peer == 2);
  CHECK(received[0].lane == Lane::bulk);
  CHECK(received[0].proof == TENON_PROOF_CLUSTER);
  CHECK(received[0].bytes == "first");
  CHECK(received[1].bytes == "second");
  CHECK(host.violations().empty());
}

TEST_CASE("a test can wait for frames and events that another thread brings") {
  const FakeTransportHost host;
  CHECK_FALSE(host.wait_for_frames(1, kNotAtAll));
  CHECK_FALSE(host.wait_for_event({2, Lane::control, TENON_EVENT_UP}, kNotAtAll));
  std::thread transport([&host] {
    introduce(host, 2);
    tell(host, 2, Lane::control, TENON_EVENT_UP);
    receive(host, 2, Lane::control, "a");
    receive(host, 2, Lane::control, "b");
    tell(host, 2, Lane::control, TENON_EVENT_DOWN);
    tell(host, 2, Lane::control, TENON_EVENT_UP);
  });
  CHECK(host.wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong));
  CHECK(host.wait_for_frames(2, kLong));
  CHECK(host.wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong, 2));
  CHECK_FALSE(host.wait_for_event({2, Lane::bulk, TENON_EVENT_UP}, kNotAtAll));
  CHECK_FALSE(host.wait_for_frames(3, kNotAtAll));
  transport.join();
  CHECK(host.is_up(2, Lane::control));
  CHECK_FALSE(host.is_up(2, Lane::bulk));
  CHECK(host.lane_events().size() == 3);
  CHECK(host.violations().empty());
}

TEST_CASE("what breaks the contract of a transport is noted") {
  const auto violations = [](auto&& body) {
    const FakeTransportHost host;
    introduce(host, 2);
    body(host);
    return host.violations().size();
  };
  CHECK(violations([](const FakeTransportHost& host) { tell(host, 2, Lane::bulk, TENON_EVENT_DOWN); }) == 1);
  CHECK(violations([](const FakeTransportHost& host) { tell(host, 2, Lane::bulk, TENON_EVENT_WRITABLE); }) == 1);
  CHECK(violations([](const FakeTransportHost& host) { tell(host, 2, Lane::bulk, 17); }) == 1);
  CHECK(violations([](const FakeTransportHost& host) { tell(host, 2, Lane{9}, TENON_EVENT_UP); }) == 1);
  CHECK(violations([](const FakeTransportHost& host) { receive(host, 2, Lane::bulk, "a", 9); }) == 1);
  CHECK(violations([](const FakeTransportHost& host) {
          tell(host, 2, Lane::bulk, TENON_EVENT_UP);
          tell(host, 2, Lane::control, TENON_EVENT_UP);
          tell(host, 2, Lane::bulk, TENON_EVENT_UP);
        }) == 1);
  CHECK(violations([](const FakeTransportHost& host) {
          constexpr std::uint32_t most = TENON_FRAME_BYTES_MAX;
          receive(host, 2, Lane::bulk, std::string(most, 'a'));
          receive(host, 2, Lane::bulk, std::string(most + 1, 'a'));
        }) == 1);
}

TEST_CASE("a fake transport host says what its node is, and keeps what peers say of themselves") {
  const FakeTransportHost host({1, 2, 3}, {"thrift://one:1", "http://one:2"});
  const tenon_introduction& self = *host.table()->self;
  CHECK(self.incarnation[2] == 3);
  REQUIRE(self.client_address_count == 2);
  CHECK(std::string(self.client_addresses[1]) == "http://one:2");
  introduce(host, 2, {"thrift://two:1"});
  std::array<std::uint8_t, 16> incarnation{};
  incarnation[15] = 7;
  CHECK(host.introductions() == std::vector<ReceivedIntroduction>{{2, incarnation, {"thrift://two:1"}}});
  CHECK(host.violations().empty());
  introduce(host, 2, std::vector<const char*>(TENON_CLIENT_ADDRESSES_MAX + 1, "thrift://two:1"));
  CHECK(host.violations().size() == 1);
}

TEST_CASE("frames and events of a peer that was not introduced are noted") {
  const FakeTransportHost host;
  receive(host, 2, Lane::bulk, "a");
  CHECK(host.violations().size() == 1);
  tell(host, 2, Lane::control, TENON_EVENT_UP);
  CHECK(host.violations().size() == 2);
}

TEST_CASE("calls that overlap on one lane are noted") {
  const std::string frame(1 << 20, 'a');
  const std::vector<tenon_bytes> frames(8, bytes(frame));
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  bool seen = false;
  while (!seen && std::chrono::steady_clock::now() < deadline) {
    const FakeTransportHost host;
    introduce(host, 2);
    const auto deliver = [&] {
      host.table()->receive(host.table(), 2, TENON_LANE_BULK, 0, frames.data(), frames.size());
    };
    std::thread other(deliver);
    deliver();
    other.join();
    seen = !host.violations().empty();
  }
  CHECK(seen);
}

}  // namespace tenon::testing
