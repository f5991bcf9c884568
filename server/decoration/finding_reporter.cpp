// SPDX-License-Identifier: MIT
#include "decoration/finding_reporter.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "host/metrics/prometheus_text.hpp"

namespace tenon::server {
namespace {

constexpr std::chrono::seconds kInterval(10);
constexpr std::uint64_t kLinesMax = 10;  // in one interval

std::uint32_t findings_metric(host::Metrics& metrics, const std::string& room, const char* blame) {
  return metrics.create(host::MetricKind::counter, "tenon_plugin_findings_total",
                        host::metric_label("plugin", room) + "," + host::metric_label("blame", blame),
                        "Breaches of the contract between node and plugins that validation found, by who broke it.");
}

}  // namespace

FindingReporter::FindingReporter(std::string room, Then then, host::Logger& logger, host::Metrics& metrics)
    : room_(std::move(room)),
      then_(then),
      logger_(logger),
      metrics_(metrics),
      plugin_findings_(findings_metric(metrics, room_, "plugin")),
      host_findings_(findings_metric(metrics, room_, "host")),
      slow_calls_(metrics.create(host::MetricKind::counter, "tenon_plugin_slow_calls_total",
                                 host::metric_label("plugin", room_),
                                 "Calls on the node's thread that took longer than 50 microseconds.")) {}

void FindingReporter::report(const validation::Finding& finding) noexcept {
  metrics_.record(finding.blame == validation::Blame::plugin ? plugin_findings_ : host_findings_, 1);
  if (then_ == Then::abort) {
    // What led to it first; and the logger may not come to write the finding any more.
    logger_.settle();
    std::fprintf(stderr, "%s: %s\n", room_.c_str(), finding.text().c_str());
    std::abort();
  }
  if (may_log()) logger_.write(TENON_SEVERITY_ERROR, room_, finding.text());
}

void FindingReporter::slow_call(const char* function, std::chrono::nanoseconds took) noexcept {
  metrics_.record(slow_calls_, 1);
  if (!logger_.wants(TENON_SEVERITY_DEBUG, room_)) return;
  logger_.write(TENON_SEVERITY_DEBUG, room_,
                std::string(function) + " took " + std::to_string(took.count() / 1000) + " us on the node's thread");
}

bool FindingReporter::may_log() noexcept {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now >= interval_end_) {
    interval_end_ = now + kInterval;
    lines_ = 0;
  }
  return ++lines_ <= kLinesMax;
}

}  // namespace tenon::server
