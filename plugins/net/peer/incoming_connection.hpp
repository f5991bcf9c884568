// SPDX-License-Identifier: MIT
// A connection that a peer has dialled: first its hello, then its frames.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/peer/protocol.hpp"

namespace tenon::net {

// Why a hello is not answered by an acceptance, as the label `reason` of the metric says it: name_of(Refusal) or one of
// these.
inline constexpr const char* kMalformedHello = "malformed";
inline constexpr const char* kTooLargeHello = "too_large";
inline constexpr const char* kLateHello = "timeout";

class IncomingConnection;

class IncomingOwner {
 public:
  virtual ~IncomingOwner() = default;
  struct Refused {
    Refusal refusal;
    std::string reason;
  };
  // Judges a hello of this version. Nullopt: it is accepted, and this connection is from now on the one of this peer
  // and lane.
  virtual std::optional<Refused> on_hello(IncomingConnection& connection, const Hello& hello) = 0;
  // Is told of every hello that was refused, and of what came or failed to come in its place.
  virtual void on_refused(const IncomingConnection& connection, const char* label, const std::string& why) = 0;
  virtual void on_frames(const LaneId& from, std::span<const tenon_bytes> frames) = 0;
  virtual void on_malformed_frame(const IncomingConnection& connection) = 0;
  // The last call; the connection may go.
  virtual void on_closed(IncomingConnection& connection) = 0;
};

// Everything on the I/O thread.
class IncomingConnection final : public FrameHandler, public std::enable_shared_from_this<IncomingConnection> {
 public:
  IncomingConnection(IncomingOwner& owner, const PeerProtocol& protocol, const Introduction& self)
      : owner_(owner), protocol_(protocol), self_(self) {}

  // Needs: held by a shared_ptr until on_closed(); called once.
  void start(std::shared_ptr<PeerConnection> connection, boost::asio::io_context& context,
             std::chrono::milliseconds hello_timeout);
  void close(CloseReason reason, std::string_view why) { connection_->close(reason, why); }

  // Of the other side, as host:port.
  const std::string& address() const noexcept { return connection_->peer(); }
  // Of an accepted one.
  const std::optional<LaneId>& lane() const noexcept { return lane_; }

  void on_frame(std::string_view frame) override;
  void on_frames_end() override;
  void on_input_end() override { connection_->close(CloseReason::kPeer, {}); }
  void on_flushed() override;
  bool busy() const noexcept override { return true; }
  void on_closed(const Closing& closing) override;

 private:
  void take_hello(std::string_view message);
  std::optional<IncomingOwner::Refused> judge(const Hello& hello);

  IncomingOwner& owner_;
  const PeerProtocol& protocol_;
  const Introduction& self_;
  std::shared_ptr<PeerConnection> connection_;
  std::optional<boost::asio::steady_timer> hello_timer_;  // while a hello is waited for
  std::optional<LaneId> lane_;
  std::string refusal_;              // while the answer that says it is on its way
  std::vector<tenon_bytes> frames_;  // of this wake-up
};

}  // namespace tenon::net
