// SPDX-License-Identifier: MIT
// One client's connection: frames go to the dispatcher, replies leave in their order.
#pragma once

#include <memory>
#include <string_view>

#include "calls.hpp"
#include "net/framed_connection.hpp"
#include "reply_order.hpp"

namespace tenon::api_thrift {

class Dispatcher;
class Session;

// What a session needs of the server that holds it. On the I/O thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  virtual Dispatcher& dispatcher() = 0;
  // Submits what was taken and flushes this session, once for everything that this wake-up brings.
  virtual void finish_later(const std::shared_ptr<Session>& session) = 0;
  // Has nothing to answer and nothing to send.
  virtual void on_settled() = 0;
  // The last word of a session; the owner may let go of it.
  virtual void on_closed(Session& session, const net::Closing& closing) = 0;
};

// 0 <= waiting replies <= pipelined_requests_max; at the bound reading pauses until half of them have left. Replies
// that wait for an earlier one hold at most output_bytes_max, or the connection is closed. All of it on the I/O thread.
class Session final : public net::FrameHandler, public Caller, public std::enable_shared_from_this<Session> {
 public:
  struct Limits {
    std::uint64_t pipelined_requests_max;
    std::uint64_t output_bytes_max;
  };
  // A session holds its connection and the connection calls it, so it ends with close() and not before.
  Session(SessionOwner& owner, const Limits& limits) noexcept : owner_(owner), limits_(limits) {}

  void start(std::shared_ptr<net::FramedConnection> connection);
  // Sends what is queued.
  void flush();
  // Takes no more requests; answers those that were taken and then says to the peer that nothing will follow.
  void drain();
  void close(net::CloseReason reason) { connection_->close(reason); }
  // Whether nothing is to be answered or sent.
  bool settled() const noexcept { return order_.waiting() == 0 && connection_->output_bytes() == 0; }
  const std::string& peer() const noexcept { return connection_->peer(); }

  void on_frame(std::string_view frame) override;
  void on_input_end() override;
  void on_flushed() override;
  bool busy() const noexcept override { return order_.waiting() != 0; }
  void on_closed(const net::Closing& closing) override;

  std::uint64_t open_slot() override;
  void reply(std::uint64_t slot, std::string_view message) override;
  void allow_reordering() override;
  bool reordering() const noexcept override { return order_.reordering(); }

 private:
  friend class Server;

  SessionOwner& owner_;
  const Limits limits_;
  std::shared_ptr<net::FramedConnection> connection_;
  ReplyOrder order_;
  bool paused_ = false;
  bool input_ended_ = false;
  bool draining_ = false;
  bool to_be_finished_ = false;  // the server has it on its list
};

}  // namespace tenon::api_thrift
