// SPDX-License-Identifier: MIT
// Connections that are none of a peer, and peers that are not who they should be.
#include "lifecycle/process_state.hpp"
#include "network/intruders.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"
#include "transport/pair.hpp"
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFrameBytesMax = 4096;
constexpr auto kEndsWithin = 60s;  // of a stranger's connection; what a plugin takes for it is its own choice
constexpr std::uint64_t kGrowthMax = std::uint64_t{64} << 20U;

std::uint64_t downs(Pair& pair) {
  std::uint64_t all = 0;
  for (const Lane lane : kLanes) {
    all += pair.one().host().count(2, lane, TENON_EVENT_DOWN) + pair.two().host().count(1, lane, TENON_EVENT_DOWN);
  }
  return all;
}

// Strangers do something at the port of node 1, which serves node 2 all the while.
void check_beside_traffic(Subject& subject, const plugin::Options& options, const std::string& what,
                          const std::function<void(std::uint16_t port)>& strangers) {
  Pair pair(subject, options);
  pair.await_up("at first");
  const std::uint64_t resident = resident_bytes();
  Traffic there(subject, pair.one(), 2, kFrameBytesMax);
  Traffic back(subject, pair.two(), 1, kFrameBytesMax);
  strangers(pair.one().port());
  const std::uint64_t now = resident_bytes();
  const std::uint64_t grown = now - std::min(now, resident);
  subject.expect(grown < kGrowthMax, "the process grew by " + std::to_string(grown >> 20U) + " MiB for " + what +
                                         "; expected nothing to be allocated from a length that was not checked");
  subject.expect(downs(pair) == 0, "a lane between peers went down because of " + what +
                                       "; expected connections of others to leave it alone");
  for (const Lane lane : kLanes) {
    const std::uint64_t sent = pair.two().last_sent(lane);
    await(subject, kPatience, "frames between peers to arrive beside " + what,
          [&] { return pair.one().book().last_sequence(lane) > sent; });
  }
}

void check_garbage(Subject& subject) {
  std::mt19937_64 random = subject.generator();
  check_beside_traffic(subject, short_waits(subject), "garbage at the listening port", [&](std::uint16_t port) {
    const Strangers strangers(port, garbage(random, subject.full() ? 200 : 20));
    subject.expect(strangers.end_within(kEndsWithin),
                   "a connection that brought garbage is still open after 60 s; expected it to be closed");
  });
}

void check_silence(Subject& subject) {
  check_beside_traffic(subject, short_waits(subject), "silent connections", [&](std::uint16_t port) {
    const Strangers strangers(port, std::vector<std::string>(10));
    subject.expect(
        strangers.end_within(kEndsWithin),
        "a connection that says nothing is still open after 60 s; expected the introduction to have a limit");
  });
}

void check_crowd(Subject& subject) {
  constexpr std::size_t kCrowd = 300;
  plugin::Options options = short_waits(subject);
  const bool has_bound = set_if_declared(subject, options, "connections_max", "16");
  check_beside_traffic(subject, options, "a crowd of connections", [&](std::uint16_t port) {
    const std::size_t before = Resources::now().descriptors;
    const Strangers strangers(port, std::vector<std::string>(kCrowd));
    if (has_bound) {
      await(subject, kPatience, "connections beyond connections_max = 16 to be closed",
            [&] { return Resources::now().descriptors <= before + kCrowd + 16; });
    }
    subject.expect(strangers.end_within(kEndsWithin),
                   "connections that say nothing are still open after 60 s; expected them to be closed");
  });
}

// The introduction itself drips through the network: neither side waits for ever.
void check_slow_introduction(Subject& subject) {
  Node one(subject, {.id = 1, .options = short_waits(subject)});
  Node two(subject, {.id = 2, .options = short_waits(subject)});
  chaos::Proxy slow(two.port(), subject.task().seed);
  slow.disturb({.bytes_per_second = 5});
  two.set_peer(1, {url(subject, one.port())});
  one.set_peer(2, {url(subject, slow.port())});
  await(subject, 60s, "connections whose introduction drips in to be given up and made anew",
        [&] { return slow.counts().accepted >= 4; });
  subject.expect(!one.is_up(2), "a lane came up though its introduction cannot have come yet");
  slow.disturb(chaos::Disturbance{});
  await(subject, kPatience, "both lanes to be up when the network is quick again", [&] { return one.is_up(2); });
}

void check_clusters(Subject& subject) {
  const plugin::Options options = short_waits(subject);
  Node one(subject, {.id = 1, .options = options});
  Node foreign(subject, {.id = 2, .options = options, .cluster = "another-cluster"});
  Node friendly(subject, {.id = 3, .options = options});
  one.set_peer(2, {url(subject, foreign.port())});
  foreign.set_peer(1, {url(subject, one.port())});
  foreign.set_peer(3, {url(subject, friendly.port())});  // and that one does not know of it
  one.set_peer(3, {url(subject, friendly.port())});
  friendly.set_peer(1, {url(subject, one.port())});
  await(subject, kPatience, "two nodes of the same cluster to be up",
        [&] { return one.is_up(3) && friendly.is_up(1); });
  std::this_thread::sleep_for(1s);
  for (const auto& [here, there] : {std::pair(&one, 2U), std::pair(&foreign, 1U), std::pair(&foreign, 3U)}) {
    subject.expect(!here->host().introduction(there),
                   "introduced() came for node " + std::to_string(there) +
                       " of another cluster; expected it to be refused (transport.h: of the same cluster)");
    for (const Lane lane : kLanes) {
      subject.expect(here->send_traffic(there, lane, {100}) == 0,
                     "send() took a frame for a node of another cluster; expected none");
    }
  }
}

// An address that leads to another node than the one that is meant, and one that leads to the node itself.
void check_wrong_node(Subject& subject) {
  const plugin::Options options = short_waits(subject);
  Node one(subject, {.id = 1, .options = options});
  Node three(subject, {.id = 3, .options = options});
  three.set_peer(1, {url(subject, one.port())});
  one.set_peer(2, {url(subject, three.port()), url(subject, one.port())});
  std::this_thread::sleep_for(1s);
  for (const Lane lane : kLanes) {
    subject.expect(!one.host().is_up(2, lane),
                   "a lane to node 2 came up at an address where node 3 or node 1 listens; "
                   "expected it to be refused");
  }
  Node two(subject, {.id = 2, .options = options});
  two.set_peer(1, {url(subject, one.port())});
  one.set_peer(2, {url(subject, two.port())});
  await(subject, kPatience, "node 2 to be up at its own address", [&] { return one.is_up(2) && two.is_up(1); });
}

}  // namespace

Checks intruder_checks() {
  const auto kind = plugin::Kind::transport;
  using std::chrono::seconds;
  return {
      {"transport.garbage", kind, Suite::smoke,
       "a connection that brings garbage is closed, costs no memory and disturbs nobody", seconds(150), check_garbage},
      {"transport.silence", kind, Suite::smoke, "a connection that never introduces itself is closed", seconds(150),
       check_silence},
      {"transport.crowd", kind, Suite::smoke, "a crowd of connections is bounded, and disturbs nobody", seconds(150),
       check_crowd},
      {"transport.slow_introduction", kind, Suite::smoke,
       "an introduction that drips in is given up, and the lane comes up when the network is quick again", seconds(150),
       check_slow_introduction},
      {"transport.clusters", kind, Suite::smoke, "nodes of two clusters do not mix (introduced)", seconds(60),
       check_clusters},
      {"transport.wrong_node", kind, Suite::smoke,
       "an address that leads to another node brings no lane up (transport.h: to that peer)", seconds(60),
       check_wrong_node},
  };
}

}  // namespace tenon::plugin_check
