// SPDX-License-Identifier: MIT
// Which operations of clients took long: the latest of them, in memory, and what is remembered of those under way so
// that a slow one can be told by its key.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/metrics.hpp"
#include "tenon/client_api.h"

namespace tenon::host {

// What a request is known by beside its kind.
struct RequestTrace {
  std::uint64_t request = 0;  // tenon_request.id
  std::uint64_t key_bytes = 0;
  std::string key;   // its beginning
  std::string text;  // tenon_request.trace, its beginning
};

// Of the requests of one queue. Each has a slot by its id; one that comes later may take it, and the earlier is then
// not known any more, which happens when more are under way than there are slots. Of one thread at a time.
class RequestTraces {
 public:
  static constexpr std::size_t kSlotsMax = 4096;
  static constexpr std::size_t kKeyBytesKept = 48;
  static constexpr std::size_t kTextBytesKept = 64;

  // For `depth` requests that are under way at once. Needs: depth > 0.
  explicit RequestTraces(std::uint64_t depth);

  // Streams are not remembered: they last as long as their client wants. Needs: struct_size as the waist demands it.
  void remember(const tenon_request& request) noexcept;
  std::optional<RequestTrace> find(std::uint64_t request) const;

 private:
  struct Slot {
    std::uint64_t request = 0;
    std::uint64_t key_bytes = 0;
    bool is_taken = false;
    std::uint8_t text_bytes = 0;
    std::array<char, kKeyBytesKept> key;
    std::array<char, kTextBytesKept> text;
  };
  std::vector<Slot> slots_;  // a power of two of them
};

struct SlowOperation {
  std::uint64_t wall_time_ms = 0;  // when it ended
  std::string client_api;
  const char* operation = "";  // as the labels `op` and `code` of tenon_requests_total
  const char* code = "";
  std::chrono::microseconds took{0};
  RequestTrace trace;
};

class SlowOperations {
 public:
  static constexpr std::size_t kKept = 128;  // the oldest give way

  // What takes at least `threshold` is slow. Keeps: metrics, for its life.
  SlowOperations(Metrics& metrics, std::chrono::milliseconds threshold);

  // Any thread.
  bool is_slow(std::chrono::microseconds took) const noexcept { return took >= threshold_; }
  void add(SlowOperation operation);
  // As status_text.hpp says of slow_operations. Sequences count from 1. Any thread.
  std::string text_since(std::uint64_t sequence) const;

 private:
  struct Kept {
    std::uint64_t sequence;
    SlowOperation operation;
  };

  Metrics& metrics_;
  const std::chrono::milliseconds threshold_;
  const std::uint32_t total_metric_;
  mutable std::mutex mutex_;
  std::deque<Kept> kept_;  // at most kKept, ascending by sequence
  std::uint64_t next_sequence_ = 1;
};

}  // namespace tenon::host
