// SPDX-License-Identifier: MIT
#include "decoration/decoration.hpp"

#include <map>
#include <string_view>
#include <utility>

#include "host/metrics/prometheus_text.hpp"

namespace tenon::server {

Decoration::Decoration(const config::Config& config, host::Logger& logger, host::Metrics& metrics,
                       validation::Threads& threads, std::string room, const tenon_host& host)
    : config_(config), logger_(logger), metrics_(metrics), room_(std::move(room)), host_(host) {
  if (config.plugin_validation == config::PluginValidation::kOff) return;
  const bool aborts = config.plugin_validation == config::PluginValidation::kAbort;
  reporter_.emplace(room_, aborts ? FindingReporter::Then::abort : FindingReporter::Then::go_on, logger, metrics);
  subject_.emplace(threads, *reporter_);
  validated_host_.emplace(*subject_, host);
}

RoleTables Decoration::decorate(const tenon_plugin& object, void* self) {
  if (subject_) validated_.emplace(*subject_, object, self);
  const tenon_plugin& plugin = validated_ ? validated_->object() : object;
  RoleTables tables{plugin.storage, plugin.transport, plugin.client_api, validated_ ? validated_->self() : self};
  inject_faults(tables);
  return tables;
}

void Decoration::inject_faults(RoleTables& tables) {
  if (tables.storage != nullptr && config_.storage_faults.any()) {
    const auto& made =
        faulty_storage_.emplace(config_.storage_faults, host_, *tables.storage, tables.self, announce_faults());
    tables = {made.table(), nullptr, nullptr, made.self()};
  } else if (tables.transport != nullptr && config_.transport_faults.any()) {
    const auto& made =
        faulty_transport_.emplace(config_.transport_faults, *tables.transport, tables.self, announce_faults());
    tables = {nullptr, made.table(), nullptr, made.self()};
  }
}

fault::OnFault Decoration::announce_faults() {
  logger_.write(TENON_SEVERITY_WARNING, room_,
                "FAULT INJECTION IS ON: this node suffers faults on purpose, as section [fault] of its configuration "
                "says; remove that section from a node that is to serve");
  metrics_.record(metrics_.create(host::MetricKind::gauge, "tenon_fault_injection", host::metric_label("plugin", room_),
                                  "1; its label says what suffers faults."),
                  1);
  std::map<std::string_view, std::uint32_t> counters;
  for (const char* const kind : {"sync_delay", "stall", "failure", "full", "read_delay", "loss", "isolation", "delay",
                                 "duplicate", "reorder", "overflow"}) {
    counters[kind] = metrics_.create(host::MetricKind::counter, "tenon_faults_injected_total",
                                     host::metric_label("plugin", room_) + "," + host::metric_label("kind", kind),
                                     "Faults that this node has suffered on purpose.");
  }
  return [this, counters](const char* kind) {
    const auto found = counters.find(kind);
    if (found != counters.end()) metrics_.record(found->second, 1);
  };
}

std::string faults_text(const config::Config& config) {
  std::string text;
  if (config.storage_faults.any()) text = "storage";
  if (config.transport_faults.any()) text.append(text.empty() ? "" : ",").append("transport");
  return text.empty() ? "none" : text;
}

}  // namespace tenon::server
