// SPDX-License-Identifier: MIT
// The table tenon_host for one instance under check. It records what the plugin says of itself, and fails the check for
// metrics that the manifest does not declare, that were never made, or whose values are none.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runner/subject.hpp"

namespace tenon::plugin_check {

struct Identity {
  std::uint64_t node_id = 1;
  std::string cluster_id = "plugin-check";
};

struct FailedReport {
  tenon_error error;
  std::string message;
};

class CheckHost {
 public:
  // `options`: checked, with defaults.
  CheckHost(Subject& subject, std::filesystem::path data_directory, plugin::Options options, Identity identity);
  CheckHost(const CheckHost&) = delete;
  CheckHost& operator=(const CheckHost&) = delete;

  const tenon_host* table() const noexcept { return &table_; }
  const std::filesystem::path& data_directory() const noexcept { return data_directory_; }

  // failed() as it was reported, in order. These are for any thread.
  std::vector<FailedReport> failures() const;
  bool wait_failed(std::chrono::milliseconds patience) const;
  std::vector<std::string> logger_lines() const;
  // The sum of what was recorded, over all labels; nullopt: the metric was never made.
  std::optional<double> metric(const std::string& name) const;

 private:
  struct Metric {
    std::string name;
    double sum = 0;
  };

  static CheckHost& of(const tenon_host* host) { return *static_cast<CheckHost*>(host->context); }
  static const char* option(const tenon_host* host, const char* name);
  static std::int32_t logger_write(const tenon_host* host, std::uint32_t severity, tenon_bytes line);
  static std::uint32_t metric_create(const tenon_host* host, const char* name, const char* labels);
  static void metric_record(const tenon_host* host, std::uint32_t metric, double value);
  static void failed(const tenon_host* host, tenon_error error, const char* message);

  Subject& subject_;
  const std::filesystem::path data_directory_;
  const std::string data_directory_text_;
  const plugin::Options options_;
  const Identity identity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Metric> metrics_;  // metric N is the N-th
  std::vector<std::string> lines_;
  std::vector<FailedReport> failures_;
  tenon_host table_{};
};

}  // namespace tenon::plugin_check
