// SPDX-License-Identifier: MIT
// What the connections of one plugin count, and why they end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/host.hpp"

namespace tenon::net {

enum class CloseReason {
  kPeer,           // the peer closed, between two frames
  kTruncated,      // the peer closed within a frame
  kFrameTooLarge,  // a length word is above the limit
  kMalformed,      // the user of the connection could not read what came
  kOutputFull,     // the peer does not read what it asked for
  kMemory,         // all connections together hold as many bytes as they may
  kIdle,           // nothing came and nothing left for the idle timeout
  kRefused,        // the user of the connection does not want this peer, or has a newer connection from it
  kBroken,         // the operating system reported an error
  kShutdown,       // this side shuts down
};
inline constexpr std::size_t kCloseReasonCount = 10;

// One word, as the label `reason` of the metric says it.
std::string_view name_of(CloseReason reason) noexcept;

// Where traffic is counted. A default-constructed one counts nothing. Any thread.
struct Traffic {
  // Makes the metrics that a plugin with connections declares in its manifest: the gauge connections, and the counters
  // connections_refused_total, connections_closed_total (label reason), bytes_received_total and bytes_sent_total.
  // Needs: before open() or start() of the instance has returned.
  static Traffic create(const Host& host) noexcept;
  // The same, and the counters frames_received_total and frames_sent_total.
  static Traffic create_framed(const Host& host) noexcept;

  Metric connections;
  Metric refused;
  std::array<Metric, kCloseReasonCount> closed;
  Metric bytes_received;
  Metric bytes_sent;
  Metric frames_received;
  Metric frames_sent;
};

// A bound on the bytes that all connections of a plugin hold together: frames that are not yet complete and output that
// is not yet sent. 0 <= used <= max. Of one thread.
class BufferBudget {
 public:
  explicit BufferBudget(std::uint64_t max) noexcept : max_(max) {}

  // Takes `bytes` and returns true, or takes nothing and returns false when the bound would be passed.
  [[nodiscard]] bool take(std::uint64_t bytes) noexcept {
    if (bytes > max_ - used_) return false;
    used_ += bytes;
    return true;
  }
  void give_back(std::uint64_t bytes) noexcept {
    TENON_CHECK(bytes <= used_);
    used_ -= bytes;
  }
  std::uint64_t used() const noexcept { return used_; }

 private:
  const std::uint64_t max_;
  std::uint64_t used_ = 0;
};

}  // namespace tenon::net
