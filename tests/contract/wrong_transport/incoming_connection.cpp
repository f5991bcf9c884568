// SPDX-License-Identifier: MIT
#include "incoming_connection.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace tenon::wrong_transport {

namespace {
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
}

bool IncomingConnection::serve(const std::function<bool(const LaneId&)>& is_peer) {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  input_.add({buffer.data(), static_cast<std::size_t>(size)});
  bool broken = false;
  while (const auto message = input_.next(lane_ ? kFrameMessageBytesMax : kIntroductionBytesMax, broken)) {
    const bool fits = lane_ ? deliver(message->lane, message->body) : introduce(message->lane, message->body, is_peer);
    if (!fits) return false;
  }
  return !broken;
}

bool IncomingConnection::introduce(std::uint8_t lane, std::string_view body,
                                   const std::function<bool(const LaneId&)>& is_peer) {
  const std::optional<Introduction> said = decode_introduction(body);
  if (!said || lane > TENON_LANE_BULK || !context_.is_of_this_cluster(*said)) return false;
  const LaneId id{said->from, static_cast<Lane>(lane)};
  if (said->to != context_.node || said->from == context_.node || !is_peer(id)) return false;
  const std::string reply = encode(id.second, context_.introduction_to(said->from));
  const ssize_t sent = ::send(socket_.descriptor(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(reply.size())) return false;
  lane_ = id;
  deadline_ = Clock::time_point::max();
  context_.introduced(*said);
  return true;
}

bool IncomingConnection::deliver(std::uint8_t lane, std::string_view body) {
  if (lane > TENON_LANE_BULK) return false;
  if (static_cast<Lane>(lane) != lane_->second && kSin != Sin::one_connection) return false;
  const tenon_bytes frame = bytes(body);
  context_.host->receive(context_.host, lane_->first, lane, TENON_PROOF_NONE, &frame, 1);
  return true;
}

}  // namespace tenon::wrong_transport
