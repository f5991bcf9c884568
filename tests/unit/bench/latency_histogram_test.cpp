// SPDX-License-Identifier: MIT
#include "latency_histogram.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include "support/catch.hpp"

namespace tenon::bench {

using std::chrono::nanoseconds;

TEST_CASE("a percentile is at most one percent above the truth, over the whole range") {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (random() % 50 + 14));
    values.push_back(value);
    histogram.record(nanoseconds(value));
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    const std::int64_t truth = values[rank - 1];
    CHECK(histogram.percentile(share).count() >= truth);
    CHECK(static_cast<double>(histogram.percentile(share).count()) <= 1.01 * static_cast<double>(truth) + 1);
  }
  CHECK(histogram.count() == values.size());
  CHECK(histogram.max().count() == values.back());
}

TEST_CASE("a histogram that has seen nothing has no latency, and small values are exact") {
  LatencyHistogram histogram;
  CHECK(histogram.percentile(0.5).count() == 0);
  for (int value = 0; value < 200; ++value) histogram.record(nanoseconds(value));
  CHECK(histogram.percentile(0.5).count() == 99);
  CHECK(histogram.percentile(1.0).count() == 199);
}

}  // namespace tenon::bench
