// SPDX-License-Identifier: MIT
#include "host/plugin_host.hpp"

#include <algorithm>
#include <utility>

#include "host/metrics/prometheus_text.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {

PluginHost::PluginHost(PluginSurroundings surroundings, Logger& logger, Metrics& metrics)
    : surroundings_(std::move(surroundings)), logger_(logger), metrics_(metrics) {
  table_.struct_size = sizeof table_;
  table_.abi_minor = TENON_ABI_MINOR;
  table_.context = this;
  table_.node_id = surroundings_.node_id;
  table_.cluster_id = surroundings_.cluster_id.c_str();
  table_.data_directory = surroundings_.data_directory.c_str();
  table_.get_extension = [](const tenon_host* host, const char* name) -> const void* {
    const auto& extensions = of(host).surroundings_.extensions;
    const auto found = extensions.find(name);
    return found == extensions.end() ? nullptr : found->second;
  };
  table_.option = [](const tenon_host* host, const char* name) -> const char* {
    const auto& options = of(host).surroundings_.options;
    const auto found = options.find(name);
    return found == options.end() ? nullptr : found->second.c_str();
  };
  table_.logger_write = [](const tenon_host* host, std::uint32_t severity, tenon_bytes line) -> std::int32_t {
    Logger& logger_of = of(host).logger_;
    if (!logger_of.wants(severity, of(host).surroundings_.room)) return 0;
    if (line.size != 0) logger_of.write(severity, of(host).surroundings_.room, view(line));
    return 1;
  };
  table_.metric_create = [](const tenon_host* host, const char* name, const char* labels) {
    return of(host).create_metric(name, labels);
  };
  table_.metric_record = [](const tenon_host* host, std::uint32_t metric, double value) {
    of(host).metrics_.record(metric, value);
  };
  table_.failed = [](const tenon_host* host, tenon_error error, const char* message) {
    if (!of(host).has_failed_.exchange(true)) of(host).surroundings_.on_failed(error, message);
  };
}

namespace {

// Metrics that have a name of their own, whichever plugin measures them.
struct CoreName {
  const char* kind;
  const char* declared;
  const char* name;
  const char* label;
};
constexpr CoreName kCoreNames[] = {
    {"api", "connections", "tenon_connections", "api"},
    {"storage", "sync_duration_seconds", "tenon_wal_fsync_duration_seconds", "plugin"},
};

}  // namespace

// The kind of plugin goes into the name, so that every storage has the same series; the plugin goes into a label.
std::uint32_t PluginHost::create_metric(const char* name, const char* labels) const {
  const auto& declared = surroundings_.metrics;
  const auto found =
      std::find_if(declared.begin(), declared.end(), [&](const DeclaredMetric& metric) { return metric.name == name; });
  if (found == declared.end()) return 0;
  const std::string& room = surroundings_.room;
  const std::size_t dot = room.find('.');
  const std::string kind = room.substr(0, dot);
  std::string full_name = "tenon_" + kind + "_" + found->name;
  const char* label = "plugin";
  for (const CoreName& core : kCoreNames) {
    if (kind != core.kind || found->name != core.declared) continue;
    full_name = core.name;
    label = core.label;
  }
  std::string all_labels = metric_label(label, room.substr(dot + 1));
  if (*labels != '\0') all_labels.append(",").append(labels);
  return metrics_.create(found->kind, full_name, all_labels, found->help);
}

}  // namespace tenon::host
