// SPDX-License-Identifier: MIT
#include "host/peer_host.hpp"

#include <deque>

#include "support/catch.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::host {
namespace {

using node::Lane;
using node::LaneEvent;

const raft::NodeId kSelf(1);
const raft::NodeId kPeer(2);

// A transport that takes as many frames as the test lets it, and keeps them until it is stopped.
class FakeTransport {
 public:
  explicit FakeTransport(std::string name) : name_(std::move(name)) {
    table_.struct_size = sizeof table_;
    table_.start = [](void* self, const tenon_transport_host* table, tenon_detail* why) {
      of(self).host = table;
      return describe(why, of(self).start_error, "told so");
    };
    table_.stop = [](void* self) {
      for (const tenon_frame& frame : of(self).taken) give_back(frame.loan);
      of(self).taken.clear();
    };
    table_.set_peer = [](void* self, std::uint64_t peer, const char* const* urls, std::uint64_t count) {
      for (std::uint64_t i = 0; i < count; ++i) of(self).addresses.push_back(std::to_string(peer) + urls[i]);
      return of(self).set_peer_error;
    };
    table_.send = [](void* self, std::uint64_t, std::uint32_t, const tenon_frame* frames, std::uint64_t count) {
      std::uint64_t taken_now = 0;
      for (; taken_now < count && of(self).room > 0; ++taken_now, --of(self).room) {
        of(self).taken.push_back(frames[taken_now]);
      }
      return taken_now;
    };
  }
  FakeTransport(const FakeTransport&) = delete;
  FakeTransport& operator=(const FakeTransport&) = delete;

  TransportPort port() { return {name_, &table_, this}; }
  void report(std::uint32_t event, Lane lane = Lane::control) const {
    host->lane_event(host, kPeer.value(), lane == Lane::control ? TENON_LANE_CONTROL : TENON_LANE_BULK, event);
  }
  std::string text_of(std::size_t at) const {
    std::string text;
    for (std::uint64_t i = 0; i < taken[at].part_count; ++i) text += view(taken[at].parts[i]);
    return text;
  }

  const tenon_transport_host* host = nullptr;
  tenon_error start_error = TENON_OK;
  tenon_error set_peer_error = TENON_OK;
  std::size_t room = 1'000;
  std::vector<tenon_frame> taken;
  std::vector<std::string> addresses;

 private:
  static FakeTransport& of(void* self) noexcept { return *static_cast<FakeTransport*>(self); }
  const std::string name_;
  tenon_transport table_{};
};

// Writes down what comes: "control up", "bulk down", or a frame's text.
class Notes final : public PeerEvents {
 public:
  void receive(raft::NodeId peer, std::span<const tenon_bytes> frames) override {
    if (peer != kPeer) all.push_back("of " + std::to_string(peer.value()));
    for (const tenon_bytes& frame : frames) all.emplace_back(view(frame));
  }
  void on_lane(raft::NodeId peer, Lane lane, LaneEvent event) override {
    CHECK(peer == kPeer);
    const char* const what = event == LaneEvent::up ? "up" : event == LaneEvent::down ? "down" : "writable";
    all.push_back(std::string(lane == Lane::control ? "control " : "bulk ") + what);
  }
  void on_dial_failed(raft::NodeId peer, const std::string& why) override {
    all.push_back("dial of " + std::to_string(peer.value()) + ": " + why);
  }
  std::vector<std::string> all;
};

struct Fixture {
  PeerDirectory directory{kSelf};
  Notes notes;
  Metrics metrics;
  FakeTransport first{"first"};
  FakeTransport second{"second"};
  PeerHost peers{directory, notes, metrics};

  Fixture() { peers.introduce_self({9}, {"thrift://one:7101"}); }
  ~Fixture() { peers.stop(); }
  void start_both() {
    peers.start(first.port());
    peers.start(second.port());
    peers.set_peer(kPeer, {"x://two:1", "y://two:2"});
  }
  double counted(const std::string& name, const std::string& labels = {}) const {
    for (const MetricValue& metric : metrics.values()) {
      if (metric.name == name && metric.labels == labels) return metric.value;
    }
    return -1;
  }
};

using Texts = std::vector<std::string>;

wire::OutgoingFrame frame_of(const std::string& head, const std::string& data) {
  auto owner = std::make_shared<const std::string>(data);
  return {head, {{owner, *owner}}, head.size() + data.size()};
}

TEST_CASE("a transport learns of this node what its peers are told") {
  Fixture f;
  f.peers.start(f.first.port());
  REQUIRE(f.first.host->self->client_address_count == 1);
  CHECK(f.first.host->self->client_addresses[0] == std::string("thrift://one:7101"));
  CHECK(f.first.host->self->incarnation[0] == 9);
  CHECK(f.directory.client_address(kSelf, "thrift") == "one:7101");
}

TEST_CASE("a transport that cannot start, or finds fault with addresses, is an error with its words") {
  Fixture f;
  f.first.start_error = TENON_ERROR_IO;
  CHECK_THROWS_WITH(f.peers.start(f.first.port()), "the transport first could not start: told so");
  f.first.start_error = TENON_OK;
  f.peers.start(f.first.port());
  f.first.set_peer_error = TENON_ERROR_INVALID;
  CHECK(f.peers.set_peer(kPeer, {"x://two:1"}).find("the transport first does not take the addresses of node 2") == 0);
  CHECK_FALSE(f.peers.set_peer(kSelf, {"x://one:1"}).empty());
  CHECK_FALSE(f.peers.set_peer(kPeer, {"no address"}).empty());
}

TEST_CASE("every transport is given a peer's addresses, and one that takes them is enough") {
  Fixture f;
  f.first.set_peer_error = TENON_ERROR_UNSUPPORTED;
  f.start_both();
  CHECK(f.first.addresses == Texts{"2x://two:1", "2y://two:2"});
  CHECK(f.second.addresses == f.first.addresses);
  f.second.set_peer_error = TENON_ERROR_UNSUPPORTED;
  CHECK(f.peers.set_peer(kPeer, {"z://two:1"}) ==
        "no transport takes the addresses of node 2, z://two:1; the transports are first, second: give an address with "
        "the scheme of one of them");
}

TEST_CASE("a peer without addresses is gone, its lanes are down, and what is said of them later is not heard") {
  Fixture f;
  f.start_both();
  f.first.report(TENON_EVENT_UP);
  CHECK(f.peers.set_peer(kPeer, {}).empty());
  CHECK(f.notes.all == Texts{"control up", "control down"});
  CHECK_FALSE(f.directory.knows(kPeer));
  f.first.report(TENON_EVENT_DOWN);
  CHECK(f.notes.all.size() == 2);
  CHECK(f.peers.set_peer(kPeer, {"x://two:3"}).empty());
  f.first.report(TENON_EVENT_UP);
  CHECK(f.notes.all.back() == "control up");
}

TEST_CASE("what a transport says of an address that fails reaches the node") {
  Fixture f;
  const tenon_dial_reports* const reports = f.peers.dial_reports();
  reports->failed(reports, 4, bytes(std::string_view("two:1: refused")));
  CHECK(f.notes.all == Texts{"dial of 4: two:1: refused"});
}

TEST_CASE("a lane is up when that of any transport is, and goes down with the connection that it uses") {
  Fixture f;
  f.start_both();
  f.second.report(TENON_EVENT_UP);
  f.first.report(TENON_EVENT_UP);
  f.first.report(TENON_EVENT_WRITABLE);
  CHECK(f.notes.all == Texts{"control up"});
  f.second.report(TENON_EVENT_WRITABLE);
  f.second.report(TENON_EVENT_DOWN);
  CHECK(f.notes.all == Texts{"control up", "control writable", "control down", "control up"});
  CHECK(f.directory.nodes()[1].lanes == std::array<std::string, 2>{"first", ""});
  f.second.report(TENON_EVENT_UP);
  f.second.report(TENON_EVENT_DOWN);
  CHECK(f.notes.all.size() == 4);
  f.first.report(TENON_EVENT_DOWN);
  CHECK(f.notes.all.size() == 5);
  CHECK(f.notes.all.back() == "control down");
  CHECK(f.directory.nodes()[1].lanes == std::array<std::string, 2>{"", ""});
}

TEST_CASE("of the transports that are up the first in order is used, for each lane by itself") {
  Fixture f;
  f.start_both();
  std::vector<wire::OutgoingFrame> frames;
  frames.push_back(frame_of("a", "b"));
  CHECK(f.peers.send(kPeer, Lane::control, frames) == 0);
  f.second.report(TENON_EVENT_UP, Lane::bulk);
  CHECK(f.peers.send(kPeer, Lane::control, frames) == 0);
  CHECK(f.peers.send(kPeer, Lane::bulk, frames) == 1);
  CHECK(f.second.taken.size() == 1);
  f.second.report(TENON_EVENT_UP);
  f.first.report(TENON_EVENT_UP);
  f.second.report(TENON_EVENT_DOWN);
  frames[0] = frame_of("c", "d");
  CHECK(f.peers.send(kPeer, Lane::control, frames) == 1);
  CHECK(f.first.text_of(0) == "cd");
  CHECK(f.peers.send(raft::NodeId(3), Lane::control, frames) == 0);
}

TEST_CASE("frames go by loan: entries are not copied, and what is not taken stays with the node") {
  Fixture f;
  f.start_both();
  f.first.report(TENON_EVENT_UP);
  const auto owner = std::make_shared<const std::string>("entry");
  std::vector<wire::OutgoingFrame> frames(3);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i] = {"head" + std::to_string(i), {{owner, *owner}, {owner, *owner}}, 15};
  }
  f.first.room = 2;
  CHECK(f.peers.send(kPeer, Lane::control, frames) == 2);
  CHECK(f.first.text_of(0) == "head0entryentry");
  CHECK(f.first.text_of(1) == "head1entryentry");
  CHECK(view(f.first.taken[0].parts[1]).data() == owner->data());
  CHECK(frames[2].head == "head2");
  CHECK(frames[2].data.size() == 2);
  frames.clear();
  CHECK(owner.use_count() == 5);  // ours, and two of each frame that was taken
  f.peers.stop();
  CHECK(owner.use_count() == 1);
}

TEST_CASE("frames reach the node from everyone, for who is no peer may want to be, and lanes only of peers") {
  Fixture f;
  f.start_both();
  const std::string texts[] = {"one", "two"};
  const tenon_bytes frames[] = {bytes(texts[0]), bytes(texts[1])};
  const tenon_transport_host* const host = f.second.host;
  host->receive(host, kPeer.value(), TENON_LANE_BULK, TENON_PROOF_NONE, frames, 2);
  host->receive(host, 3, TENON_LANE_BULK, TENON_PROOF_NONE, frames, 2);
  host->lane_event(host, 3, TENON_LANE_CONTROL, TENON_EVENT_UP);
  host->lane_event(host, kPeer.value(), 7, TENON_EVENT_UP);
  CHECK(f.notes.all == Texts{"one", "two", "of 3", "one", "two"});
}

TEST_CASE("an introduction is kept within bounds, and refused and counted beyond them") {
  Fixture f;
  f.start_both();
  const auto introduce = [&](std::uint64_t peer, const std::vector<std::string>& addresses) {
    std::vector<const char*> pointers;
    pointers.reserve(addresses.size());
    for (const std::string& address : addresses) pointers.push_back(address.c_str());
    const tenon_introduction said{{5}, pointers.data(), pointers.size()};
    f.first.host->introduced(f.first.host, peer, &said);
  };
  introduce(2, {"thrift://two:7101"});
  CHECK(f.directory.client_address(kPeer, "thrift") == "two:7101");
  CHECK(f.directory.nodes()[1].incarnation == raft::Incarnation{5});
  CHECK(f.counted("tenon_introductions_refused_total") == 0);
  introduce(2, std::vector<std::string>(kAddressesMax + 1, "thrift://two:1"));
  introduce(2, {"thrift://" + std::string(kAddressBytesMax, 'a')});
  introduce(2, {"no address"});
  introduce(1, {"thrift://one:1"});
  introduce(3, {"thrift://three:1"});
  CHECK(f.counted("tenon_introductions_refused_total") == 4);
  // Of a node that is no peer, or not yet, nothing is kept.
  CHECK_FALSE(f.directory.knows(raft::NodeId(3)));
  CHECK(f.directory.client_address(kPeer, "thrift") == "two:7101");
  CHECK(f.directory.client_address(kSelf, "thrift") == "one:7101");
}

}  // namespace
}  // namespace tenon::host
