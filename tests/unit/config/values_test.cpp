// SPDX-License-Identifier: MIT
#include "config/option_table.hpp"
#include "support.hpp"

namespace tenon::config {

namespace {

Sources with(const std::string& section, const std::string& key, const std::string& value) {
  Sources sources = least();
  sources.flags = {{section, key, value}};
  return sources;
}

bool is_number(const Option& option) {
  return option.type == OptionType::kInteger || option.type == OptionType::kSize ||
         option.type == OptionType::kDuration;
}

}  // namespace

TEST_CASE("every option of the table has help, numbers have a range, and defaults are where they are promised") {
  for (const Option& option : options()) {
    INFO(option.section << "." << option.name);
    CHECK_FALSE(option.help.empty());
    CHECK((option.presence == Presence::kDefaulted) == !option.default_value.empty());
    CHECK(is_number(option) == !option.min.empty());
    CHECK(is_number(option) == !option.max.empty());
    CHECK((option.type == OptionType::kChoice) == !option.choices.empty());
  }
}

TEST_CASE("a value out of range or of another form is refused with what was expected") {
  check_refusal(with("node", "id", "0"), "flag --set node.id: node.id: found '0', expected integer, 1 to ", "");
  check_refusal(with("node", "id", "-1"), "flag --set node.id: node.id: found '-1'", "");
  check_refusal(with("node", "id", "9223372036854775808"), "flag --set node.id: node.id: found '92", "");
  check_refusal(with("node", "id", "1x"), "flag --set node.id: node.id: found '1x'", "");
  check_refusal(with("node", "drain_timeout", "6s"), "flag --set node.drain_timeout: ", "0s to 5s");
  check_refusal(with("node", "drain_timeout", "4"), "flag --set node.drain_timeout: ", "duration (us, ms, s, m, h)");
  check_refusal(with("limits", "value_bytes_max", "1023"), "flag --set limits.value_bytes_max: ", "1KiB to 4MiB");
  check_refusal(with("limits", "value_bytes_max", "5MiB"), "flag --set limits.value_bytes_max: ", "1KiB to 4MiB");
  check_refusal(with("limits", "value_bytes_max", "1MB"), "flag --set limits.value_bytes_max: ", "found '1MB'");
  check_refusal(with("limits", "scan_records_max", "0"), "flag --set limits.scan_records_max: ", "1 to 10000 records");
  check_refusal(with("logger", "level", "trace"), "flag --set logger.level: ", "one of debug, info, warning, error");
  check_refusal(with("logger", "level", "info|error"), "flag --set logger.level: ", "one of debug");
  check_refusal(with("cluster", "start", "old"), "flag --set cluster.start: ", "one of new, join");
}

TEST_CASE("the ends of a range belong to it") {
  CHECK(load(with("node", "id", "1")).node_id == 1);
  CHECK(load(with("node", "id", "9223372036854775807")).node_id == 9223372036854775807u);
  CHECK(load(with("node", "drain_timeout", "5000ms")).drain_timeout == std::chrono::seconds(5));
  CHECK(load(with("node", "scheduling", "inherit")).scheduling == Scheduling::kInherit);
  CHECK(load(with("limits", "scan_bytes_max", "8MiB")).limits.scan_bytes_max == 8u << 20);
}

TEST_CASE("the cluster's name is checked") {
  CHECK(load(with("cluster", "id", std::string(64, 'a'))).cluster_id.size() == 64);
  check_refusal(with("cluster", "id", std::string(65, 'a')), "flag --set cluster.id: cluster.id: ", "1 to 64 of");
  check_refusal(with("cluster", "id", "a b"), "flag --set cluster.id: cluster.id: found 'a b'", "1 to 64 of");
  check_refusal(with("cluster", "id", ""), "flag --set cluster.id: cluster.id: ", "empty");
}

TEST_CASE("plugin directories are absolute") {
  const Config config = load(with("node", "plugin_directories", "/a:/b/c"));
  CHECK(config.plugin_directories == std::vector<std::filesystem::path>{"/a", "/b/c"});
  check_refusal(with("node", "plugin_directories", "/a:b"), "flag --set node.plugin_directories: ", "found 'b'");
  check_refusal(with("node", "plugin_directories", "/a:"), "flag --set node.plugin_directories: ", "absolute");
}

TEST_CASE("election timeouts leave room for three heartbeats, and differ") {
  check_refusal(least("[raft]\nheartbeat_interval = 100ms\nelection_timeout_min = 299ms\n"),
                "a.conf:12: raft.election_timeout_min: found 299ms", "raft.heartbeat_interval (100ms, a.conf:11)");
  check_refusal(least("[raft]\nheartbeat_interval = 200ms\n"), "default: raft.election_timeout_min: ", "a.conf:11");
  check_refusal(least("[raft]\nelection_timeout_max = 500ms\n"), "a.conf:11: raft.election_timeout_max: found 500ms",
                "raft.election_timeout_min (500ms, default)");
  const Config config =
      load(least("[raft]\nheartbeat_interval = 50ms\nelection_timeout_min = 150ms\nelection_timeout_max = 300ms\n"));
  CHECK(config.raft.election_timeout_min == std::chrono::milliseconds(150));
}

TEST_CASE("leases are off unless they are asked for, and allow for clocks that drift") {
  CHECK_FALSE(load(least("")).raft.lease_drift.has_value());
  CHECK_FALSE(load(least("[raft]\nlease_drift_percent = 20\n")).raft.lease_drift.has_value());
  CHECK(load(least("[raft]\nlease_reads = on\n")).raft.lease_drift == std::chrono::milliseconds(50));
  CHECK(load(least("[raft]\nlease_reads = on\nlease_drift_percent = 20\n")).raft.lease_drift ==
        std::chrono::milliseconds(100));
  check_refusal(least("[raft]\nlease_drift_percent = 0\n"), "a.conf:11: raft.lease_drift_percent: ", "found '0'");
  check_refusal(least("[raft]\nlease_reads = yes\n"), "a.conf:11: raft.lease_reads: ", "yes");
}

TEST_CASE("limits that contradict each other are refused with both places") {
  check_refusal(least("[limits]\nrequest_bytes_max = 1MiB\n"),
                "a.conf:11: limits.request_bytes_max: ", "limits.value_bytes_max (1MiB, default) needs 1118208 bytes");
  check_refusal(least("[limits]\ninbox_bytes_max = 2MiB\n"),
                "a.conf:11: limits.inbox_bytes_max: ", "limits.request_bytes_max (4MiB, default)");
  const Config config = load(least("[limits]\nrequest_bytes_max = 1118208\n"));
  CHECK(config.limits.request_bytes_max == config.limits.value_bytes_max + kRequestOverheadBytes);
}

}  // namespace tenon::config
