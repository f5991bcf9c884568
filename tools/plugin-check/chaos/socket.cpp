// SPDX-License-Identifier: MIT
#include "chaos/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tenon::chaos {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in loopback(std::uint16_t port) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Socket create(int flags) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket) fail("socket");
  return socket;
}

// Waits for `events`; false when the deadline has passed.
bool wait(int descriptor, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&waiting, 1, std::max(0, static_cast<int>(left.count()))) > 0;
}

}  // namespace

void Socket::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Socket::reset() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (descriptor_ >= 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::shutdown_output() const noexcept { ::shutdown(descriptor_, SHUT_WR); }

bool Socket::send(std::string_view bytes, std::chrono::milliseconds timeout) const {
  const auto deadline = Clock::now() + timeout;
  while (!bytes.empty()) {
    if (!wait(descriptor_, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
  }
  return true;
}

std::optional<std::string> Socket::receive(std::size_t bytes_max, std::chrono::milliseconds timeout) const {
  if (!wait(descriptor_, POLLIN, Clock::now() + timeout)) return std::nullopt;
  std::string bytes(bytes_max, '\0');
  const ssize_t received = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (received < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(received));
  return bytes;
}

bool Socket::ends_within(std::chrono::milliseconds timeout) const {
  const auto deadline = Clock::now() + timeout;
  char ignored[4096];
  while (wait(descriptor_, POLLIN, deadline)) {
    const ssize_t received = ::recv(descriptor_, ignored, sizeof ignored, MSG_DONTWAIT);
    if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) return true;
  }
  return false;
}

Socket listen_on_loopback(std::uint16_t port) {
  Socket socket = create(SOCK_NONBLOCK);
  const int yes = 1;
  ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  if (::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(socket.descriptor(), SOMAXCONN) != 0) fail("listen");
  return socket;
}

std::uint16_t local_port(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  return ntohs(address.sin_port);
}

std::uint16_t free_port() { return local_port(listen_on_loopback()); }

Socket connect_to_loopback(std::uint16_t port, Blocking blocking) {
  Socket socket = create(blocking == Blocking::yes ? 0 : SOCK_NONBLOCK);
  const int yes = 1;
  ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    fail("connect");
  }
  return socket;
}

}  // namespace tenon::chaos
