// SPDX-License-Identifier: MIT
#include "host/metrics/event_history.hpp"

#include <algorithm>

namespace tenon::host {
namespace {

const char* kind_name(EventHistory::Kind kind) noexcept {
  switch (kind) {
    case EventHistory::Kind::election:
      return "election";
    case EventHistory::Kind::membership:
      return "membership";
    case EventHistory::Kind::snapshot:
      return "snapshot";
    case EventHistory::Kind::standing:
      return "standing";
    default:
      return "state";
  }
}

}  // namespace

void EventHistory::add(Kind kind, std::string_view text, std::uint64_t wall_time_ms) {
  std::string line(text.substr(0, kTextBytesMax));
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  const std::lock_guard lock(mutex_);
  if (events_.size() == kEventsMax) events_.pop_front();
  events_.push_back({next_sequence_++, wall_time_ms, kind, std::move(line)});
}

std::string EventHistory::text_since(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  std::string lines;
  for (const Event& event : events_) {
    if (event.sequence <= sequence) continue;
    lines += std::to_string(event.sequence) + " " + std::to_string(event.wall_time_ms) + " ";
    lines.append(kind_name(event.kind)).append(" ").append(event.text).append("\n");
  }
  return lines;
}

}  // namespace tenon::host
