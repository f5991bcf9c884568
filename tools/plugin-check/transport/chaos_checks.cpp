// SPDX-License-Identifier: MIT
#include <functional>

#include "lifecycle/process_state.hpp"
#include "network/resources.hpp"
#include "transport/pair.hpp"
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;
using chaos::Disturbance;

constexpr std::size_t kFrameBytesMax = std::size_t{64} * 1024;

// How the network misbehaves in one round, which is over when it returns; what it did stays until it is healed.
using Trouble = std::function<void(Subject&, Pair&, std::mt19937_64&)>;

void pause(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

// Fresh frames arrive on every lane in both directions.
void await_flow(Subject& subject, Pair& pair, const std::string& after) {
  struct Mark {
    Node& from;
    Node& to;
    std::uint64_t sequence[2];
  };
  Mark marks[] = {{pair.one(), pair.two(), {}}, {pair.two(), pair.one(), {}}};
  for (Mark& mark : marks) {
    for (const Lane lane : kLanes) mark.sequence[static_cast<std::size_t>(lane)] = mark.from.last_sent(lane);
  }
  for (const Mark& mark : marks) {
    for (const Lane lane : kLanes) {
      await(subject, kPatience * 2,
            "frames of node " + std::to_string(mark.from.id()) + " that were sent after " + after + " to arrive on " +
                name_of(lane),
            [&] { return mark.to.book().last_sequence(lane) > mark.sequence[static_cast<std::size_t>(lane)]; });
    }
  }
}

// Traffic in both directions, through rounds of trouble. That each frame is whole, comes once and in order is for the
// books to see; here it is that frames flow again after each round.
void check_through(Subject& subject, const char* after, const Trouble& trouble) {
  Pair pair(subject, short_waits(subject));
  pair.await_up("at first");
  std::mt19937_64 random = subject.generator();
  Traffic there(subject, pair.one(), 2, kFrameBytesMax);
  Traffic back(subject, pair.two(), 1, kFrameBytesMax);
  const int rounds = subject.full() ? 40 : 4;
  for (int round = 0; round < rounds; ++round) {
    trouble(subject, pair, random);
    pair.disturb(Disturbance{});
    pair.refuse(false);
    await_flow(subject, pair, after);
  }
}

void delay(Subject&, Pair& pair, std::mt19937_64& random) {
  pair.disturb(Disturbance{.delay = std::chrono::milliseconds(1 + random() % 60)});
  pause(200ms);
}

void split(Subject&, Pair& pair, std::mt19937_64& random) {
  pair.disturb(Disturbance{.piece_bytes_max = random() % 2 == 0 ? 1 : 1 + random() % 1500});
  pause(200ms);
}

void cap(Subject&, Pair& pair, std::mt19937_64& random) {
  pair.disturb(Disturbance{.bytes_per_second = 50'000 + random() % 1'000'000});
  pause(300ms);
}

void drop(chaos::Cut how, Pair& pair, std::mt19937_64& random) {
  pair.refuse(random() % 2 == 0);
  for (int i = 0; i < 5; ++i) {
    pause(std::chrono::milliseconds(random() % 40));
    pair.cut(how);
  }
}

// One direction stands still, then the connection goes on where it stopped.
void stall(Subject&, Pair& pair, std::mt19937_64& random) {
  const auto direction = random() % 2 == 0 ? chaos::Direction::forward : chaos::Direction::backward;
  pair.to_two().disturb(direction, Disturbance{.stalled = true});
  pair.to_one().disturb(direction, Disturbance{.stalled = true});
  pause(300ms);
}

void half_open(Subject&, Pair& pair, std::mt19937_64&) {
  pair.abandon();
  pause(100ms);
}

// What comes is then not what was sent, which TCP and TLS are there to prevent; a transport has to survive it, close
// what it cannot read, and come back. So no traffic is looked at while it lasts.
void check_garbage(Subject& subject) {
  std::atomic<bool> spoilt{false};
  std::mutex mutex;
  TrafficBook books[3];
  Pair pair(subject, short_waits(subject), [&](std::uint64_t peer, Lane lane, std::string_view bytes) {
    if (spoilt) return;
    const std::lock_guard lock(mutex);
    books[peer].enter(peer, lane, bytes);
  });
  std::mt19937_64 random = subject.generator();
  const std::uint64_t resident = resident_bytes();
  const int rounds = subject.full() ? 40 : 4;
  for (int round = 0; round < rounds; ++round) {
    pair.await_up("after garbage");
    spoilt = true;
    const std::uint64_t every = 1 + random() % 2000;
    pair.disturb(random() % 2 == 0 ? Disturbance{.flip_every = every} : Disturbance{.insert_every = every});
    for (int i = 0; i < 100; ++i) {
      for (Node* node : {&pair.one(), &pair.two()}) {
        for (const Lane lane : kLanes) node->send_traffic(3 - node->id(), lane, {100, 3000, 20'000});
      }
      pause(2ms);
      if (i % 25 == 24) pair.cut(chaos::Cut::end);  // so that an introduction comes spoilt, too
    }
    pair.disturb(Disturbance{});
    pair.cut(chaos::Cut::end);
  }
  pair.await_up("after garbage");
  const std::uint64_t grown = resident_bytes() - std::min(resident, resident_bytes());
  constexpr std::uint64_t kGrowthMax = std::uint64_t{256} << 20U;
  subject.expect(grown < kGrowthMax, "the process grew by " + std::to_string(grown >> 20U) +
                                         " MiB while it was sent garbage; expected no memory for lengths that were "
                                         "never checked");
}

Check chaos_check(const char* name, const char* promise, const char* after, Trouble trouble) {
  return {std::string("transport.chaos.") + name,
          plugin::Kind::transport,
          Suite::smoke,
          promise,
          std::chrono::seconds(400),
          [after, trouble = std::move(trouble)](Subject& subject) { check_through(subject, after, trouble); }};
}

}  // namespace

Checks chaos_checks() {
  return {
      chaos_check("delay", "with a network that is slow, each frame arrives once, whole and in order", "a delay",
                  delay),
      chaos_check("split", "however the bytes are cut into pieces, each frame arrives once, whole and in order",
                  "small pieces", split),
      chaos_check("cap", "with a network that takes little at a time, each frame arrives once, whole and in order",
                  "a narrow network", cap),
      chaos_check("drop", "over connections that end, a frame is lost or arrives once, whole and in order; never twice",
                  "connections that ended",
                  [](Subject&, Pair& pair, std::mt19937_64& random) { drop(chaos::Cut::end, pair, random); }),
      chaos_check("reset", "over connections that are reset, a frame is lost or arrives once, whole and in order",
                  "connections that were reset",
                  [](Subject&, Pair& pair, std::mt19937_64& random) { drop(chaos::Cut::reset, pair, random); }),
      chaos_check("stall", "over a direction that stood still, a frame is lost or arrives once, whole and in order",
                  "a direction that stood still", stall),
      chaos_check("half_open",
                  "connections that carry nothing any more are given up while there is something to send, "
                  "and are made anew",
                  "half-open connections", half_open),
      {"transport.chaos.garbage", plugin::Kind::transport, Suite::smoke,
       "spoilt bytes end a connection, cost no memory, and the lanes come back", std::chrono::seconds(400),
       check_garbage},
  };
}

}  // namespace tenon::plugin_check
