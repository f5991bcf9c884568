// SPDX-License-Identifier: MIT
#include "runner/check_host.hpp"

#include <algorithm>
#include <cmath>

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::size_t kLoggerLinesMax = 10'000;
constexpr std::size_t kMetricsMax = 10'000;

}  // namespace

CheckHost::CheckHost(Subject& subject, std::filesystem::path data_directory, plugin::Options options, Identity identity)
    : subject_(subject),
      data_directory_(std::move(data_directory)),
      data_directory_text_(data_directory_.string()),
      options_(std::move(options)),
      identity_(std::move(identity)) {
  table_.struct_size = sizeof table_;
  table_.abi_minor = TENON_ABI_MINOR;
  table_.context = this;
  table_.node_id = identity_.node_id;
  table_.cluster_id = identity_.cluster_id.c_str();
  table_.data_directory = data_directory_text_.c_str();
  table_.get_extension = [](const tenon_host*, const char*) -> const void* { return nullptr; };
  table_.option = option;
  table_.logger_write = logger_write;
  table_.metric_create = metric_create;
  table_.metric_record = metric_record;
  table_.failed = failed;
}

std::vector<FailedReport> CheckHost::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool CheckHost::wait_failed(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return !failures_.empty(); });
}

std::vector<std::string> CheckHost::logger_lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::optional<double> CheckHost::metric(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::optional<double> sum;
  for (const Metric& metric : metrics_) {
    if (metric.name == name) sum = sum.value_or(0) + metric.sum;
  }
  return sum;
}

const char* CheckHost::option(const tenon_host* host, const char* name) {
  CheckHost& self = of(host);
  const auto found = self.options_.find(name);
  return found == self.options_.end() ? nullptr : found->second.c_str();
}

std::int32_t CheckHost::logger_write(const tenon_host* host, std::uint32_t, tenon_bytes line) {
  CheckHost& self = of(host);
  if (line.size == 0) return 1;
  const std::string text(view(line));
  self.subject_.note(text);
  const std::lock_guard lock(self.mutex_);
  if (self.lines_.size() < kLoggerLinesMax) self.lines_.push_back(text);
  return 1;
}

std::uint32_t CheckHost::metric_create(const tenon_host* host, const char* name, const char*) {
  CheckHost& self = of(host);
  const auto& declared = self.subject_.plugin().manifest.metrics;
  const bool known =
      std::any_of(declared.begin(), declared.end(), [&](const auto& metric) { return metric.name == name; });
  self.subject_.expect(known, "tenon_host.metric_create() was given '" + std::string(name) +
                                  "'; expected a metric that the manifest declares (plugin.h)");
  const std::lock_guard lock(self.mutex_);
  self.subject_.expect(self.metrics_.size() < kMetricsMax, "the plugin made more than " + std::to_string(kMetricsMax) +
                                                               " metrics; expected a bounded number of labels");
  self.metrics_.push_back({name});
  return static_cast<std::uint32_t>(self.metrics_.size());
}

void CheckHost::metric_record(const tenon_host* host, std::uint32_t metric, double value) {
  CheckHost& self = of(host);
  if (metric == 0) return;
  const std::lock_guard lock(self.mutex_);
  self.subject_.expect(metric <= self.metrics_.size(), "tenon_host.metric_record() was given metric " +
                                                           std::to_string(metric) +
                                                           "; expected a number that metric_create() returned");
  self.subject_.expect(std::isfinite(value),
                       "the metric " + self.metrics_[metric - 1].name + " was given a value that is not finite");
  self.metrics_[metric - 1].sum += value;
}

void CheckHost::failed(const tenon_host* host, tenon_error error, const char* message) {
  CheckHost& self = of(host);
  self.subject_.note("failed(" + text_of(error) + ", " + message + ")");
  const std::lock_guard lock(self.mutex_);
  self.failures_.push_back({error, message});
  self.changed_.notify_all();
}

}  // namespace tenon::plugin_check
