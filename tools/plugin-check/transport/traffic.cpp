// SPDX-License-Identifier: MIT
#include "transport/traffic.hpp"

#include <cstring>

#include "tenon/check.hpp"

namespace tenon::plugin_check {

namespace {

constexpr std::uint64_t kMagic = 0x54454e4f4e465241U;
constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
using Header = std::array<std::uint64_t, 5>;
static_assert(sizeof(Header) == kTrafficFrameBytesMin);

std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 31U)) * 0x9e3779b97f4a7c15U;
  return value ^ (value >> 29U);
}

// The body from the header on, in words; the last one is cut. Calls body(bytes, from, size) for each.
template <class Body>
bool for_each_word(const Header& header, std::size_t size, Body&& body) {
  std::uint64_t key = 0;
  for (const std::uint64_t word : header) key = mixed(key ^ word);
  for (std::size_t from = sizeof header; from < size; from += kWordBytes) {
    key += 0x632be59bd9b4e019U;
    const std::uint64_t word = key ^ (key >> 27U);
    if (!body(word, from, std::min(kWordBytes, size - from))) return false;
  }
  return true;
}

std::string description(std::uint64_t sequence, std::size_t size) {
  return "frame " + std::to_string(sequence) + " of " + std::to_string(size) + " bytes";
}

}  // namespace

std::chrono::nanoseconds steady_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }

std::string make_traffic_frame(const TrafficFrame& frame, std::size_t size) {
  TENON_CHECK(size >= kTrafficFrameBytesMin && size <= TENON_FRAME_BYTES_MAX);
  const Header header = {kMagic, frame.sender * 2 + static_cast<std::uint64_t>(frame.lane), frame.sequence, size,
                         static_cast<std::uint64_t>(frame.sent_at.count())};
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), header.data(), sizeof header);
  for_each_word(header, size, [&](std::uint64_t word, std::size_t from, std::size_t part) {
    std::memcpy(bytes.data() + from, &word, part);
    return true;
  });
  return bytes;
}

std::string TrafficBook::enter(std::uint64_t peer, Lane lane, std::string_view bytes) {
  Header header{};
  if (bytes.size() < sizeof header) {
    return "a frame of " + std::to_string(bytes.size()) + " bytes came that was never sent";
  }
  std::memcpy(header.data(), bytes.data(), sizeof header);
  const auto [magic, from, sequence, size, sent_at] = header;
  if (magic != kMagic) return "a frame came whose beginning is not what was sent";
  if (size != bytes.size()) {
    return description(sequence, size) + " came with " + std::to_string(bytes.size()) + " bytes";
  }
  const bool whole = for_each_word(header, bytes.size(), [&](std::uint64_t word, std::size_t at, std::size_t part) {
    return std::memcmp(bytes.data() + at, &word, part) == 0;
  });
  if (!whole) return description(sequence, size) + " came changed";
  if (from != peer * 2 + static_cast<std::uint64_t>(lane)) {
    return description(sequence, size) + " of node " + std::to_string(from / 2) + ", lane " +
           name_of(static_cast<Lane>(from % 2)) + ", came as one of node " + std::to_string(peer) + ", lane " +
           name_of(lane);
  }
  const std::lock_guard lock(mutex_);
  Page& page = pages_[static_cast<std::size_t>(lane)];
  if (sequence == page.last_sequence) return description(sequence, size) + " came a second time";
  if (sequence < page.last_sequence) {
    return description(sequence, size) + " came after frame " + std::to_string(page.last_sequence) +
           ": a second time, or out of order";
  }
  page.last_sequence = sequence;
  ++page.frames;
  if (page.keeps_delays) page.delays.push_back(steady_now() - std::chrono::nanoseconds(sent_at));
  return {};
}

std::uint64_t TrafficBook::frames(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return pages_[static_cast<std::size_t>(lane)].frames;
}

std::uint64_t TrafficBook::last_sequence(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return pages_[static_cast<std::size_t>(lane)].last_sequence;
}

void TrafficBook::keep_delays(Lane lane) {
  const std::lock_guard lock(mutex_);
  pages_[static_cast<std::size_t>(lane)].keeps_delays = true;
}

std::vector<std::chrono::nanoseconds> TrafficBook::take_delays(Lane lane) {
  const std::lock_guard lock(mutex_);
  return std::exchange(pages_[static_cast<std::size_t>(lane)].delays, {});
}

}  // namespace tenon::plugin_check
