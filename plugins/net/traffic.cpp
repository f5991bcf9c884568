// SPDX-License-Identifier: MIT
#include "net/traffic.hpp"

#include <string>

namespace tenon::net {

namespace {
constexpr std::array<std::string_view, kCloseReasonCount> kNames = {
    "peer",   "truncated", "frame_too_large", "malformed", "output_full",
    "memory", "idle",      "refused",         "broken",    "shutdown"};
}

std::string_view name_of(CloseReason reason) noexcept { return kNames.at(static_cast<std::size_t>(reason)); }

Traffic Traffic::create(const Host& host) noexcept {
  Traffic made;
  made.connections = host.metric("connections");
  made.refused = host.metric("connections_refused_total");
  for (std::size_t i = 0; i < kCloseReasonCount; ++i) {
    const std::string label = "reason=\"" + std::string(kNames[i]) + "\"";
    made.closed[i] = host.metric("connections_closed_total", label.c_str());
  }
  made.bytes_received = host.metric("bytes_received_total");
  made.bytes_sent = host.metric("bytes_sent_total");
  return made;
}

Traffic Traffic::create_framed(const Host& host) noexcept {
  Traffic made = create(host);
  made.frames_received = host.metric("frames_received_total");
  made.frames_sent = host.metric("frames_sent_total");
  return made;
}

}  // namespace tenon::net
