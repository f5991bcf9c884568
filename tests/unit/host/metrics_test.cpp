// SPDX-License-Identifier: MIT
#include "host/metrics.hpp"

#include <algorithm>
#include <thread>

#include "support/catch.hpp"

namespace tenon::host {
namespace {

TEST_CASE("a counter adds, a gauge is set, a histogram counts at or below each bound") {
  Metrics metrics;
  const std::uint32_t counter = metrics.create(MetricKind::counter, "c", "", "counts");
  const std::uint32_t gauge = metrics.create(MetricKind::gauge, "g", "lane=\"bulk\"", "");
  const std::uint32_t histogram = metrics.create(MetricKind::histogram, "h", "", "");
  for (const double value : {1.0, 2.5}) metrics.record(counter, value);
  for (const double value : {7.0, 3.0}) metrics.record(gauge, value);
  for (const double value : {1e-6, 1.5e-6, 1.0, 1000.0, -1.0}) metrics.record(histogram, value);
  const std::vector<MetricValue> values = metrics.values();
  REQUIRE(values.size() == 3);
  CHECK((values[0].name == "c" && values[0].help == "counts" && values[0].value == 3.5));
  CHECK((values[1].labels == "lane=\"bulk\"" && values[1].value == 3.0 && values[1].buckets.empty()));
  REQUIRE(values[2].buckets.size() == Metrics::kBucketBounds.size());
  CHECK(values[2].observations == 5);
  CHECK(values[2].buckets.front() == 2);  // what is just at the bound, and what is below every bound
  CHECK(values[2].buckets[1] == 3);
  CHECK(values[2].buckets.back() == 4);  // all but the one above every bound
}

TEST_CASE("bounds ascend, as the counting needs it") {
  CHECK(std::is_sorted(Metrics::kBucketBounds.begin(), Metrics::kBucketBounds.end()));
}

TEST_CASE("a series is one for its name and labels, and of one kind") {
  Metrics metrics;
  const std::uint32_t first = metrics.create(MetricKind::counter, "m", "a=\"1\"", "");
  CHECK(first != 0);
  CHECK(metrics.create(MetricKind::counter, "m", "a=\"1\"", "") == first);
  CHECK(metrics.create(MetricKind::counter, "m", "a=\"2\"", "") == first + 1);
  CHECK(metrics.create(MetricKind::gauge, "m", "a=\"3\"", "") == 0);
}

TEST_CASE("beyond the bound no series is made, and numbers never given out are ignored") {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kSeriesMax; ++i) {
    REQUIRE(metrics.create(MetricKind::counter, "m" + std::to_string(i), "", "") == i + 1);
  }
  CHECK(metrics.create(MetricKind::counter, "one more", "", "") == 0);
  CHECK(metrics.create(MetricKind::counter, "m7", "", "") == 8);
  metrics.record(0, 1);
  metrics.record(Metrics::kSeriesMax + 1, 1);
  metrics.record(~0u, 1);
  for (const MetricValue& value : metrics.values()) REQUIRE(value.value == 0);
}

TEST_CASE("nothing is lost when many threads record, create and look at once") {
  constexpr int threads = 4;
  constexpr int each = 20'000;
  Metrics metrics;
  const std::uint32_t counter = metrics.create(MetricKind::counter, "c", "", "");
  const std::uint32_t histogram = metrics.create(MetricKind::histogram, "h", "", "");
  std::vector<std::thread> recorders;
  recorders.reserve(threads);
  for (int thread = 0; thread < threads; ++thread) {
    recorders.emplace_back([&, thread] {
      const std::uint32_t own = metrics.create(MetricKind::gauge, "g" + std::to_string(thread), "", "");
      for (int i = 0; i < each; ++i) {
        metrics.record(counter, 1);
        metrics.record(histogram, 1e-3);
        metrics.record(own, i);
        if (i % 5'000 == 0) metrics.values();
      }
    });
  }
  for (std::thread& recorder : recorders) recorder.join();
  const std::vector<MetricValue> values = metrics.values();
  REQUIRE(values.size() == 2 + threads);
  CHECK(values[0].value == threads * each);
  CHECK(values[1].observations == std::uint64_t{threads} * each);
  for (std::size_t i = 2; i < values.size(); ++i) CHECK(values[i].value == each - 1);
}

}  // namespace
}  // namespace tenon::host
