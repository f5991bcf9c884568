// SPDX-License-Identifier: MIT
#include "host/metrics/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace tenon::host {
namespace {

// The fields of /proc/self/stat that are wanted; proc(5) numbers them from 1.
struct ProcessStat {
  double cpu_seconds = 0;
  double start_seconds = 0;  // since the machine was started
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

std::optional<ProcessStat> read_stat() {
  constexpr std::size_t user_time = 14;
  constexpr std::size_t system_time = 15;
  constexpr std::size_t start_time = 22;
  constexpr std::size_t virtual_size = 23;
  constexpr std::size_t resident_pages = 24;
  std::ifstream input("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(input)), {});
  // Field 2 is the program's name in parentheses, which may hold anything, spaces and parentheses too.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::vector<std::string> found(3);
  for (std::string field; fields >> field;) found.push_back(field);
  if (found.size() <= resident_pages) return std::nullopt;
  const auto number = [&](std::size_t field) { return std::strtod(found[field].c_str(), nullptr); };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ProcessStat{(number(user_time) + number(system_time)) / ticks, number(start_time) / ticks,
                     number(virtual_size), number(resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE))};
}

// When the machine was started, in seconds since 1970.
std::optional<double> boot_seconds() {
  std::ifstream input("/proc/stat");
  for (std::string word; input >> word;) {
    double seconds = 0;
    if (word == "btime" && input >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

void add(std::vector<MetricValue>& values, MetricKind kind, const char* name, const char* help, double value) {
  values.push_back({name, "", help, kind, value, 0, {}});
}

}  // namespace

std::vector<MetricValue> process_metrics() {
  std::vector<MetricValue> values;
  if (const std::optional<ProcessStat> stat = read_stat()) {
    add(values, MetricKind::counter, "process_cpu_seconds_total", "User and system time that the process has used.",
        stat->cpu_seconds);
    add(values, MetricKind::gauge, "process_resident_memory_bytes", "Memory of the process that is in RAM.",
        stat->resident_bytes);
    add(values, MetricKind::gauge, "process_virtual_memory_bytes", "Address space of the process.",
        stat->virtual_bytes);
    if (const std::optional<double> boot = boot_seconds()) {
      add(values, MetricKind::gauge, "process_start_time_seconds", "When the process was started, since 1970.",
          *boot + stat->start_seconds);
    }
  }
  if (const std::optional<double> count = open_descriptors()) {
    add(values, MetricKind::gauge, "process_open_fds", "Open file descriptors.", *count);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add(values, MetricKind::gauge, "process_max_fds", "How many file descriptors may be open.",
        static_cast<double>(limit.rlim_cur));
  }
  return values;
}

}  // namespace tenon::host
