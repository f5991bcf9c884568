// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "fault/transport_table.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"
#include "tenon/testing/transport_host.hpp"

namespace tenon::fault::test {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kPeer = 2;
constexpr std::chrono::seconds kPatience{20};

// A transport that keeps what is sent, and from which frames come when a test says so, with faults before it.
class FaultyPlugin {
 public:
  explicit FaultyPlugin(const TransportFaults& faults) {
    table_.struct_size = sizeof table_;
    table_.start = [](void* self, const tenon_transport_host* host, tenon_detail*) -> tenon_error {
      static_cast<FaultyPlugin*>(self)->host_ = host;
      return TENON_OK;
    };
    table_.stop = [](void*) {};
    table_.set_peer = [](void*, std::uint64_t, const char* const*, std::uint64_t) -> tenon_error { return TENON_OK; };
    table_.send = [](void* self, std::uint64_t, std::uint32_t, const tenon_frame* frames, std::uint64_t count) {
      FaultyPlugin& plugin = *static_cast<FaultyPlugin*>(self);
      if (plugin.is_full) return std::uint64_t{0};
      for (std::uint64_t i = 0; i < count; ++i) plugin.sent.emplace_back(view(frames[i].parts[0]));
      for (std::uint64_t i = 0; i < count; ++i) frames[i].loan.release(frames[i].loan.owner);
      return count;
    };
    faulty_.emplace(faults, table_, this, [this](const char* kind) {
      ++suffered;
      if (std::string_view(kind) == "loss") ++lost;
    });
    REQUIRE(faulty_->table()->start(faulty_->self(), node.table(), nullptr) == TENON_OK);
    const tenon_introduction said{};
    host_->introduced(host_, kPeer, &said);
    host_->lane_event(host_, kPeer, TENON_LANE_BULK, TENON_EVENT_UP);
  }
  ~FaultyPlugin() { stop(); }

  void stop() {
    if (!std::exchange(stopped_, true)) faulty_->table()->stop(faulty_->self());
  }
  // Sends the frames 0, 1, 2..; returns how many were taken.
  std::uint64_t send(int count, std::uint64_t peer = kPeer) {
    std::vector<std::string> texts;
    std::vector<tenon_bytes> parts;
    std::vector<tenon_frame> frames;
    for (int i = 0; i < count; ++i) texts.push_back(std::to_string(i));
    for (const std::string& text : texts) parts.push_back(bytes(text));
    for (const tenon_bytes& part : parts) {
      frames.push_back({&part, 1, {[](void* owner) { ++*static_cast<int*>(owner); }, &released}});
    }
    return faulty_->table()->send(faulty_->self(), peer, TENON_LANE_BULK, frames.data(), frames.size());
  }
  // The frames 0, 1, 2.. come from the peer.
  void come(int count, std::uint32_t lane = TENON_LANE_BULK) const {
    for (int i = 0; i < count; ++i) {
      const std::string text = std::to_string(i);
      const tenon_bytes data = bytes(text);
      host_->receive(host_, kPeer, lane, TENON_PROOF_NONE, &data, 1);
    }
  }
  // What the node has received, when it is so much.
  std::vector<std::string> received(std::size_t count) const {
    node.wait_for_frames(count, kPatience);
    std::vector<std::string> texts;
    for (const testing::ReceivedFrame& frame : node.frames()) texts.push_back(frame.bytes);
    return texts;
  }

  testing::FakeTransportHost node;
  std::vector<std::string> sent;
  std::atomic<int> suffered{0};
  std::atomic<int> lost{0};
  int released = 0;
  bool is_full = false;

 private:
  tenon_transport table_{};
  std::optional<TransportTable> faulty_;
  const tenon_transport_host* host_ = nullptr;
  bool stopped_ = false;
};

std::vector<std::string> lost_by(std::uint64_t seed) {
  FaultyPlugin plugin({.seed = seed, .loss_percent = 30});
  CHECK(plugin.send(100) == 100);
  CHECK(plugin.released == 100);
  return plugin.sent;
}

TEST_CASE("frames that are lost as they are sent count as taken, by the seed alone") {
  const std::vector<std::string> first = lost_by(7);
  CHECK(first.size() > 50);
  CHECK(first.size() < 90);
  CHECK(lost_by(7) == first);
  CHECK(lost_by(8) != first);
}

TEST_CASE("what a full transport does not take stays with the host") {
  FaultyPlugin plugin({.loss_percent = 1});
  plugin.is_full = true;
  const std::uint64_t taken = plugin.send(10);
  CHECK(taken < 10);
  CHECK(plugin.released == static_cast<int>(taken));
}

TEST_CASE("frames that come are lost, and what is left keeps its order") {
  FaultyPlugin plugin({.loss_percent = 30, .delay = 1ms, .delay_jitter = 3ms});
  plugin.come(100);
  const int lost = plugin.lost;
  CHECK(lost > 10);
  CHECK(lost < 50);
  const std::vector<std::string> all = plugin.received(static_cast<std::size_t>(100 - lost));
  CHECK(all.size() == static_cast<std::size_t>(100 - lost));
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(std::stoi(all[i - 1]) < std::stoi(all[i]));
  CHECK(plugin.node.violations().empty());
}

TEST_CASE("a delay holds frames back, and not what is said of the lane") {
  FaultyPlugin plugin({.delay = 300ms});
  const auto began = std::chrono::steady_clock::now();
  plugin.come(3);
  CHECK(plugin.node.wait_for_event({kPeer, Lane::bulk, TENON_EVENT_UP}, kPatience));
  CHECK(plugin.received(3) == std::vector<std::string>{"0", "1", "2"});
  CHECK(std::chrono::steady_clock::now() - began >= 300ms);
}

TEST_CASE("an isolated direction loses every frame, and the other none") {
  FaultyPlugin incoming({.isolation = Isolation::incoming});
  incoming.come(5);
  CHECK(incoming.suffered == 5);
  CHECK(incoming.send(5) == 5);
  CHECK(incoming.sent.size() == 5);
  incoming.stop();
  CHECK(incoming.node.frames().empty());
  FaultyPlugin outgoing({.isolation = Isolation::outgoing});
  CHECK(outgoing.send(5) == 5);
  CHECK(outgoing.sent.empty());
  outgoing.come(5);
  CHECK(outgoing.received(5).size() == 5);
}

TEST_CASE("frames of other peers and other lanes suffer nothing") {
  FaultyPlugin plugin({.peers = {3}, .loss_percent = 100});
  CHECK(plugin.send(5) == 5);
  CHECK(plugin.sent.size() == 5);
  CHECK(plugin.send(5, 3) == 5);
  CHECK(plugin.sent.size() == 5);
  plugin.come(5);
  CHECK(plugin.received(5).size() == 5);
  FaultyPlugin control({.lanes = Lanes::control, .loss_percent = 100});
  control.come(2, TENON_LANE_CONTROL);
  control.come(5);
  CHECK(control.received(5).size() == 5);
  CHECK(control.suffered == 2);
}

TEST_CASE("frames come twice and out of order when that is asked for") {
  FaultyPlugin twice({.duplicate_percent = 100});
  twice.come(2);
  CHECK(twice.received(4) == std::vector<std::string>{"0", "0", "1", "1"});
  FaultyPlugin late({.reorder_percent = 100});
  late.come(4);
  CHECK(late.received(4) == std::vector<std::string>{"1", "0", "3", "2"});
}

}  // namespace
}  // namespace tenon::fault::test
