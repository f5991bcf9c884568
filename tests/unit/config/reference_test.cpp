// SPDX-License-Identifier: MIT
// configs/reference.conf against the table of options. In that file a line `#key = value`, without a space after the
// number sign, is an option that is commented out.
#include <fstream>
#include <set>
#include <sstream>

#include "config/option_table.hpp"
#include "support.hpp"

namespace tenon::config {
namespace {

struct Documented {
  std::string value;
  std::string comment;  // the comment lines above it, as one line
  bool commented_out = false;
};

std::string read(const std::string& path) {
  std::ifstream input(path);
  std::ostringstream text;
  text << input.rdbuf();
  return text.str();
}

// By "section.key"; sections of plugins are left out.
std::map<std::string, Documented> documented_options() {
  std::istringstream input(read(TENON_CONFIGS "/reference.conf"));
  std::map<std::string, Documented> found;
  std::string section;
  std::string comment;
  for (std::string line; std::getline(input, line);) {
    const bool is_prose = line == "#" || line.starts_with("# ");
    if (line.empty()) comment.clear();
    if (is_prose) comment += line.substr(1);
    if (line.starts_with('[')) section = line.substr(1, line.size() - 2);
    if (line.empty() || is_prose || line.starts_with('[') || section.find('.') != std::string::npos) continue;
    const bool commented_out = line.front() == '#';
    const std::size_t equals = line.find(" = ");
    REQUIRE(equals != std::string::npos);
    const std::string key = line.substr(commented_out ? 1 : 0, equals - (commented_out ? 1 : 0));
    const bool is_new =
        found.try_emplace(section + "." + key, Documented{line.substr(equals + 3), comment, commented_out}).second;
    INFO(section << "." << key);
    CHECK(is_new);
  }
  return found;
}

}  // namespace

TEST_CASE("the reference names every option of the table and no other") {
  std::set<std::string> expected;
  for (const Option& option : options()) expected.insert(std::string(option.section) + "." + std::string(option.name));
  std::set<std::string> named;
  for (const auto& [name, documented] : documented_options()) named.insert(name);
  CHECK(named == expected);
}

TEST_CASE("the reference states each option's range, default and danger as the table has them") {
  const std::map<std::string, Documented> documented = documented_options();
  for (const Option& option : options()) {
    const std::string name = std::string(option.section) + "." + std::string(option.name);
    INFO(name);
    REQUIRE(documented.contains(name));
    const Documented& found = documented.at(name);
    INFO(found.comment);
    CHECK(found.comment.starts_with(" " + std::string(option.name) + ": "));
    CHECK(found.commented_out == (option.presence != Presence::kRequired));
    if (!option.min.empty()) {
      CHECK(found.comment.find(std::string(option.min) + " to " + std::string(option.max)) != std::string::npos);
    }
    if (option.presence == Presence::kDefaulted) {
      CHECK(found.value == option.default_value);
      CHECK(found.comment.find("default " + std::string(option.default_value)) != std::string::npos);
    }
    if (option.presence == Presence::kRequired) CHECK(found.comment.find("no default") != std::string::npos);
    CHECK((found.comment.find("Danger: ") != std::string::npos) == !option.danger.empty());
  }
}

TEST_CASE("the reference is a configuration, and so it is with every option uncommented") {
  Sources sources;
  sources.file = read_config_file(TENON_CONFIGS "/reference.conf");
  const Config config = load(sources);
  CHECK(config.node_id == 1);
  for (const auto& [name, documented] : documented_options()) {
    const std::size_t point = name.find('.');
    if (!documented.commented_out) continue;
    sources.flags.push_back({name.substr(0, point), name.substr(point + 1), documented.value});
  }
  const Config all = load(sources);
  CHECK(all.start == Start::kNew);
  CHECK(all.initial_members.size() == 3);
  CHECK(all.transport_plugins == std::vector<std::string>{"thrift"});
  CHECK(all.limits.inbox_bytes_max == config.limits.inbox_bytes_max);
}

TEST_CASE("the configuration of a single node is one") {
  Sources sources;
  sources.file = read_config_file(TENON_CONFIGS "/single.conf");
  const Config config = load(sources);
  CHECK(config.node_id == 1);
  CHECK(config.start == Start::kNew);
  CHECK(config.data_directory == "tenon-data/single");
  CHECK(config.plugin_section("api", "thrift").at("listen").value == "127.0.0.1:7101");
}

TEST_CASE("the configurations of three nodes are one cluster") {
  std::vector<Config> nodes;
  for (const std::string id : {"1", "2", "3"}) {
    Sources sources;
    sources.file = read_config_file(TENON_CONFIGS "/three-node/" + id + ".conf");
    nodes.push_back(load(sources));
    const Config& node = nodes.back();
    INFO(id);
    CHECK(std::to_string(node.node_id) == id);
    CHECK(node.start == Start::kNew);
    CHECK(node.data_directory == "tenon-data/three-node/" + id);
    CHECK(node.plugin_section("api", "thrift").at("listen").value == "127.0.0.1:710" + id);
    CHECK(node.plugin_section("transport", "thrift").at("listen").value == "127.0.0.1:720" + id);
    CHECK(node.peers.at(node.node_id) == std::vector<std::string>{"thrift://127.0.0.1:720" + id});
    CHECK(node.peers == nodes.front().peers);
    CHECK(node.initial_members == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(node.cluster_id == nodes.front().cluster_id);
    CHECK(node.raft.election_timeout_min == nodes.front().raft.election_timeout_min);
  }
}

}  // namespace tenon::config
