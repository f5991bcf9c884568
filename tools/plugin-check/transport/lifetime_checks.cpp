// SPDX-License-Identifier: MIT
#include "lifecycle/process_state.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"
#include "transport/pair.hpp"
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFrameBytesMax = std::size_t{64} * 1024;
constexpr auto kSilence = 100ms;

// One of two nodes that send to each other ends, at any moment; the other stays and must take it.
void check_stop_under_load(Subject& subject) {
  subject.plugin();
  std::mt19937_64 random = subject.generator();
  const int rounds = subject.full() ? 100 : 6;
  std::optional<Resources> before;  // set after the first round, when libraries have what they keep
  for (int round = 0; round < rounds; ++round) {
    {
      Pair pair(subject, short_waits(subject));
      if (round % 3 != 0) pair.await_up("at first");
      Traffic there(subject, pair.one(), 2, kFrameBytesMax);
      Traffic back(subject, pair.two(), 1, kFrameBytesMax);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
      there.end();  // the node thread makes no more calls when it calls stop(), but what it sent is under way
      pair.one().destroy();
      std::this_thread::sleep_for(kSilence);  // a call that comes now fails the check
      back.end();
      pair.two().destroy();
    }
    if (!before) {
      before = Resources::now();
    } else {
      expect_no_more_than(subject, *before, "stop() under load");
    }
  }
}

// Frames that are sent from now on arrive on both lanes; those that are under way when a connection changes may be
// lost.
void await_arrival(Subject& subject, Pair& pair, const std::string& after) {
  for (const Lane lane : kLanes) {
    const std::uint64_t sent_before = pair.one().last_sent(lane);
    await(subject, kPatience, "a frame to be taken and to arrive on " + std::string(name_of(lane)) + " " + after, [&] {
      pair.one().send_traffic(2, lane, {1000});
      return pair.two().book().last_sequence(lane) > sent_before;
    });
  }
}

// Under load a peer gets another address, is dropped, and comes back.
void check_set_peer(Subject& subject) {
  Pair pair(subject, short_waits(subject));
  pair.await_up("at first");
  chaos::Proxy elsewhere(pair.two().port(), subject.task().seed + 2);
  const std::vector<std::string> first = {url(subject, pair.to_two().port())};
  const std::vector<std::string> second = {url(subject, elsewhere.port())};
  Traffic back(subject, pair.two(), 1, kFrameBytesMax);
  for (int round = 0; round < (subject.full() ? 20 : 2); ++round) {
    Traffic there(subject, pair.one(), 2, kFrameBytesMax);
    pair.one().set_peer(2, second);
    await(subject, kPatience, "a connection to the new address of a peer",
          [&] { return elsewhere.counts().connections >= 2; });
    there.end();
    await_arrival(subject, pair, "at the new address");
    subject.expect(pair.one().set_peer(2, {"no-such-scheme://127.0.0.1:1"}) == TENON_ERROR_UNSUPPORTED,
                   "set_peer() of a peer with an address of another scheme alone did not return -2 (UNSUPPORTED)");
    await_arrival(subject, pair, "after a set_peer() that was UNSUPPORTED, which leaves the peer as it was");
    pair.one().set_peer(2, {});
    await(subject, kPatience, "DOWN of a peer that was dropped",
          [&] { return !pair.one().host().is_up(2, Lane::control) && !pair.one().host().is_up(2, Lane::bulk); });
    await(subject, kPatience, "the loans of a peer that was dropped to be released",
          [&] { return pair.one().loans().frames_out() == 0; });
    subject.expect(pair.one().send_traffic(2, Lane::bulk, {100}) == 0,
                   "send() took a frame for a peer that was dropped; expected none");
    pair.one().set_peer(2, first);
    await(subject, kPatience, "UP of a peer that came back", [&] { return pair.one().is_up(2); });
    await_arrival(subject, pair, "of a peer that came back");
  }
}

// The second address of a peer is used when the first leads nowhere.
void check_addresses(Subject& subject) {
  Pair pair(subject, short_waits(subject));
  pair.await_up("at first");
  const chaos::Proxy elsewhere(pair.two().port(), subject.task().seed + 2);
  const std::vector<std::string> both = {url(subject, chaos::free_port()), url(subject, elsewhere.port())};
  const tenon_error error = pair.one().set_peer(2, both);
  subject.expect(error == TENON_OK, "set_peer() with two addresses returned " + text_of(error) + "; expected OK");
  await(subject, kPatience, "a connection to the second address of a peer whose first one leads nowhere",
        [&] { return elsewhere.counts().connections >= 2; });
  await_arrival(subject, pair, "at the second address");
}

// A peer that comes back in another life, at its old address.
void check_restart(Subject& subject) {
  const plugin::Options options = short_waits(subject);
  Node one(subject, {.id = 1, .options = options});
  auto two = std::make_unique<Node>(subject, NodePlan{.id = 2, .options = options});
  one.set_peer(2, {url(subject, two->port())});
  for (int life = 0; life < (subject.full() ? 20 : 3); ++life) {
    two->set_peer(1, {url(subject, one.port())});
    await(subject, kPatience, "both nodes to be up in life " + std::to_string(life + 1),
          [&] { return one.is_up(2) && two->is_up(1); });
    const std::uint64_t downs = one.host().count(2, Lane::control, TENON_EVENT_DOWN);
    two->destroy();
    await(subject, kPatience, "DOWN of a peer that has stopped", [&] {
      one.send_traffic(2, Lane::control, {100});
      return one.host().count(2, Lane::control, TENON_EVENT_DOWN) > downs && !one.is_up(2);
    });
    const std::uint16_t port = two->port();
    two = std::make_unique<Node>(subject, NodePlan{.id = 2, .options = options, .port = port});
  }
}

void check_descriptors(Subject& subject) {
  subject.plugin();
  const std::map<int, std::string> before = descriptors();
  Pair pair(subject);
  pair.await_up("at first");
  for (const auto& [descriptor, target] : descriptors()) {
    subject.expect(before.contains(descriptor) || !is_inherited(descriptor),
                   "the descriptor to " + target +
                       " would be inherited by a program that the process starts; expected "
                       "connections to be closed on exec");
  }
}

void check_port_in_use(Subject& subject) {
  const Node first(subject, {.id = 1});
  const std::string port = std::to_string(first.port());
  Instance second(subject, subject.new_directory("second"), listening_at(subject, first.port()), {.node_id = 2});
  const auto host = std::make_shared<TransportHost>(Said{}, [](std::uint64_t, Lane, std::string_view) {});
  subject.keep(host);
  const Resources before = Resources::now();
  tenon_detail why = new_detail();
  const tenon_error error = second.call("transport.start()", ThreadWord::setup, [&] {
    return second.object().transport->start(second.self(), host->table(), &why);
  });
  subject.expect(error == TENON_ERROR_IO, "start() at a port that is in use returned " + text_of(error, why) +
                                              "; expected -13 (IO) (transport.h: an address cannot be bound)");
  subject.expect(std::string(why.message).find(port) != std::string::npos,
                 "start() at port " + port + ", which is in use, said '" + why.message +
                     "'; expected words that name the address");
  second.destroy();
  expect_no_more_than(subject, before, "a start() that failed");
}

}  // namespace

Checks lifetime_checks() {
  const auto kind = plugin::Kind::transport;
  using std::chrono::seconds;
  return {
      {"transport.stop_under_load", kind, Suite::smoke,
       "after stop() there is no call, no loan, no thread and no descriptor left, whatever is under way (stop)",
       seconds(240), check_stop_under_load},
      {"transport.set_peer", kind, Suite::smoke,
       "under load a peer is moved to another address, dropped with its queues, and taken back (set_peer)",
       seconds(240), check_set_peer},
      {"transport.addresses", kind, Suite::smoke, "the addresses of a peer are tried one after the other (set_peer)",
       seconds(60), check_addresses},
      {"transport.restart", kind, Suite::smoke, "a peer that stops is reported, and found again in its next life",
       seconds(240), check_restart},
      {"transport.descriptors", kind, Suite::smoke, "no connection is inherited by a program that the process starts",
       seconds(30), check_descriptors},
      {"transport.port_in_use", kind, Suite::smoke,
       "start() at an address that is in use is IO, says which address, and leaves nothing behind (start)", seconds(30),
       check_port_in_use},
  };
}

}  // namespace tenon::plugin_check
