// SPDX-License-Identifier: MIT
#include <functional>
#include <thread>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"
#include "validation/transport_table.hpp"

namespace tenon::validation::test {
namespace {

const Lines kNone;
constexpr std::uint64_t kPeer = 2;

struct Released {
  int times = 0;
  tenon_loan loan() {
    return {[](void* owner) { ++static_cast<Released*>(owner)->times; }, this};
  }
};

// A transport plugin that does as a test says, and its host, with validation between.
struct ScriptedTransport {
  ScriptedTransport() {
    inner.struct_size = sizeof inner;
    inner.start = [](void* self, const tenon_transport_host* given, tenon_detail*) -> tenon_error {
      static_cast<ScriptedTransport*>(self)->plugin_host = given;
      return TENON_OK;
    };
    inner.stop = [](void*) {};
    inner.set_peer = [](void*, std::uint64_t, const char* const*, std::uint64_t) -> tenon_error { return TENON_OK; };
    inner.send = [](void* self, std::uint64_t, std::uint32_t, const tenon_frame* frames, std::uint64_t count) {
      return static_cast<ScriptedTransport*>(self)->on_send(frames, count);
    };
    outer.struct_size = sizeof outer;
    outer.context = this;
    outer.self = &introduction;
    outer.introduced = [](const tenon_transport_host*, std::uint64_t, const tenon_introduction*) {};
    outer.receive = [](const tenon_transport_host* of, std::uint64_t, std::uint32_t, std::uint32_t, const tenon_bytes*,
                       std::uint64_t) { static_cast<ScriptedTransport*>(of->context)->on_receive(); };
    outer.lane_event = [](const tenon_transport_host* of, std::uint64_t, std::uint32_t, std::uint32_t) {
      ++static_cast<ScriptedTransport*>(of->context)->events;
    };
    validated.emplace(subject, inner, this);
  }

  tenon_error start() { return validated->table()->start(validated->self(), &outer, nullptr); }
  void stop() { validated->table()->stop(validated->self()); }
  std::uint64_t send(std::vector<tenon_frame> frames) {
    return validated->table()->send(validated->self(), kPeer, TENON_LANE_BULK, frames.data(), frames.size());
  }
  void introduce() const { plugin_host->introduced(plugin_host, kPeer, &introduction); }
  void say(std::uint32_t event) const { plugin_host->lane_event(plugin_host, kPeer, TENON_LANE_BULK, event); }
  void receive(const std::vector<tenon_bytes>& frames) const {
    plugin_host->receive(plugin_host, kPeer, TENON_LANE_BULK, TENON_PROOF_NONE, frames.data(), frames.size());
  }

  Recorder recorder;
  Threads threads;
  Subject subject{threads, recorder};
  tenon_transport inner{};
  tenon_introduction introduction{{1}, nullptr, 0};
  tenon_transport_host outer{};
  std::optional<TransportTable> validated;
  const tenon_transport_host* plugin_host = nullptr;
  std::function<std::uint64_t(const tenon_frame*, std::uint64_t)> on_send = [](const tenon_frame*, std::uint64_t) {
    return std::uint64_t{0};
  };
  std::function<void()> on_receive = [] {};
  int events = 0;
};

TEST_CASE("a transport and a host that keep the contract are not found fault with") {
  ScriptedTransport transport;
  CHECK(transport.start() == TENON_OK);
  transport.introduce();
  transport.say(TENON_EVENT_UP);
  transport.receive({bytes("frame")});
  Released first;
  Released second;
  tenon_loan taken{};
  transport.on_send = [&](const tenon_frame* frames, std::uint64_t) {
    taken = frames[0].loan;
    return std::uint64_t{1};
  };
  CHECK(transport.send({{nullptr, 0, first.loan()}, {nullptr, 0, second.loan()}}) == 1);
  transport.say(TENON_EVENT_WRITABLE);
  taken.release(taken.owner);
  transport.say(TENON_EVENT_DOWN);
  transport.introduce();
  transport.say(TENON_EVENT_UP);
  transport.stop();
  CHECK(first.times == 1);
  CHECK(second.times == 0);
  CHECK(transport.recorder.text().empty());
}

TEST_CASE("UP and DOWN that do not take turns are found and not passed on") {
  ScriptedTransport transport;
  transport.start();
  transport.introduce();
  transport.introduce();
  transport.say(TENON_EVENT_DOWN);
  transport.say(TENON_EVENT_UP);
  CHECK(transport.recorder.text() ==
        "PLUGIN_MISBEHAVING tenon_transport_host.lane_event: found DOWN of a lane that is down, lane 1 of peer 2, "
        "expected UP first [lane]\n");
  transport.recorder.take();
  transport.say(TENON_EVENT_UP);
  transport.say(TENON_EVENT_WRITABLE);
  transport.say(9);
  CHECK(transport.recorder.take() == Lines{"plugin lane tenon_transport_host.lane_event",
                                           "plugin lane tenon_transport_host.lane_event",
                                           "plugin argument tenon_transport_host.lane_event"});
  CHECK(transport.events == 1);
  transport.stop();
}

TEST_CASE("a connection and frames of a peer that was not introduced are found") {
  ScriptedTransport transport;
  transport.start();
  transport.receive({bytes("frame")});
  CHECK(transport.recorder.take() == Lines{"plugin introduction tenon_transport_host.receive"});
  transport.say(TENON_EVENT_UP);
  CHECK(transport.recorder.take() == Lines{"plugin introduction tenon_transport_host.lane_event"});
  transport.introduce();
  transport.receive({bytes("frame")});
  CHECK(transport.recorder.take() == kNone);
  transport.stop();
}

TEST_CASE("frames beyond the maximum are found on both sides") {
  const std::string large(TENON_FRAME_BYTES_MAX, 'x');
  ScriptedTransport transport;
  transport.start();
  transport.introduce();
  transport.receive({bytes(large)});
  CHECK(transport.recorder.take() == kNone);
  transport.receive({{bytes(large).data, TENON_FRAME_BYTES_MAX + 1}});
  CHECK(transport.recorder.take() == Lines{"plugin frame tenon_transport_host.receive"});
  const tenon_bytes parts[] = {bytes(large), bytes("x")};
  transport.send({{parts, 1, {}}});
  CHECK(transport.recorder.take() == kNone);
  transport.send({{parts, 2, {}}});
  CHECK(transport.recorder.take() == Lines{"host frame tenon_transport.send"});
  transport.stop();
}

TEST_CASE("frames that are released twice, never, or without having been taken are found") {
  ScriptedTransport transport;
  transport.start();
  Released released;
  tenon_loan kept{};
  transport.on_send = [&](const tenon_frame* frames, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) frames[i].loan.release(frames[i].loan.owner);
    return std::uint64_t{0};
  };
  transport.send({{nullptr, 0, released.loan()}});
  CHECK(transport.recorder.take() == Lines{"plugin loan tenon_transport.send"});
  transport.on_send = [&](const tenon_frame* frames, std::uint64_t count) {
    kept = frames[0].loan;
    kept.release(kept.owner);
    kept.release(kept.owner);
    return count;
  };
  released.times = 0;
  transport.send({{nullptr, 0, released.loan()}});
  CHECK(transport.recorder.take() == Lines{"plugin loan tenon_loan.release"});
  CHECK(released.times == 1);
  transport.on_send = [](const tenon_frame*, std::uint64_t count) { return count; };
  transport.send({{nullptr, 0, released.loan()}});
  transport.stop();
  CHECK(transport.recorder.take() == Lines{"plugin loan tenon_transport.stop"});
}

TEST_CASE("more frames taken than were offered are found") {
  ScriptedTransport transport;
  transport.start();
  transport.on_send = [](const tenon_frame*, std::uint64_t count) { return count + 1; };
  CHECK(transport.send({{nullptr, 0, {}}}) == 1);
  CHECK(transport.recorder.take() == Lines{"plugin frame tenon_transport.send"});
  transport.stop();
}

TEST_CASE("the array of frames is spoilt when send returns") {
  ScriptedTransport transport;
  transport.start();
  const tenon_frame* kept = nullptr;
  transport.on_send = [&](const tenon_frame* frames, std::uint64_t count) {
    kept = frames;
    return count;
  };
  transport.send({{nullptr, 0, {}}});
  CHECK(kept->part_count == 0xeeee'eeee'eeee'eeee);
  transport.stop();
}

TEST_CASE("calls for one lane that overlap are found") {
  ScriptedTransport transport;
  transport.start();
  transport.introduce();
  transport.on_receive = [&] { std::thread([&] { transport.say(TENON_EVENT_UP); }).join(); };
  transport.receive({bytes("frame")});
  CHECK(transport.recorder.take() == Lines{"plugin overlap tenon_transport_host.lane_event"});
  transport.stop();
}

TEST_CASE("calls before start and after stop are found and not passed on, on both sides") {
  ScriptedTransport transport;
  transport.send({{nullptr, 0, {}}});
  CHECK(transport.recorder.take() == Lines{"host state tenon_transport.send"});
  transport.start();
  transport.start();
  CHECK(transport.recorder.take() == Lines{"host state tenon_transport.start"});
  transport.stop();
  transport.stop();
  CHECK(transport.recorder.take() == Lines{"host state tenon_transport.stop"});
  transport.introduce();
  transport.receive({bytes("frame")});
  transport.say(TENON_EVENT_UP);
  CHECK(transport.recorder.take() == Lines{"plugin state tenon_transport_host.introduced",
                                           "plugin state tenon_transport_host.receive",
                                           "plugin state tenon_transport_host.lane_event"});
  CHECK(transport.events == 0);
}

TEST_CASE("a lane or a peer that cannot be is found") {
  ScriptedTransport transport;
  transport.start();
  const tenon_transport& table = *transport.validated->table();
  CHECK(table.send(transport.validated->self(), kPeer, 2, nullptr, 0) == 0);
  CHECK(table.set_peer(transport.validated->self(), 0, nullptr, 0) == TENON_ERROR_INVALID);
  CHECK(transport.recorder.take() ==
        Lines{"host argument tenon_transport.send", "host argument tenon_transport.set_peer"});
  transport.plugin_host->receive(transport.plugin_host, kPeer, 2, TENON_PROOF_NONE, nullptr, 0);
  CHECK(transport.recorder.take() == Lines{"plugin argument tenon_transport_host.receive"});
  transport.stop();
}

}  // namespace
}  // namespace tenon::validation::test
