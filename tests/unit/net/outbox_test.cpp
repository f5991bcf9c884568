// SPDX-License-Identifier: MIT
#include "net/peer/outbox.hpp"

#include "support/catch.hpp"

namespace tenon::net {

namespace {

constexpr LaneId kLane{2, Lane::bulk};
constexpr std::uint64_t kFrameOverheadBytes = 29;
constexpr std::uint64_t kRoom = 10 * (100 + kFrameOverheadBytes);

struct Sender {
  std::size_t send(std::size_t count, std::uint64_t size = 100) {
    text.assign(static_cast<std::size_t>(size), 'x');
    part = bytes(text);
    const std::vector<tenon_frame> frames(count,
                                          tenon_frame{&part, 1, {[](void* n) { ++*static_cast<int*>(n); }, &released}});
    OfferedFrames offered(frames);
    outbox.send(kLane, offered);
    return offered.taken();
  }
  int wakes = 0;
  int released = 0;
  std::string text;
  tenon_bytes part{};
  Outbox outbox{kRoom, kFrameOverheadBytes, [this] { ++wakes; }};
};

}  // namespace

TEST_CASE("a lane that is not open takes nothing, an empty one takes a frame of any size") {
  Sender sender;
  CHECK(sender.send(1) == 0);
  sender.outbox.open(kLane);
  CHECK(sender.send(2, 10 * kRoom) == 1);
  CHECK(sender.send(1, 0) == 0);
  CHECK(sender.outbox.close(kLane).size() == 1);
  CHECK(sender.released == 1);
  CHECK(sender.send(1) == 0);
}

TEST_CASE("room is given back in bytes, and writable is due once, when half of it is free") {
  Sender sender;
  sender.outbox.open(kLane);
  CHECK(sender.send(11) == 10);
  CHECK_FALSE(sender.outbox.give_room(kLane, kRoom / 10 * 4));
  CHECK(sender.outbox.give_room(kLane, kRoom / 10));
  CHECK_FALSE(sender.outbox.give_room(kLane, kRoom / 10));
  CHECK(sender.send(11) == 6);
  sender.outbox.close(kLane);
}

TEST_CASE("a sleeper is woken once, and then only after it has taken everything") {
  Sender sender;
  sender.outbox.open(kLane);
  sender.send(1);
  sender.send(2);
  sender.outbox.set_peer(3, {});
  CHECK(sender.wakes == 1);
  Outbox::Work work = sender.outbox.take();
  REQUIRE(work.batches.size() == 1);
  CHECK(work.batches[0].frames.size() == 3);
  CHECK(work.changes.at(3).drop);
  CHECK(sender.outbox.take().batches.empty());
  sender.send(1);
  CHECK(sender.wakes == 2);
  sender.outbox.close(kLane);
}

TEST_CASE("what was handed over before a lane closed is not sent after it opened again") {
  Sender sender;
  sender.outbox.open(kLane);
  sender.send(3);
  CHECK(sender.outbox.close(kLane).size() == 3);
  sender.outbox.open(kLane);
  sender.send(1);
  std::size_t frames = 0;
  for (const Outbox::Batch& batch : sender.outbox.take().batches) frames += batch.frames.size();
  CHECK(frames == 1);
}

TEST_CASE("a peer that is dropped and set again at once is dropped first") {
  Sender sender;
  sender.outbox.set_peer(2, {{{"a", "1"}, {}}});
  CHECK_FALSE(sender.outbox.take().changes.at(2).drop);
  sender.outbox.set_peer(2, {});
  sender.outbox.set_peer(2, {{{"b", "2"}, {}}});
  const Outbox::Work work = sender.outbox.take();
  CHECK(work.changes.at(2).drop);
  CHECK(work.changes.at(2).addresses.at(0).endpoint.host == "b");
}

}  // namespace tenon::net
