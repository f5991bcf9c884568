// SPDX-License-Identifier: MIT
// One direction of a connection through the proxy: what has been read waits here until it may be written.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "chaos/proxy.hpp"

namespace tenon::chaos {

// A generator whose numbers are the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept;
  // In [0, bound). Needs: bound above 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

 private:
  std::uint64_t state_;
};

class Stream {
 public:
  using Clock = std::chrono::steady_clock;

  Stream(int from, int to, std::uint64_t seed) noexcept : from_(from), to_(to), random_(seed) {}

  // What poll() is to wait for now, at `from` and at `to`.
  bool wants_input(const Disturbance& disturbance) const noexcept;
  bool wants_output(const Disturbance& disturbance, Clock::time_point now) const noexcept;
  // When something can be done without any event of a socket; nullopt: never, or now.
  std::optional<Clock::time_point> next_departure(const Disturbance& disturbance, Clock::time_point now) const noexcept;

  // Both return false when the connection is broken. Each adds to the counts what it did.
  bool read(const Disturbance& disturbance, Clock::time_point now, std::uint64_t& spoilt);
  bool write(const Disturbance& disturbance, Clock::time_point now, std::uint64_t& bytes);

  // The end was read and passed on.
  bool ended() const noexcept { return end_sent_; }

 private:
  struct Chunk {
    Clock::time_point departs;
    std::string bytes;
  };

  std::string spoil(std::string bytes, const Disturbance& disturbance, std::uint64_t& spoilt);
  Clock::time_point departs() const noexcept { return std::max(chunks_.front().departs, next_write_); }

  const int from_;
  const int to_;
  Random random_;
  std::deque<Chunk> chunks_;        // none is empty
  std::size_t buffered_ = 0;        // bytes of all chunks
  std::size_t first_sent_ = 0;      // of the first chunk; less than its size
  Clock::time_point next_write_{};  // by the cap
  bool end_read_ = false;
  bool end_sent_ = false;
};

}  // namespace tenon::chaos
