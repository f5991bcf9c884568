// SPDX-License-Identifier: MIT
// One lane to one peer: dials, introduces itself, sends, and dials anew when the connection is gone.
#pragma once

#include <poll.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "chaos/socket.hpp"
#include "context.hpp"

namespace tenon::wrong_transport {

class OutgoingLane {
 public:
  OutgoingLane(const Context& context, const LaneId& id) : context_(context), id_(id) {}

  void set_ports(std::vector<std::uint16_t> ports);
  // Queues a frame that was taken for `lane`, which is this one in a plugin that is right.
  void add(Frame frame, Lane lane);
  void stop() { go_down(); }

  pollfd wanted() const;
  Clock::time_point deadline() const noexcept { return deadline_; }
  void serve(short events, Clock::time_point now);

 private:
  enum class State { waiting, greeting, up };

  // The parts are copied, since what they lie in may not outlive the frame.
  struct Item {
    std::optional<Frame> frame;
    std::vector<tenon_bytes> parts;
    Lane lane;
  };

  void dial(Clock::time_point now);
  void fail(Clock::time_point now);
  void go_down();
  // Each returns false when the connection is over.
  bool read();
  bool write(Clock::time_point now);
  void come_up(const Introduction& said);
  // Sets output_ to what comes next; false: nothing does.
  bool fetch();
  void count_sent();

  const Context& context_;
  const LaneId id_;
  std::vector<std::uint16_t> ports_;
  std::size_t next_port_ = 0;
  std::chrono::microseconds wait_{0};  // before the next round of dialling
  State state_ = State::waiting;
  Clock::time_point deadline_ = Clock::time_point::max();
  chaos::Socket socket_;
  MessageReader input_;
  std::string output_;
  std::size_t sent_ = 0;          // of output_
  std::size_t output_items_ = 0;  // how many of items_ output_ holds
  std::deque<Item> items_;
  std::string last_message_;  // that was sent; kept for one sin only
  bool first_was_sent_ = false;
};

}  // namespace tenon::wrong_transport
