// SPDX-License-Identifier: MIT
// Latencies in buckets that widen with the value, so that a percentile is at most 1 % above the truth, whatever the
// number of observations, in 64 KiB.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tenon::bench {

class LatencyHistogram {
 public:
  void record(std::chrono::nanoseconds latency) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  std::uint64_t count() const noexcept { return count_; }
  std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }
  // The smallest bound that at least this share of the observations is not above; zero when there are none.
  std::chrono::nanoseconds percentile(double share) const {
    const double rank = std::ceil(share * static_cast<double>(count_));
    const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
      seen += buckets_[bucket];
      if (seen >= wanted) return std::chrono::nanoseconds(std::min(upper_bound_of(bucket), max_));
    }
    return std::chrono::nanoseconds(0);
  }

 private:
  // A bucket is the position of the highest bit and the kFineBits below it.
  static constexpr unsigned kFineBits = 7;
  static constexpr std::size_t kBuckets = (64 - kFineBits + 1) << kFineBits;

  static std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < (std::uint64_t{1} << kFineBits)) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kFineBits - 1;
    return (static_cast<std::size_t>(shift) << kFineBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t upper_bound_of(std::size_t bucket) noexcept {
    if (bucket < (std::size_t{2} << kFineBits)) return bucket;
    const auto shift = static_cast<unsigned>(bucket >> kFineBits) - 1;
    const std::uint64_t fine = bucket - (static_cast<std::size_t>(shift) << kFineBits);
    return ((fine + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kBuckets);
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace tenon::bench
