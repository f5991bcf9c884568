// SPDX-License-Identifier: MIT
// A TCP connection that carries frames: a length of four bytes, big-endian, and then the frame. Thrift's own socket
// knows a time for each read only, so that a peer could draw out an answer for ever, and writes to standard error.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tenon_client/endpoint.hpp"

namespace tenon::client {

// what() says what happened, without the endpoint. The connection is of no use any more.
struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kFrameBytesMax = 64u << 20;  // of an answer; a longer one ends the connection

  // Tries the addresses of the endpoint in turn. Throws ConnectionError when none accepts within its time.
  Connection(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether the peer has closed, or has sent what nobody asked for. Needs: no answer is awaited.
  bool is_stale() const;

  // Both throw ConnectionError when the deadline passes or the connection fails.
  void send_frame(std::string_view frame, Clock::time_point deadline);
  std::string receive_frame(Clock::time_point deadline);

  // What can be sent or has arrived at once, without waiting: the bytes of it, 0 for none. Both throw ConnectionError
  // when the connection is lost.
  std::size_t send_some(std::string_view bytes);
  std::size_t receive_some(char* buffer, std::size_t size);
  int descriptor() const noexcept { return descriptor_; }

 private:
  void receive(char* data, std::size_t size, Clock::time_point deadline);

  int descriptor_ = -1;
};

}  // namespace tenon::client
