// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "lifecycle/process_state.hpp"
#include "network/listening.hpp"
#include "network/resources.hpp"
#include "transport/pair.hpp"
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;
using chaos::Disturbance;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::size_t kFrameBytes = std::size_t{64} * 1024;
const std::vector<std::size_t> kSizes(8, kFrameBytes);
// What the sockets between two nodes and the proxy may hold, beside the queue of the plugin.
constexpr std::uint64_t kSocketsMax = 32 * kMiB;
constexpr auto kReleasing = 3000ms;  // of what is of no use any more
// 50 microseconds are promised; a machine that is busy with other things may take the processor away for longer.
constexpr auto kCallMax = 500ms;

// A queue for each lane as the plugin's options allow it, or what any plugin may hold at most.
std::uint64_t bound_queue(Subject& subject, plugin::Options& options) {
  return set_if_declared(subject, options, "send_queue_bytes_max", "1MiB") ? 2 * kMiB : 256 * kMiB;
}

void expect_bounded(Subject& subject, Node& from, std::uint64_t taken, std::uint64_t queue_max,
                    std::uint64_t resident) {
  const std::uint64_t out = from.loans().bytes_out();
  subject.expect(out <= queue_max, "for a peer that takes nothing the queue of one lane holds " +
                                       std::to_string(out / kMiB) + " MiB on loan; expected at most " +
                                       std::to_string(queue_max / kMiB) + " MiB (transport.h: bounded in bytes)");
  subject.expect(taken <= queue_max + kSocketsMax, "send() took " + std::to_string(taken / kMiB) +
                                                       " MiB for a peer that takes nothing; expected fewer than "
                                                       "offered when the queue is full (transport.h: send)");
  const std::uint64_t now = resident_bytes();
  const std::uint64_t grown = now - std::min(now, resident);
  subject.expect(grown <= 2 * queue_max + 2 * kSocketsMax, "the process grew by " + std::to_string(grown / kMiB) +
                                                               " MiB with a peer that takes nothing; expected memory "
                                                               "to stay bounded");
}

void expect_quick(Subject& subject, const Node& node) {
  subject.expect(node.longest_send() < kCallMax,
                 "a send() took " + std::to_string(node.longest_send() / 1ms) +
                     " ms; expected it never to block (values.h: TENON_CORE, 50 microseconds)");
}

// Offers frames on bulk until fewer are taken, and for a while longer. Returns the bytes that were taken.
std::uint64_t fill(Subject& subject, Node& from, std::uint64_t queue_max, std::uint64_t resident) {
  std::uint64_t taken = 0;
  bool full = false;
  const Progress::Step step(subject.progress(), "offering frames for a peer that takes nothing");
  for (const auto end = std::chrono::steady_clock::now() + (subject.full() ? 5s : 1s);
       !full || std::chrono::steady_clock::now() < end;) {
    const std::size_t count = from.send_traffic(3 - from.id(), Lane::bulk, kSizes);
    taken += count * kFrameBytes;
    if (count < kSizes.size()) {
      full = true;
      std::this_thread::sleep_for(1ms);
    }
    expect_bounded(subject, from, taken, queue_max, resident);
  }
  return taken;
}

void check_stalled_peer(Subject& subject) {
  plugin::Options options;
  const std::uint64_t queue_max = bound_queue(subject, options);
  Pair pair(subject, options);
  pair.await_up("at first");
  Node& one = pair.one();
  const std::uint64_t resident = resident_bytes();
  pair.disturb(Disturbance{.stalled = true});
  const std::uint64_t taken = fill(subject, one, queue_max, resident);
  expect_quick(subject, one);
  const std::uint64_t downs = one.host().count(2, Lane::bulk, TENON_EVENT_DOWN);
  pair.disturb(Disturbance{});
  await(subject, kPatience, "WRITABLE, or DOWN, of a lane whose send() took fewer than offered", [&] {
    return one.host().count(2, Lane::bulk, TENON_EVENT_WRITABLE) != 0 ||
           one.host().count(2, Lane::bulk, TENON_EVENT_DOWN) != downs;
  });
  pair.await_up("after the peer took frames again");
  await(subject, kPatience, "send() to take frames again",
        [&] { return one.send_traffic(2, Lane::bulk, {1000}) == 1; });
  await(subject, kPatience, "the last frame that was taken to arrive",
        [&] { return pair.two().book().last_sequence(Lane::bulk) == one.last_sent(Lane::bulk); });
  await(subject, kPatience, "the loans of frames that were sent to be released",
        [&] { return one.loans().frames_out() == 0; });
  subject.measured("taken while the peer took nothing: " + std::to_string(taken / kMiB) +
                   " MiB; longest send(): " + std::to_string(one.longest_send() / 1us) + " us");
}

// Offers frames on bulk until none has been taken for a while: then the sockets are full as well, and frames wait.
void fill_for_good(Node& from) {
  constexpr auto kQuiet = 50ms;
  auto last_taken = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - last_taken < kQuiet) {
    if (from.send_traffic(3 - from.id(), Lane::bulk, kSizes) != 0) {
      last_taken = std::chrono::steady_clock::now();
    } else {
      std::this_thread::sleep_for(1ms);
    }
  }
}

// Frames that wait when the lane goes down are lost, and given back.
void check_loans_on_down(Subject& subject) {
  plugin::Options options = short_waits(subject);
  bound_queue(subject, options);
  Pair pair(subject, options);
  for (const chaos::Cut how : {chaos::Cut::end, chaos::Cut::reset}) {
    pair.await_up("before its connections are lost");
    pair.disturb(Disturbance{.stalled = true});
    fill_for_good(pair.one());
    pair.one().send_traffic(2, Lane::control, {100, 100, 100});
    pair.refuse(true);
    pair.cut(how);
    await(subject, kPatience, "DOWN after the connections were lost",
          [&] { return !pair.one().host().is_up(2, Lane::bulk) && !pair.one().host().is_up(2, Lane::control); });
    await(subject, kReleasing, "the loans of frames that DOWN has lost to be released",
          [&] { return pair.one().loans().frames_out() == 0; });
    pair.disturb(Disturbance{});
    pair.refuse(false);
  }
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << static_cast<double>(time.count()) / 1e6 << " ms";
  return text.str();
}

// Sends this much on bulk as fast as it is taken, and a frame on control every few milliseconds. Returns the 99th
// percentile of the latter's delays.
std::chrono::nanoseconds heartbeat_delay(Subject& subject, const Disturbance& network, std::uint64_t bulk_bytes) {
  Pair pair(subject);
  pair.await_up("at first");
  pair.disturb(network);
  pair.two().book().keep_delays(Lane::control);
  std::uint64_t sent = 0;
  std::uint64_t heartbeats = 0;
  auto next_heartbeat = std::chrono::steady_clock::now();
  const Progress::Step step(subject.progress(), "sending bulk beside heartbeats");
  while (sent < bulk_bytes) {
    const std::size_t taken = pair.one().send_traffic(2, Lane::bulk, kSizes);
    sent += taken * kFrameBytes;
    if (const auto now = std::chrono::steady_clock::now(); now >= next_heartbeat) {
      heartbeats += pair.one().send_traffic(2, Lane::control, {100});
      next_heartbeat = now + 5ms;
    }
    if (taken < kSizes.size()) std::this_thread::sleep_for(500us);
  }
  await(subject, 120s, "the last frame of bulk to arrive",
        [&] { return pair.two().book().last_sequence(Lane::bulk) == pair.one().last_sent(Lane::bulk); });
  await(subject, kPatience, "the last heartbeat to arrive",
        [&] { return pair.two().book().last_sequence(Lane::control) == pair.one().last_sent(Lane::control); });
  expect_quick(subject, pair.one());
  std::vector<std::chrono::nanoseconds> delays = pair.two().book().take_delays(Lane::control);
  subject.expect(delays.size() == heartbeats && heartbeats >= 10,
                 std::to_string(delays.size()) + " heartbeats of " + std::to_string(heartbeats) +
                     " came; expected all of at least 10, for no lane went down");
  const auto place = delays.begin() + static_cast<std::ptrdiff_t>(delays.size() * 99 / 100);
  std::nth_element(delays.begin(), place, delays.end());
  return *place;
}

void check_heartbeats(Subject& subject) {
  constexpr auto kDelayMax = 250ms;
  const std::uint64_t bytes = subject.full() ? 1024 * kMiB : 64 * kMiB;
  const auto expect_short = [&](const char* where, std::chrono::nanoseconds delay) {
    subject.measured(std::to_string(bytes / kMiB) + " MiB of bulk, " + where + ": heartbeat p99 " +
                     milliseconds_text(delay));
    subject.expect(delay < kDelayMax, "beside " + std::to_string(bytes / kMiB) + " MiB of bulk, " + where +
                                          ", a heartbeat takes " + milliseconds_text(delay) +
                                          " at the 99th percentile; expected less than 250 ms, for the lanes have "
                                          "separate connections (transport.h)");
  };
  // Each connection has the cap for itself: who sends both lanes on one makes a heartbeat wait for its whole queue.
  const std::uint64_t cap = subject.full() ? 64 * kMiB : 32 * kMiB;
  expect_short("each connection capped", heartbeat_delay(subject, {.bytes_per_second = cap}, bytes));
  expect_short("as fast as it goes", heartbeat_delay(subject, {}, bytes));
}

}  // namespace

Checks pressure_checks() {
  const auto kind = plugin::Kind::transport;
  using std::chrono::seconds;
  return {
      {"transport.stalled_peer", kind, Suite::smoke,
       "for a peer that takes nothing the queue is bounded, send() takes fewer and never blocks, and WRITABLE follows",
       seconds(120), check_stalled_peer},
      {"transport.loans", kind, Suite::smoke,
       "each loan is released exactly once, also those of frames that DOWN has lost (values.h: tenon_loan)",
       seconds(120), check_loans_on_down},
      {"transport.heartbeats", kind, Suite::smoke,
       "bulk as fast as it goes does not delay the control lane, for the lanes have separate connections", seconds(600),
       check_heartbeats},
  };
}

}  // namespace tenon::plugin_check
