// SPDX-License-Identifier: MIT
// The services that one plugin instance sees as its tenon_host.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/logger.hpp"
#include "host/metrics.hpp"
#include "tenon/plugin.h"

namespace tenon::host {

struct DeclaredMetric {
  MetricKind kind;
  std::string name;
  std::string help;
};

struct PluginSurroundings {
  std::string room;  // its name in logger lines and metrics, for example "storage.filewal"
  std::uint64_t node_id = 0;
  std::string cluster_id;
  std::string data_directory;                  // absolute, exists
  std::map<std::string, std::string> options;  // checked against the manifest, with its defaults
  std::vector<DeclaredMetric> metrics;         // as the manifest declares them
  std::function<void(tenon_error error, const std::string& message)> on_failed;  // any thread; the first failure only
  std::map<std::string, const void*> extensions;  // of tenon_host, by name; they outlive the instance
};

class PluginHost {
 public:
  // Keeps: logger and metrics, for its life. Outlives the instance.
  PluginHost(PluginSurroundings surroundings, Logger& logger, Metrics& metrics);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  const tenon_host* table() const noexcept { return &table_; }

 private:
  static const PluginHost& of(const tenon_host* host) noexcept {
    return *static_cast<const PluginHost*>(host->context);
  }
  std::uint32_t create_metric(const char* name, const char* labels) const;

  const PluginSurroundings surroundings_;
  Logger& logger_;
  Metrics& metrics_;
  mutable std::atomic<bool> has_failed_{false};
  tenon_host table_{};
};

}  // namespace tenon::host
