// SPDX-License-Identifier: MIT
#include "net/keep_alive.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::net {

void keep_alive(boost::asio::ip::tcp::socket& socket, std::chrono::milliseconds timeout) noexcept {
  namespace asio = boost::asio;
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Probes = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  using Unacknowledged = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  TENON_CHECK(timeout.count() > 0);
  // The first half of the time passes in silence, the second in probes.
  constexpr std::chrono::milliseconds kHour{3'600'000};
  const auto milliseconds = static_cast<int>(std::min(timeout, kHour).count());
  constexpr int kProbes = 3;
  const int silence = std::max(1, milliseconds / 2000);
  const int interval = std::max(1, milliseconds / 2000 / kProbes);
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(Idle(silence), ignored);
  socket.set_option(Interval(interval), ignored);
  socket.set_option(Probes(kProbes), ignored);
  socket.set_option(Unacknowledged(milliseconds), ignored);
}

}  // namespace tenon::net
