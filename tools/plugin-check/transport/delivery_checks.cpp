// SPDX-License-Identifier: MIT
#include <map>
#include <mutex>

#include "network/resources.hpp"
#include "transport/pair.hpp"
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

namespace {

void check_introduction(Subject& subject) {
  Pair pair(subject);
  pair.await_up("at first");
  for (const auto& [here, there] : {std::pair(&pair.one(), &pair.two()), std::pair(&pair.two(), &pair.one())}) {
    const std::optional<Said> said = here->host().introduction(there->id());
    subject.expect(said.has_value(), "a lane came up, and introduced() did not come before");
    subject.expect(said->incarnation == there->said().incarnation,
                   "introduced() brought another incarnation than the "
                   "one that the peer's host says of itself");
    subject.expect(said->client_addresses == there->said().client_addresses,
                   "introduced() brought other client addresses than those that the peer's host says of itself");
  }
}

// Holds what arrives against the frames that each node sends on each lane, all of them and in their order.
class Arrivals {
 public:
  Arrivals(Subject& subject, std::vector<std::string> expected) : subject_(subject), expected_(std::move(expected)) {}

  const std::vector<std::string>& expected() const noexcept { return expected_; }
  TransportHost::Receiver receiver() {
    return [this](std::uint64_t peer, Lane lane, std::string_view bytes) { enter(peer, lane, bytes); };
  }
  bool all_came(std::uint64_t sender, Lane lane) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find({sender, lane});
    return found != counts_.end() && found->second == expected_.size();
  }

 private:
  void enter(std::uint64_t sender, Lane lane, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = counts_[{sender, lane}];
    const std::string where = " of node " + std::to_string(sender) + " on " + name_of(lane);
    subject_.expect(count < expected_.size(), "more frames" + where + " came than were sent");
    const std::string& sent = expected_[count];
    subject_.expect(bytes == sent, "frame " + std::to_string(count) + where + " was sent with " +
                                       std::to_string(sent.size()) + " bytes and came with " +
                                       std::to_string(bytes.size()) +
                                       (bytes.size() == sent.size() ? " other ones" : "") +
                                       "; expected frames as they were sent, in their order");
    ++count;
  }

  Subject& subject_;
  const std::vector<std::string> expected_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::uint64_t, Lane>, std::size_t> counts_;
};

// Sends all of them, however few are taken at a time.
void send_all(Subject& subject, Node& from, std::uint64_t to, Lane lane, const std::vector<std::string>& frames,
              std::size_t part_bytes) {
  std::size_t sent = 0;
  await(subject, kPatience, "send() to take every frame while the lane is up", [&] {
    const std::vector<std::string> rest(frames.begin() + static_cast<std::ptrdiff_t>(sent), frames.end());
    sent += from.send(to, lane, rest, part_bytes);
    return sent == frames.size();
  });
}

// Frames of all sizes; small ones stand beside each other, for these a transport may wish to send as one.
std::vector<std::string> frames_of_all_sizes(std::mt19937_64 random) {
  constexpr std::size_t kLargest = TENON_FRAME_BYTES_MAX;
  constexpr std::size_t kBytes[] = {0,    1,       2,       0,        0, 127,          128, 129, 4095,
                                    4096, 1 << 16, 1 << 20, kLargest, 0, kLargest - 1, 3,   5,   7};
  std::vector<std::string> frames;
  for (const std::size_t size : kBytes) {
    std::string& frame = frames.emplace_back(size, '\0');
    for (char& byte : frame) byte = static_cast<char>(random());
  }
  return frames;
}

void check_frames(Subject& subject) {
  const auto arrivals = std::make_shared<Arrivals>(subject, frames_of_all_sizes(subject.generator()));
  subject.keep(arrivals);
  Pair pair(subject, {}, arrivals->receiver());
  pair.await_up("at first");
  for (Node* from : {&pair.one(), &pair.two()}) {
    for (const Lane lane : kLanes) {
      // One large part and, on the other lane, many small ones.
      const std::size_t part_bytes = lane == Lane::bulk ? TENON_FRAME_BYTES_MAX : 1000;
      send_all(subject, *from, 3 - from->id(), lane, arrivals->expected(), part_bytes);
      await(subject, kPatience, "the frames of node " + std::to_string(from->id()) + " to arrive on " + name_of(lane),
            [&] { return arrivals->all_came(from->id(), lane); });
    }
  }
}

void await_down(Subject& subject, Pair& pair, const std::string& after) {
  await(subject, kPatience, "DOWN of every lane of both nodes after " + after, [&] {
    return !pair.one().host().is_up(2, Lane::control) && !pair.one().host().is_up(2, Lane::bulk) &&
           !pair.two().host().is_up(1, Lane::control) && !pair.two().host().is_up(1, Lane::bulk);
  });
}

void check_up_and_down(Subject& subject) {
  Pair pair(subject, short_waits(subject));
  pair.await_up("at first");
  for (const chaos::Cut how : {chaos::Cut::end, chaos::Cut::reset, chaos::Cut::end}) {
    pair.refuse(true);
    pair.cut(how);
    await_down(subject, pair, how == chaos::Cut::end ? "the connections ended" : "the connections were reset");
    for (const Lane lane : kLanes) {
      subject.expect(pair.one().send_traffic(2, lane, {100}) == 0,
                     "send() took a frame for a lane after its DOWN; expected none before UP (transport.h: a lane that "
                     "is down takes none)");
    }
    pair.refuse(false);
    pair.await_up("after the network came back");
    for (const Lane lane : kLanes) {
      subject.expect(pair.one().send_traffic(2, lane, {100}) == 1,
                     "send() took no frame for a lane that has just come up; expected at least one (transport.h: an "
                     "empty queue takes at least one)");
      await(subject, kPatience, "a frame that was sent after UP to arrive",
            [&] { return pair.two().book().last_sequence(lane) == pair.one().last_sent(lane); });
    }
  }
}

void check_unknown_peer(Subject& subject) {
  Node node(subject, {.id = 1});
  subject.expect(node.send_traffic(9, Lane::control, {100, 100}) == 0,
                 "send() took a frame for a node that no set_peer() has named; expected 0");
  const tenon_error error = node.set_peer(2, {"no-such-scheme://127.0.0.1:1"});
  subject.expect(error == TENON_ERROR_UNSUPPORTED, "set_peer() with an address of another scheme alone returned " +
                                                       text_of(error) + "; expected -2 (UNSUPPORTED) (transport.h)");
  const tenon_error dropped = node.set_peer(7, {});
  subject.expect(dropped == TENON_OK, "set_peer() without addresses, of a node that was never a peer, returned " +
                                          text_of(dropped) + "; expected OK");
}

}  // namespace

Checks delivery_checks() {
  const auto kind = plugin::Kind::transport;
  using std::chrono::seconds;
  return {
      {"transport.introduction", kind, Suite::smoke,
       "each side is told the other's incarnation and client addresses before a lane comes up (introduced)",
       seconds(60), check_introduction},
      {"transport.frames", kind, Suite::smoke,
       "frames of 0 bytes to TENON_FRAME_BYTES_MAX, in any parts, arrive whole, once and in order on both lanes",
       seconds(120), check_frames},
      {"transport.up_and_down", kind, Suite::smoke,
       "a lost connection is reported by DOWN, and UP follows when the network is back; they take turns (lane_event)",
       seconds(120), check_up_and_down},
      {"transport.unknown_peer", kind, Suite::smoke,
       "a node that is no peer is sent nothing, and an address of a foreign scheme is UNSUPPORTED (set_peer, send)",
       seconds(60), check_unknown_peer},
  };
}

}  // namespace tenon::plugin_check
