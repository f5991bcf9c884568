// SPDX-License-Identifier: MIT
#include "host/metrics.hpp"

#include <algorithm>

namespace tenon::host {

std::uint32_t Metrics::create(MetricKind kind, std::string_view name, std::string_view labels, std::string_view help) {
  const std::lock_guard lock(making_);
  const std::uint32_t count = count_.load();
  for (std::uint32_t i = 0; i < count; ++i) {
    const Series& series = *series_[i];
    if (series.name != name) continue;
    if (series.kind != kind) return 0;
    if (series.labels == labels) return i + 1;
  }
  if (count == kSeriesMax) return 0;
  auto made = std::make_unique<Series>();
  made->name = name;
  made->labels = labels;
  made->help = help;
  made->kind = kind;
  series_[count] = std::move(made);
  count_.store(count + 1);
  return count + 1;
}

void Metrics::record(std::uint32_t number, double value) noexcept {
  if (number == 0 || number > count_.load(std::memory_order_acquire)) return;
  Series& series = *series_[number - 1];
  if (series.kind == MetricKind::gauge) {
    series.value.store(value, std::memory_order_relaxed);
    return;
  }
  series.value.fetch_add(value, std::memory_order_relaxed);
  if (series.kind != MetricKind::histogram) return;
  const auto bound = std::lower_bound(kBucketBounds.begin(), kBucketBounds.end(), value);
  series.buckets[static_cast<std::size_t>(bound - kBucketBounds.begin())].fetch_add(1, std::memory_order_relaxed);
}

std::vector<MetricValue> Metrics::values() const {
  std::vector<MetricValue> values;
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Series& series = *series_[i];
    MetricValue& value = values.emplace_back(
        MetricValue{series.name, series.labels, series.help, series.kind, series.value.load(), 0, {}});
    if (series.kind != MetricKind::histogram) continue;
    for (const auto& bucket : series.buckets) value.buckets.push_back(value.observations += bucket.load());
    value.buckets.pop_back();
  }
  return values;
}

}  // namespace tenon::host
