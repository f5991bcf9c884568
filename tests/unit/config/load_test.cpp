// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fstream>

#include "config/option_table.hpp"
#include "support.hpp"

namespace tenon::config {

TEST_CASE("what is not set has its default, and says so") {
  const Config config = load(least());
  CHECK(config.node_id == 7);
  CHECK(config.data_directory == "somewhere");
  CHECK(config.plugin_directories.empty());
  CHECK(config.drain_timeout == std::chrono::seconds(4));
  CHECK(config.scheduling == Scheduling::kBatch);
  CHECK(config.cluster_id == "test");
  CHECK_FALSE(config.start.has_value());
  CHECK(config.initial_members.empty());
  CHECK(config.peers.empty());
  CHECK(config.raft.heartbeat_interval == std::chrono::milliseconds(50));
  CHECK(config.raft.election_timeout_min == std::chrono::milliseconds(500));
  CHECK(config.raft.election_timeout_max == std::chrono::seconds(1));
  CHECK(config.storage_plugin == "filewal");
  CHECK(config.transport_plugins.empty());
  CHECK(config.api_plugins == std::vector<std::string>{"thrift"});
  CHECK_FALSE(config.advertise.has_value());
  CHECK(config.limits.value_bytes_max == 1048576);
  CHECK(config.limits.request_bytes_max == 4194304);
  CHECK(config.limits.scan_records_max == 1000);
  CHECK(config.limits.scan_bytes_max == 1048576);
  CHECK(config.limits.inbox_bytes_max == 67108864);
  CHECK(config.limits.timeout_default == std::chrono::seconds(5));
  CHECK(config.limits.slow_operation == std::chrono::milliseconds(100));
  CHECK(config.logger_levels.general == LoggerLevel::kInfo);
  CHECK(config.settings.at("limits").at("scan_records_max").origin.text() == "default");
  CHECK(config.settings.at("node").at("id").origin.text() == "a.conf:2");
}

TEST_CASE("environment is stronger than the file, and a flag is stronger than both") {
  Sources sources = least("[logger]\nlevel = error\n[limits]\nscan_records_max = 1\n");
  CHECK(load(sources).logger_levels.general == LoggerLevel::kError);
  sources.environment = {{"TENON_LOGGER_LEVEL", "warning"}, {"TENON_NODE_ID", "8"}};
  CHECK(load(sources).logger_levels.general == LoggerLevel::kWarning);
  sources.flags = {{"logger", "level", "info"}, {"logger", "level", "debug"}};
  const Config config = load(sources);
  CHECK(config.logger_levels.general == LoggerLevel::kDebug);
  CHECK(config.node_id == 8);
  CHECK(config.limits.scan_records_max == 1);
  CHECK(config.settings.at("logger").at("level").origin.text() == "flag --set logger.level");
  CHECK(config.settings.at("node").at("id").origin.text() == "environment TENON_NODE_ID");
}

TEST_CASE("a node can be configured without a file") {
  Sources sources;
  sources.environment = {{"TENON_NODE_ID", "1"}, {"TENON_NODE_DATA_DIRECTORY", "d"}, {"TENON_CLUSTER_ID", "c"}};
  sources.flags = {{"storage", "plugin", "filewal"}, {"api", "plugin", "thrift"}};
  CHECK(load(sources).node_id == 1);
}

TEST_CASE("a conversion needs no configuration, and may have sections of both its plugins") {
  const std::vector<std::string> plugins = {"filewal", "leveldb"};
  const Config bare = load_conversion({}, plugins);
  CHECK(bare.node_id == 0);
  CHECK(bare.cluster_id.empty());
  CHECK(bare.plugin_section("storage", "leveldb").empty());
  Sources sources = least("[storage.filewal]\nsegment_bytes = 1MiB\n[storage.leveldb]\ncache_bytes = 1MiB\n");
  sources.flags = {{"storage.leveldb", "cache_bytes", "2MiB"}};
  const Config config = load_conversion(sources, plugins);
  CHECK(config.node_id == 7);
  CHECK(config.cluster_id == "test");
  CHECK(config.plugin_section("storage", "filewal").at("segment_bytes").value == "1MiB");
  CHECK(config.plugin_section("storage", "leveldb").at("cache_bytes").value == "2MiB");
  CHECK_THROWS_AS(load_conversion({}, std::vector<std::string>{"No Name"}), ConfigError);
  CHECK_THROWS_WITH(load(sources), Catch::Contains("the plugin 'leveldb' is not chosen"));
}

TEST_CASE("every option of the table can be set by its variable") {
  CHECK(environment_name("limits", "value_bytes_max") == "TENON_LIMITS_VALUE_BYTES_MAX");
  for (const Option& option : options()) {
    Sources sources = least();
    const std::string variable = environment_name(option.section, option.name);
    sources.environment = {{variable, ""}};
    INFO(variable);
    // An empty value suits no option, so that each shows that its own variable reached it.
    check_refusal(
        sources, "environment " + variable + ": " + std::string(option.section) + "." + std::string(option.name) + ": ",
        "");
  }
}

TEST_CASE("unknown keys and sections are refused with the nearest name") {
  check_refusal(least("[limits]\nvalue_byte_max = 1MiB\n"), "a.conf:11: limits.value_byte_max: ", "'value_bytes_max'");
  check_refusal(least("[stroage]\n"), "a.conf:10: [stroage]: ", "The nearest name is 'storage'");
  check_refusal(least("[limit.s]\n"), "a.conf:10: [limit.s]: ", "there is no section 'limit.s'");
}

TEST_CASE("unknown variables and flags are refused with the nearest name") {
  Sources sources = least();
  sources.environment = {{"TENON_NOD_ID", "1"}};
  check_refusal(sources, "environment TENON_NOD_ID: ", "'TENON_NODE_ID'");
  sources = least();
  sources.flags = {{"node", "idd", "1"}};
  check_refusal(sources, "flag --set node.idd: node.idd: ", "'id'");
  sources.flags = {{"nod", "id", "1"}};
  check_refusal(sources, "flag --set nod.id: ", "'node'");
}

TEST_CASE("only variables of this program are taken from the environment") {
  const char* const variables[] = {"PATH=/bin", "TENON_NODE_ID=3=4", "TENONCTL_ENDPOINTS=x", "TENON_BROKEN", nullptr};
  CHECK(tenon_environment(variables) == Environment{{"TENON_NODE_ID", "3=4"}});
}

TEST_CASE("a required option that is missing is named with all the ways to set it") {
  check_refusal(file("[node]\nid = 1\n"), "a.conf: node.data_directory: not set",
                "TENON_NODE_DATA_DIRECTORY or --set node.data_directory=VALUE");
  check_refusal({}, "node.id: not set", "add it to [node]");
}

TEST_CASE("options of a chosen plugin are kept with their origins, whatever their names") {
  Sources sources = least("[storage.filewal]\nsegment_bytes = 64MiB\nbogus = x\n");
  sources.environment = {{"TENON_STORAGE_FILEWAL_SEGMENT_BYTES", "1MiB"}, {"TENON_API_THRIFT_LISTEN", "h:1"}};
  sources.flags = {{"api.thrift", "listen", "h:2"}};
  const Config config = load(sources);
  const Section& storage = config.plugin_section("storage", "filewal");
  CHECK(storage.size() == 2);
  CHECK(storage.at("segment_bytes").value == "1MiB");
  CHECK(storage.at("segment_bytes").origin.text() == "environment TENON_STORAGE_FILEWAL_SEGMENT_BYTES");
  CHECK(storage.at("bogus").origin.text() == "a.conf:12");
  const Section& api = config.plugin_section("api", "thrift");
  CHECK(api.at("listen").value == "h:2");
  CHECK(api.at("listen").origin.text() == "flag --set api.thrift.listen");
}

TEST_CASE("transports are chosen in order of preference, and get their options") {
  Sources sources = least("[transport]\nplugin = websocket, thrift\n[transport.thrift]\nlisten = h:1\n");
  sources.environment = {{"TENON_TRANSPORT_WEBSOCKET_LISTEN", "h:2"}};
  const Config config = load(sources);
  CHECK(config.transport_plugins == std::vector<std::string>{"websocket", "thrift"});
  CHECK(config.plugin_section("transport", "thrift").at("listen").value == "h:1");
  CHECK(config.plugin_section("transport", "websocket").at("listen").value == "h:2");
}

TEST_CASE("a chosen plugin without options has an empty section") {
  CHECK(load(least()).plugin_section("storage", "filewal").empty());
}

TEST_CASE("a variable belongs to the plugin with the longest name that fits") {
  Sources sources = least();
  sources.flags = {{"api", "plugin", "a, a_b"}};
  sources.environment = {{"TENON_API_A_B_C", "1"}, {"TENON_API_A_X", "2"}};
  const Config config = load(sources);
  CHECK(config.api_plugins == std::vector<std::string>{"a", "a_b"});
  CHECK(config.plugin_section("api", "a_b").at("c").value == "1");
  CHECK(config.plugin_section("api", "a").at("x").value == "2");
  sources.flags = {{"api", "plugin", "a"}};
  CHECK(load(sources).plugin_section("api", "a").at("b_c").value == "1");
  sources.flags = {{"api", "plugin", "a-b_c,a_b"}};
  sources.environment = {{"TENON_API_A_B_C_X", "1"}};
  CHECK(load(sources).plugin_section("api", "a-b_c").at("x").value == "1");
  sources.flags = {{"api", "plugin", "a-b"}};
  sources.environment = {{"TENON_API_A_B_C", "1"}};
  CHECK(load(sources).plugin_section("api", "a-b").at("c").value == "1");
}

TEST_CASE("a section of a plugin that is not chosen is refused with the line that would choose it") {
  check_refusal(least("[storage.memory]\n"), "a.conf:10: [storage.memory]: ", "plugin = memory in [storage]");
  check_refusal(least("[api.http]\nlisten = x\n"), "a.conf:10: [api.http]: ", "plugin = thrift,http in [api]");
  check_refusal(least("[transport.thrift]\nlisten = x\n"),
                "a.conf:10: [transport.thrift]: ", "plugin = thrift in [transport]");
  check_refusal(least("[transport]\nplugin = ws\n[transport.thrift]\nlisten = x\n"),
                "a.conf:12: [transport.thrift]: ", "plugin = ws,thrift in [transport]");
  Sources sources = least();
  sources.flags = {{"storage.memory", "size", "1"}};
  check_refusal(sources, "flag --set storage.memory.size: [storage.memory]: ", "not chosen");
  sources = least();
  sources.environment = {{"TENON_STORAGE_MEMORY_SIZE", "1"}};
  check_refusal(sources, "environment TENON_STORAGE_MEMORY_SIZE: ", "when it is chosen");
}

TEST_CASE("plugin names that could not be file names are refused") {
  Sources sources = least();
  sources.flags = {{"storage", "plugin", "../evil"}};
  check_refusal(sources, "flag --set storage.plugin: storage.plugin: found '../evil'", "tenon-storage-NAME.so");
  sources.flags = {{"storage", "plugin", "a,b"}};
  check_refusal(sources, "flag --set storage.plugin: ", "one storage plugin");
  sources.flags = {{"api", "plugin", "a,,b"}};
  check_refusal(sources, "flag --set api.plugin: ", "empty item");
  sources.flags = {{"api", "plugin", "a,a"}};
  check_refusal(sources, "flag --set api.plugin: ", "twice");
  sources.flags = {{"api", "plugin", "a-b,a_b"}};
  check_refusal(sources, "flag --set api.plugin: ", "twice");
  check_refusal(least("[storage.File]\n"), "a.conf:10: storage.plugin: found 'File'", "a-z 0-9 _ -");
}

TEST_CASE("a search for plugins needs no complete configuration, but a right one") {
  CHECK(load_plugin_search({}).plugin_directories.empty());
  const PluginSearch search = load_plugin_search(file("[node]\nplugin_directories = /a:/b\n"));
  CHECK(search.plugin_directories == std::vector<std::filesystem::path>{"/a", "/b"});
  CHECK_THROWS_AS(load_plugin_search(file("[nodes]\n")), ConfigError);
}

TEST_CASE("a file that cannot be read is refused by name") {
  CHECK_THROWS_WITH(read_config_file("/nonexistent/tenon.conf"),
                    "/nonexistent/tenon.conf: the configuration file cannot be opened: No such file or directory");
  CHECK_THROWS_WITH(read_config_file("/"), "/: found a directory, expected a configuration file");
  CHECK_THROWS_WITH(read_config_file("/dev/zero"), "/dev/zero: found more than 1MiB, which no configuration needs");
  CHECK(read_config_file("/dev/null").text.empty());
}

TEST_CASE("the settings are printed with their origins") {
  Sources sources = least("[api.thrift]\nlisten = h:1\n");
  sources.environment = {{"TENON_LOGGER_LEVEL", "debug"}};
  sources.flags = {{"limits", "scan_records_max", "5"}};
  const std::string text = print_settings(load(sources).settings);
  INFO(text);
  const auto line = [](const std::string& setting, const std::string& origin) {
    return "\n" + setting + std::string(44 - setting.size(), ' ') + "# " + origin + "\n";
  };
  CHECK(text.starts_with("[node]" + line("id = 7", "a.conf:2")));
  CHECK(text.find(line("drain_timeout = 4s", "default")) != std::string::npos);
  CHECK(text.find("\n# start is not set\n") != std::string::npos);
  CHECK(text.find(line("scan_records_max = 5", "flag --set limits.scan_records_max")) != std::string::npos);
  CHECK(text.find(line("level = debug", "environment TENON_LOGGER_LEVEL")) != std::string::npos);
  CHECK(text.find("\n[api.thrift]" + line("listen = h:1", "a.conf:11")) != std::string::npos);
}

TEST_CASE("what is printed can be loaded again and means the same") {
  Sources sources = least("[cluster]\nstart = new\ninitial_members = 7\n[api.thrift]\nlisten = h:1\n");
  const Config first = load(sources);
  const Config second = load(file(print_settings(first.settings)));
  CHECK(second.start == first.start);
  CHECK(second.limits.inbox_bytes_max == first.limits.inbox_bytes_max);
  CHECK(second.plugin_section("api", "thrift").at("listen").value == "h:1");
}

}  // namespace tenon::config
