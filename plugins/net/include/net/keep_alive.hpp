// SPDX-License-Identifier: MIT
// How a connection learns that the machine on its other side is gone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>

namespace tenon::net {

// Lets the operating system break the connection when the other side acknowledges nothing for about `timeout`, be it
// data or, while none is under way, a probe. It works in whole seconds, at least one before the first probe.
// What the operating system refuses is left as it is. Needs: timeout > 0.
void keep_alive(boost::asio::ip::tcp::socket& socket, std::chrono::milliseconds timeout) noexcept;

}  // namespace tenon::net
