// SPDX-License-Identifier: MIT
#include "host/plugin_host.hpp"

#include <thread>

#include "fake_logger.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {
namespace {

struct Fixture {
  std::vector<std::pair<tenon_error, std::string>> failures;
  FakeLogger logger{TENON_SEVERITY_INFO};
  Metrics metrics;
  PluginHost host{{"storage.memory",
                   7,
                   "cluster",
                   "/data",
                   {{"path", "/x"}, {"empty", ""}},
                   {{MetricKind::counter, "syncs_total", "Syncs."}, {MetricKind::gauge, "depth", ""}},
                   [this](tenon_error error, const std::string& message) { failures.emplace_back(error, message); }},
                  logger,
                  metrics};
  const tenon_host* table = host.table();
};

TEST_CASE("a plugin sees who it serves, and only the options that are set") {
  const Fixture f;
  CHECK(f.table->struct_size == sizeof(tenon_host));
  CHECK(f.table->abi_minor == TENON_ABI_MINOR);
  CHECK(f.table->node_id == 7);
  CHECK(std::string(f.table->cluster_id) == "cluster");
  CHECK(std::string(f.table->data_directory) == "/data");
  CHECK(std::string(f.table->option(f.table, "path")) == "/x");
  CHECK(std::string(f.table->option(f.table, "empty")).empty());
  CHECK(f.table->option(f.table, "other") == nullptr);
  CHECK(f.table->get_extension(f.table, "storage.zoned/1") == nullptr);
}

TEST_CASE("lines that are wanted go to the logger under the room's name, and an empty one only asks") {
  const Fixture f;
  CHECK(f.table->logger_write(f.table, TENON_SEVERITY_DEBUG, bytes("quiet")) == 0);
  CHECK(f.table->logger_write(f.table, TENON_SEVERITY_INFO, bytes("heard")) == 1);
  CHECK(f.table->logger_write(f.table, TENON_SEVERITY_INFO, {}) == 1);
  CHECK(f.table->logger_write(f.table, TENON_SEVERITY_DEBUG, {}) == 0);
  CHECK(f.logger.lines() == std::vector<std::string>{"storage.memory: heard"});
}

TEST_CASE("declared metrics are made, with the plugin as a label, and no others") {
  const Fixture f;
  const std::uint32_t syncs = f.table->metric_create(f.table, "syncs_total", "");
  const std::uint32_t depth = f.table->metric_create(f.table, "depth", "lane=\"bulk\"");
  CHECK(f.table->metric_create(f.table, "undeclared", "") == 0);
  f.table->metric_record(f.table, syncs, 2);
  f.table->metric_record(f.table, depth, 5);
  f.table->metric_record(f.table, 0, 1);
  const std::vector<MetricValue> values = f.metrics.values();
  REQUIRE(values.size() == 2);
  CHECK(values[0].name == "tenon_storage_syncs_total");
  CHECK(values[0].labels == "plugin=\"memory\"");
  CHECK(values[0].help == "Syncs.");
  CHECK(values[0].value == 2);
  CHECK(values[1].labels == "plugin=\"memory\",lane=\"bulk\"");
  CHECK(values[1].value == 5);
}

TEST_CASE("the first failure is told, once, whichever threads fail") {
  Fixture f;
  std::vector<std::thread> failing;
  failing.reserve(4);
  for (int i = 0; i < 4; ++i) {
    failing.emplace_back([&] { f.table->failed(f.table, TENON_ERROR_IO, "sync failed"); });
  }
  for (std::thread& thread : failing) thread.join();
  f.table->failed(f.table, TENON_ERROR_CORRUPT, "later");
  CHECK(f.failures == std::vector<std::pair<tenon_error, std::string>>{{TENON_ERROR_IO, "sync failed"}});
}

}  // namespace
}  // namespace tenon::host
