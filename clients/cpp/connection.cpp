// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace tenon::client {
namespace {

using Clock = Connection::Clock;

std::string describe(int error) { return std::error_code(error, std::generic_category()).message(); }

// Waits until the descriptor is ready for `events`; an error of the socket counts as ready and shows in the next call.
// False: the deadline has passed.
bool wait_until_ready(int descriptor, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted{descriptor, events, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw ConnectionError("waiting failed: " + describe(errno));
  }
}

// Connects a socket of its own; the error is 0, and the descriptor valid, when it succeeds.
int connect_to(const addrinfo& address, Clock::time_point deadline, int& descriptor) {
  descriptor = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (descriptor < 0) return errno;
  if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_until_ready(descriptor, POLLOUT, deadline)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

Connection::Connection(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int lookup = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (lookup != 0) throw ConnectionError(std::string("the name cannot be resolved: ") + ::gai_strerror(lookup));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    int descriptor = -1;
    error = connect_to(*address, Clock::now() + connect_timeout, descriptor);
    if (error == 0) {
      const int no_delay = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
      descriptor_ = descriptor;
      return;
    }
    if (descriptor >= 0) ::close(descriptor);
  }
  throw ConnectionError(describe(error));
}

Connection::~Connection() { ::close(descriptor_); }

bool Connection::is_stale() const {
  pollfd wanted{descriptor_, POLLIN, 0};
  return ::poll(&wanted, 1, 0) != 0;
}

void Connection::send_frame(std::string_view frame, Clock::time_point deadline) {
  const std::size_t size = frame.size();
  std::string bytes;
  bytes.reserve(size + 4);
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>((size >> shift) & 0xff));
  bytes.append(frame);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_until_ready(descriptor_, POLLOUT, deadline)) throw ConnectionError("sending took too long");
    } else if (errno != EINTR) {
      throw ConnectionError("the connection was lost while sending: " + describe(errno));
    }
  }
}

std::string Connection::receive_frame(Clock::time_point deadline) {
  std::array<char, 4> length{};
  receive(length.data(), length.size(), deadline);
  std::size_t size = 0;
  for (const char byte : length) size = size << 8 | static_cast<unsigned char>(byte);
  if (size > kFrameBytesMax) {
    throw ConnectionError("found an answer of " + std::to_string(size) +
                          " bytes; this is not a framed Thrift API, or not one of Tenon");
  }
  std::string frame(size, '\0');
  receive(frame.data(), frame.size(), deadline);
  return frame;
}

std::size_t Connection::send_some(std::string_view bytes) {
  while (true) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) throw ConnectionError("the connection was lost while sending: " + describe(errno));
  }
}

std::size_t Connection::receive_some(char* buffer, std::size_t size) {
  while (true) {
    const ssize_t received = ::recv(descriptor_, buffer, size, 0);
    if (received > 0) return static_cast<std::size_t>(received);
    if (received == 0) throw ConnectionError("the connection was closed before the answer came");
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) throw ConnectionError("the connection was lost before the answer came: " + describe(errno));
  }
}

void Connection::receive(char* data, std::size_t size, Clock::time_point deadline) {
  while (size > 0) {
    const ssize_t received = ::recv(descriptor_, data, size, 0);
    if (received > 0) {
      data += received;
      size -= static_cast<std::size_t>(received);
    } else if (received == 0) {
      throw ConnectionError("the connection was closed before the answer came");
    } else if (errno == EAGAIN) {
      if (!wait_until_ready(descriptor_, POLLIN, deadline)) throw ConnectionError("no answer within the time allowed");
    } else if (errno != EINTR) {
      throw ConnectionError("the connection was lost before the answer came: " + describe(errno));
    }
  }
}

}  // namespace tenon::client
