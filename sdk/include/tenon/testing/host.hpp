// SPDX-License-Identifier: MIT
// A host for the tests of plugins: options are what the test sets, logger lines, metrics and the failure are kept to be
// looked at. Its functions may be called from any thread, as those of a real host.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tenon/host.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {
namespace testing {

struct LoggerLine {
  std::uint32_t severity;
  std::string text;
};
struct Failure {
  tenon_error error;
  std::string message;
};

class FakeHost {
 public:
  // `data_directory` must exist when the plugin uses it; `options` hold what a manifest's defaults would have filled
  // in.
  FakeHost(std::string data_directory, std::map<std::string, std::string> options, std::uint64_t node_id = 1,
           std::string cluster_id = "test-cluster")
      : data_directory_(std::move(data_directory)), cluster_id_(std::move(cluster_id)), options_(std::move(options)) {
    table_.struct_size = sizeof table_;
    table_.abi_minor = TENON_ABI_MINOR;
    table_.context = this;
    table_.node_id = node_id;
    table_.cluster_id = cluster_id_.c_str();
    table_.data_directory = data_directory_.c_str();
    table_.get_extension = [](const tenon_host*, const char*) -> const void* { return nullptr; };
    table_.option = option;
    table_.logger_write = logger_write;
    table_.metric_create = metric_create;
    table_.metric_record = metric_record;
    table_.failed = failed;
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const tenon_host* table() const noexcept { return &table_; }
  std::vector<LoggerLine> logger_lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool logged(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    for (const LoggerLine& line : lines_) {
      if (line.text.find(part) != std::string::npos) return true;
    }
    return false;
  }
  // The sum of all that was recorded for a metric, or nullopt when it was never created.
  std::optional<double> metric(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    std::optional<double> sum;
    for (const auto& [metric_name, value] : metrics_) {
      if (metric_name == name) sum = sum.value_or(0) + value;
    }
    return sum;
  }
  std::optional<Failure> failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  static FakeHost& of(const tenon_host* host) noexcept { return *static_cast<FakeHost*>(host->context); }

  static const char* option(const tenon_host* host, const char* name) {
    const auto found = of(host).options_.find(name);
    return found == of(host).options_.end() ? nullptr : found->second.c_str();
  }
  static std::int32_t logger_write(const tenon_host* host, std::uint32_t severity, tenon_bytes line) {
    if (line.size == 0) return 1;
    const std::lock_guard lock(of(host).mutex_);
    of(host).lines_.push_back({severity, std::string(view(line))});
    return 1;
  }
  static std::uint32_t metric_create(const tenon_host* host, const char* name, const char*) {
    const std::lock_guard lock(of(host).mutex_);
    of(host).metrics_.emplace_back(name, 0.0);
    return static_cast<std::uint32_t>(of(host).metrics_.size());
  }
  static void metric_record(const tenon_host* host, std::uint32_t metric, double value) {
    const std::lock_guard lock(of(host).mutex_);
    if (metric != 0) of(host).metrics_.at(metric - 1).second += value;
  }
  static void failed(const tenon_host* host, tenon_error error, const char* message) {
    const std::lock_guard lock(of(host).mutex_);
    if (!of(host).failure_) of(host).failure_ = Failure{error, message};
  }

  const std::string data_directory_;
  const std::string cluster_id_;
  const std::map<std::string, std::string> options_;
  mutable std::mutex mutex_;
  std::vector<LoggerLine> lines_;
  std::vector<std::pair<std::string, double>> metrics_;
  std::optional<Failure> failure_;  // the first; it holds for good
  tenon_host table_{};
};

}  // namespace testing
}  // namespace sdk_1
}  // namespace tenon
