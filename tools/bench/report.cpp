// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cstdio>
#include <ostream>

namespace tenon::bench {
namespace {

struct Share {
  const char* name;
  double share;
};
constexpr Share kShares[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

std::string decimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

double per_second(const LoadResult& result, const LatencyHistogram& latencies) {
  if (latencies.count() == 0) return 0;
  return static_cast<double>(latencies.count()) / std::chrono::duration<double>(result.measured).count();
}

std::string microseconds(std::chrono::nanoseconds latency) {
  return decimal(std::chrono::duration<double, std::micro>(latency).count());
}

void print_line(std::ostream& output, const char* name, const LoadResult& result, const LatencyHistogram& latencies) {
  if (latencies.count() == 0) return;
  output << name << "  " << decimal(per_second(result, latencies)) << "/s";
  for (const Share& one : kShares) output << "  " << one.name << " " << microseconds(latencies.percentile(one.share));
  output << "  max " << microseconds(latencies.max()) << " us\n";
}

std::string json_of(const LoadResult& result, const LatencyHistogram& latencies) {
  std::string text = "{\"count\": " + std::to_string(latencies.count());
  text += ", \"per_second\": " + decimal(per_second(result, latencies));
  for (const Share& one : kShares) {
    text += ", \"" + std::string(one.name) + "_us\": " + microseconds(latencies.percentile(one.share));
  }
  return text + ", \"max_us\": " + microseconds(latencies.max()) + "}";
}

}  // namespace

void print_report(std::ostream& output, const Options& options, const LoadResult& result) {
  const LoadOptions& load = options.load;
  if (options.format == ReportFormat::json) {
    output << "{\"clients\": " << load.clients << ", \"connections\": " << load.connections
           << ", \"value_bytes\": " << load.value_bytes
           << ", \"seconds\": " << decimal(std::chrono::duration<double>(result.measured).count())
           << ", \"put\": " << json_of(result, result.puts) << ", \"get\": " << json_of(result, result.gets)
           << ", \"errors\": {";
    const char* separator = "";
    for (const auto& [what, count] : result.errors) {
      output << separator << "\"" << what << "\": " << count;
      separator = ", ";
    }
    output << "}}\n";
    return;
  }
  output << load.clients << " clients on " << load.connections << " connections, values of " << load.value_bytes
         << " bytes; latencies in microseconds\n";
  print_line(output, "put", result, result.puts);
  print_line(output, "get", result, result.gets);
  for (const auto& [what, count] : result.errors) output << what << ": " << count << "\n";
}

}  // namespace tenon::bench
