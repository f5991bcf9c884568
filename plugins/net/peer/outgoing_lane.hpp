// SPDX-License-Identifier: MIT
// One lane to one peer: dials until the peer accepts, sends, and dials anew when the connection is gone.
//
//   waiting -> dialling -> greeting -> up -> waiting
//                 '-----------'----> dialling the next address, or waiting after the last
//
// While it is up, what it holds of frames is what the outbox counts: bytes sent are given back there. Everything on the
// I/O thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "net/backoff.hpp"
#include "net/connector.hpp"
#include "net/limited_logger.hpp"
#include "net/peer/outbox.hpp"
#include "net/peer/protocol.hpp"
#include "net/peer/settings.hpp"
#include "tenon/dial_reports.h"

namespace tenon::net {

// What all outgoing lanes share; it outlives them.
struct DialEnvironment {
  DialEnvironment(const Host& made_for, boost::asio::io_context& io_context, const DialSettings& dial_settings,
                  const Introduction& own, NodeEvents& node, Outbox& frames, LimitedLogger& limited_logger,
                  PeerProtocol& peer_protocol);

  const Host host;
  boost::asio::io_context& context;
  const DialSettings settings;
  const Introduction& self;
  NodeEvents& events;
  Outbox& outbox;
  LimitedLogger& logger;
  PeerProtocol& protocol;
  Admission admission;  // without a bound of its own: there are two for each peer
  std::mt19937_64 random;
  const tenon_dial_reports* const dial_reports;  // null: the host offers none
  const Metric dials;
  const Metric failed_to_connect;
  const Metric failed_by_timeout;
  const Metric failed_by_refusal;
  const Metric failed_otherwise;
  const Metric lanes_down;
  const Metric frames_dropped;
  const std::array<Metric, 2> lanes_up_metric;
  std::array<std::uint64_t, 2> lanes_up{};
};

class OutgoingLane final : public FrameHandler, public std::enable_shared_from_this<OutgoingLane> {
 public:
  OutgoingLane(DialEnvironment& environment, const LaneId& id);

  // Begins to dial, or goes on with these addresses: a connection to one that is still among them is kept.
  // Needs: at least one; held by a shared_ptr.
  void set_addresses(std::vector<PeerAddress> addresses);
  // The peer shows that it is there: what waits does not wait any longer.
  void hurry();
  // Queues and sends. Frames are dropped unless it is up.
  void send(std::vector<Frame> frames);
  // Closes for good, and reports that. Harmless the second time.
  void stop();

  void on_frame(std::string_view frame) override;
  void on_input_end() override;
  void on_output_sent() override;
  void on_flushed() override {}
  // Silence is not idleness here, so that the idle timeout is about output that the peer does not take.
  bool busy() const noexcept override { return true; }
  void on_closed(const Closing& closing) override;

 private:
  enum class State { kStopped, kWaiting, kDialling, kGreeting, kUp };
  using Clock = std::chrono::steady_clock;

  void dial();
  void greet(Connector::Socket socket);
  void accept(std::string_view reply);
  void come_up(const Introduction& peer);
  void go_down();
  void report(const std::string& why);
  // Dials the next address, or after the last waits for the first.
  void dial_next();
  void wait();
  void on_time_out();
  template <class Body>
  void after(std::chrono::microseconds time, Body body);
  std::string name() const;

  struct Candidate {
    PeerAddress address;
    std::string last_failure;  // what was reported of it since the lane was up
  };

  DialEnvironment& environment_;
  const LaneId id_;
  std::vector<Candidate> candidates_;
  std::size_t next_ = 0;  // < candidates_.size(): the one that is dialled, or connected to
  State state_ = State::kStopped;
  std::shared_ptr<Connector> connector_;
  std::shared_ptr<PeerConnection> connection_;
  boost::asio::steady_timer timer_;
  std::uint64_t timer_count_ = 0;  // of after(): a timer that was set anew says nothing, even when it had run out
  Backoff backoff_;
  Clock::time_point up_since_{};

  // While up: 0 <= sent_ <= queued_, the ends of frames that have not been sent whole lie in (sent_, queued_].
  std::uint64_t queued_ = 0;
  std::uint64_t sent_ = 0;
  std::deque<std::uint64_t> frame_ends_;
};

}  // namespace tenon::net
