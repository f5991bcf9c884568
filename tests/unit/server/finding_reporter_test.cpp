// SPDX-License-Identifier: MIT
#include "decoration/finding_reporter.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "support/catch.hpp"

namespace tenon::server {
namespace {

class Lines final : public host::Logger {
 public:
  bool wants(std::uint32_t severity, std::string_view) const noexcept override {
    return severity >= TENON_SEVERITY_INFO;
  }
  void write(std::uint32_t, std::string_view, std::string_view line) noexcept override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

double value_of(const host::Metrics& metrics, const std::string& name, const std::string& label) {
  for (const host::MetricValue& value : metrics.values()) {
    if (value.name == name && value.labels.find(label) != std::string::npos) return value.value;
  }
  return -1;
}

const validation::Finding kFinding{validation::Blame::plugin, validation::Rule::durable, "tenon_storage_host.durable",
                                   "this", "that"};

TEST_CASE("every finding is counted by who broke the contract, and the first ten are logged") {
  Lines logger;
  host::Metrics metrics;
  FindingReporter reporter("storage.x", FindingReporter::Then::go_on, logger, metrics);
  for (int i = 0; i < 25; ++i) reporter.report(kFinding);
  validation::Finding of_host = kFinding;
  of_host.blame = validation::Blame::host;
  reporter.report(of_host);
  CHECK(value_of(metrics, "tenon_plugin_findings_total", "blame=\"plugin\"") == 25);
  CHECK(value_of(metrics, "tenon_plugin_findings_total", "blame=\"host\"") == 1);
  CHECK(logger.lines.size() >= 10);
  CHECK(logger.lines.size() <= 20);  // when the test takes longer than an interval
  CHECK(logger.lines.front() == kFinding.text());
}

TEST_CASE("slow calls are counted, and no finding") {
  Lines logger;
  host::Metrics metrics;
  FindingReporter reporter("storage.x", FindingReporter::Then::abort, logger, metrics);
  reporter.slow_call("tenon_storage.write", std::chrono::milliseconds(1));
  CHECK(value_of(metrics, "tenon_plugin_slow_calls_total", "storage.x") == 1);
  CHECK(logger.lines.empty());
}

TEST_CASE("a finding ends the process when the config wants that") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::close(STDERR_FILENO);
    Lines logger;
    host::Metrics metrics;
    FindingReporter("storage.x", FindingReporter::Then::abort, logger, metrics).report(kFinding);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

}  // namespace
}  // namespace tenon::server
