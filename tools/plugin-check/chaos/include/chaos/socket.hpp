// SPDX-License-Identifier: MIT
// TCP sockets on the loopback interface, as tests of network plugins need them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tenon::chaos {

// Owns a descriptor; -1 is none. A failure of the operating system is thrown as std::system_error.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() { close(); }

  int descriptor() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  void close() noexcept;
  // The other side sees a reset instead of an end, and may lose what it has not read.
  void reset() noexcept;
  void shutdown_output() const noexcept;

  // Sends all of it, or returns false when the connection broke or `timeout` passed first. Needs: a blocking socket.
  bool send(std::string_view bytes, std::chrono::milliseconds timeout) const;
  // At least one byte and at most `bytes_max`; empty: the end; nullopt: a broken connection or the timeout.
  std::optional<std::string> receive(std::size_t bytes_max, std::chrono::milliseconds timeout) const;
  // Reads on until the other side has ended the connection, in whichever way; false when `timeout` passed first.
  bool ends_within(std::chrono::milliseconds timeout) const;

 private:
  int descriptor_ = -1;
};

enum class Blocking { yes, no };

// Listens at 127.0.0.1; port 0 lets the operating system choose.
Socket listen_on_loopback(std::uint16_t port = 0);
std::uint16_t local_port(const Socket& socket);
// A port at which nothing listens now. Another process may take it before the caller does.
std::uint16_t free_port();
// Connects to 127.0.0.1, which for a socket that does not block may take until it is writable.
Socket connect_to_loopback(std::uint16_t port, Blocking blocking = Blocking::yes);

}  // namespace tenon::chaos
