// SPDX-License-Identifier: MIT
// A TCP proxy on the loopback interface that spoils what passes through it.
//
// Each connection that is accepted is carried on to the target as one of its own: two directions, each with a buffer of
// at most kBufferBytesMax, so that a side that does not read is felt by the side that writes. What is random (the sizes
// of pieces, which byte is changed) is drawn from the seed, the number of the connection and the direction alone: with
// the same bytes and the same disturbances, the same happens. When bytes arrive is up to the operating system.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "chaos/socket.hpp"

namespace tenon::chaos {

inline constexpr std::size_t kBufferBytesMax = std::size_t{256} * 1024;

// forward: from whoever dialled the proxy to the target.
enum class Direction { forward, backward };

// What happens to the bytes of one direction. As it is made, nothing does.
struct Disturbance {
  std::chrono::microseconds delay{0};  // between arrival and departure of each byte
  std::uint64_t bytes_per_second = 0;  // of each connection; 0: no cap
  std::uint64_t piece_bytes_max = 0;   // each departure has 1 to so many bytes; 0: as it comes
  std::uint64_t flip_every = 0;        // of so many bytes one is changed, on average; 0: none
  std::uint64_t insert_every = 0;      // before one of so many bytes a random one is inserted; 0: none
  bool stalled = false;                // nothing is read or written, not even the end; the sockets stay open
};

// How connections are ended.
enum class Cut { end, reset };

struct ProxyCounts {
  std::uint64_t accepted = 0;     // since the beginning
  std::uint64_t connections = 0;  // open now
  std::uint64_t bytes_forward = 0;
  std::uint64_t bytes_backward = 0;
  std::uint64_t bytes_spoilt = 0;  // changed or inserted
};

// Works on a thread of its own until it is destroyed. All functions from any thread.
class Proxy {
 public:
  // Throws std::system_error.
  Proxy(std::uint16_t target_port, std::uint64_t seed);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  // Resets what is open.
  ~Proxy();

  std::uint16_t port() const noexcept { return port_; }
  // From now on, of the connections that there are and of new ones.
  void disturb(Direction direction, const Disturbance& disturbance);
  void disturb(const Disturbance& both) {
    disturb(Direction::forward, both);
    disturb(Direction::backward, both);
  }
  // Ends every connection that is open now.
  void cut(Cut how);
  // While it refuses, a new connection is reset at once.
  void refuse(bool refusing);
  // Half-open for good: connections that are open now carry nothing any more, whatever becomes of the disturbances, and
  // stay open until cut().
  void abandon();
  ProxyCounts counts() const;

 private:
  class Connection;

  void run();
  // Sets what to wait for, two places behind which each connection has two, and returns until when; nullopt: the end.
  // Connections leave their list here alone, so that it is still the same in serve().
  std::optional<std::chrono::steady_clock::time_point> prepare(std::vector<pollfd>& polls);
  void serve(const std::vector<pollfd>& polls);
  // Needs: the mutex.
  void accept_new();
  void wake() const;

  const std::uint64_t seed_;
  const Socket listener_;
  const std::uint16_t port_;
  const std::uint16_t target_port_;
  Socket wake_;  // an eventfd
  mutable std::mutex mutex_;
  Disturbance disturbances_[2];
  ProxyCounts counts_;
  bool refusing_ = false;
  bool ends_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace tenon::chaos
