// SPDX-License-Identifier: MIT
// Frames that say what they are, and the book that holds them against what was sent.
//
// A frame of traffic begins with a header of five words (magic, sender and lane, sequence, size, time of sending) and
// goes on with words that follow from them, so that a receiver knows whether it is whole without having the original.
// The sequences of one lane of one sender rise: a frame that comes twice, or too late, is seen by that.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/transport.hpp"

namespace tenon::plugin_check {

inline constexpr std::size_t kTrafficFrameBytesMin = 40;
inline constexpr std::array kLanes = {Lane::control, Lane::bulk};

inline const char* name_of(Lane lane) noexcept { return lane == Lane::control ? "control" : "bulk"; }

struct TrafficFrame {
  std::uint64_t sender;
  Lane lane;
  std::uint64_t sequence;
  std::chrono::nanoseconds sent_at;  // by the steady clock
};

std::chrono::nanoseconds steady_now() noexcept;

// Needs: size in [kTrafficFrameBytesMin, TENON_FRAME_BYTES_MAX].
std::string make_traffic_frame(const TrafficFrame& frame, std::size_t size);

// What one node has received of the traffic of its peers. Any thread.
class TrafficBook {
 public:
  // Returns what is wrong with the frame, empty when nothing is: it is not as it was made, comes from another sender or
  // lane than it says, came before, or came after a later one.
  std::string enter(std::uint64_t peer, Lane lane, std::string_view bytes);

  std::uint64_t frames(Lane lane) const;
  std::uint64_t last_sequence(Lane lane) const;
  // How long each frame was under way, in the order of arrival; takes them out of the book.
  std::vector<std::chrono::nanoseconds> take_delays(Lane lane);
  // From now on delays of this lane are kept.
  void keep_delays(Lane lane);

 private:
  struct Page {
    std::uint64_t frames = 0;
    std::uint64_t last_sequence = 0;
    bool keeps_delays = false;
    std::vector<std::chrono::nanoseconds> delays;
  };

  mutable std::mutex mutex_;
  Page pages_[2];  // by lane
};

}  // namespace tenon::plugin_check
