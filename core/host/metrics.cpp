// SPDX-License-Identifier: MIT
#include "host/metrics.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::host {
namespace {

std::size_t bucket_of(double value) noexcept {
  const auto& bounds = Metrics::kBucketBounds;
  return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

}  // namespace

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

Metrics::Series* Metrics::find(std::uint32_t number) const noexcept {
  if (number == 0 || number > count_.load(std::memory_order_acquire)) return nullptr;
  return series_[number - 1].get();
}

void Metrics::record(std::uint32_t number, double value) noexcept {
  Series* const series = find(number);
  if (series == nullptr) return;
  if (series->kind == MetricKind::gauge) {
    series->value.store(value, std::memory_order_relaxed);
    return;
  }
  series->value.fetch_add(value, std::memory_order_relaxed);
  if (series->kind != MetricKind::histogram) return;
  series->buckets[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
}

void Metrics::record(std::uint32_t number, const Observations& observations) noexcept {
  Series* const series = find(number);
  if (series == nullptr) return;
  TENON_CHECK(series->kind == MetricKind::histogram);
  series->value.fetch_add(observations.sum, std::memory_order_relaxed);
  for (std::size_t i = 0; i < observations.buckets.size(); ++i) {
    const std::uint64_t count = observations.buckets[i];
    if (count != 0) series->buckets[i].fetch_add(count, std::memory_order_relaxed);
  }
}

void Metrics::Observations::add(double value) noexcept {
  sum += value;
  ++count;
  ++buckets[bucket_of(value)];
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
