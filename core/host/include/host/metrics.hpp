// SPDX-License-Identifier: MIT
// Counters, gauges and histograms. A series is made once, while the parts are set up, and recorded to from any thread
// without a lock. Histograms count in buckets whose bounds are 1, 2 and 5 times the powers of ten from 1e-6 to 1e1,
// which suits what is measured most, seconds.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::host {

enum class MetricKind { counter, gauge, histogram };

struct MetricValue {
  std::string name;
  std::string labels;  // "" or `lane="bulk"`
  std::string help;
  MetricKind kind = MetricKind::counter;
  double value = 0;                    // the count or the level; of a histogram the sum
  std::uint64_t observations = 0;      // of a histogram
  std::vector<std::uint64_t> buckets;  // of a histogram: observations at or below each of Metrics::kBucketBounds
};

class Metrics {
 public:
  static constexpr std::size_t kSeriesMax = 1024;
  static constexpr std::array<double, 24> kBucketBounds = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4,
                                                           5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1,
                                                           2e-1, 5e-1, 1e0,  2e0,  5e0,  1e1,  2e1,  5e1};

  // Makes a series, or finds the one of this name and these labels, and returns its number; 0: there are kSeriesMax, or
  // one of that name is of another kind. Any thread.
  std::uint32_t create(MetricKind kind, std::string_view name, std::string_view labels, std::string_view help);
  // What a histogram observes, counted by one thread so that many observations are recorded at once.
  struct Observations {
    double sum = 0;
    std::uint64_t count = 0;
    std::array<std::uint64_t, kBucketBounds.size() + 1> buckets{};

    void add(double value) noexcept;
  };

  // A counter adds, a gauge is set, a histogram observes. Number 0 and numbers never given out are ignored. Any thread.
  void record(std::uint32_t number, double value) noexcept;
  // The same for many. Needs: a histogram, or a number that is ignored.
  void record(std::uint32_t number, const Observations& observations) noexcept;
  // What every series shows now, in the order of their making. Any thread.
  std::vector<MetricValue> values() const;

 private:
  struct Series;
  // Null: the number is ignored.
  Series* find(std::uint32_t number) const noexcept;

  struct Series {
    std::string name;
    std::string labels;
    std::string help;
    MetricKind kind;
    std::atomic<double> value{0};
    std::array<std::atomic<std::uint64_t>, kBucketBounds.size() + 1> buckets{};  // the last: above every bound
  };

  mutable std::mutex making_;
  std::array<std::unique_ptr<Series>, kSeriesMax> series_;
  std::atomic<std::uint32_t> count_{0};  // series_[0, count_) are made, and never change again
};

}  // namespace tenon::host
