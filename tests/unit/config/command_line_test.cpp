// SPDX-License-Identifier: MIT
#include "config/command_line.hpp"

#include "config/option_table.hpp"
#include "support/catch.hpp"

namespace tenon::config {
namespace {

CommandLine parse(const std::vector<std::string>& arguments) { return parse_command_line(arguments); }

void check_usage(const std::vector<std::string>& arguments, const std::string& part) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find(part) != std::string::npos);
    return;
  }
  FAIL("the command line was taken");
}

}  // namespace

TEST_CASE("without flags the node runs, without a file") {
  const CommandLine line = parse({});
  CHECK(line.action == Action::kRun);
  CHECK_FALSE(line.config_file.has_value());
  CHECK(line.assignments.empty());
}

TEST_CASE("a file and assignments are taken") {
  const CommandLine line =
      parse({"--config", "a.conf", "--set", "node.id=3", "--set=storage.filewal.segment_bytes = 1MiB=x"});
  CHECK(line.config_file == "a.conf");
  REQUIRE(line.assignments.size() == 2);
  CHECK(line.assignments[0].section == "node");
  CHECK(line.assignments[0].key == "id");
  CHECK(line.assignments[0].value == "3");
  CHECK(line.assignments[1].section == "storage.filewal");
  CHECK(line.assignments[1].key == "segment_bytes");
  CHECK(line.assignments[1].value == "1MiB=x");
}

TEST_CASE("each action has its flag") {
  CHECK(parse({"--check-config"}).action == Action::kCheckConfig);
  CHECK(parse({"--print-config"}).action == Action::kPrintConfig);
  CHECK(parse({"--list-plugins"}).action == Action::kListPlugins);
  CHECK(parse({"--version"}).action == Action::kVersion);
  CHECK(parse({"--help"}).action == Action::kHelp);
  const CommandLine line = parse({"--help-plugin", "storage.filewal"});
  CHECK(line.action == Action::kHelpPlugin);
  CHECK(line.plugin_kind == "storage");
  CHECK(line.plugin_name == "filewal");
}

TEST_CASE("a conversion names both plugins with their directories") {
  const CommandLine line = parse({"storage", "convert", "--from", "filewal:/a:b", "--to=leveldb:c", "--config", "x"});
  CHECK(line.action == Action::kConvert);
  CHECK(line.convert_from == StoragePlace{"filewal", "/a:b"});
  CHECK(line.convert_to == StoragePlace{"leveldb", "c"});
  CHECK(line.config_file == "x");
}

TEST_CASE("a conversion that cannot be understood is refused") {
  check_usage({"storage"}, "expected 'storage convert --from PLUGIN:DIR --to PLUGIN:DIR'");
  check_usage({"storage", "convert", "x", "--from", "a:b", "--to", "c:d"}, "and no other word");
  check_usage({"storage", "convert", "--to", "a:b"}, "--from: found '', expected PLUGIN:DIR");
  check_usage({"storage", "convert", "--from", "a:b", "--to", "leveldb"}, "--to: found 'leveldb', expected PLUGIN:DIR");
  check_usage({"storage", "convert", "--from", "a:b", "--to", ":/c"}, "--to: found ':/c'");
  check_usage({"storage", "convert", "--from", "a:", "--to", "b:c"}, "--from: found 'a:'");
  check_usage({"storage", "convert", "--from", "a:b", "--to", "c:d", "--check-config"}, "exclude each other");
  check_usage({"--from", "a:b"}, "flags of the command storage convert");
}

TEST_CASE("a command line that cannot be understood is refused") {
  check_usage({"--confg", "x"}, "The nearest name is '--config'");
  check_usage({"--conf=x"}, "'--config'");
  check_usage({"--config"}, "--config");
  check_usage({"--config", "a", "--config", "b"}, "--config");
  check_usage({"a.conf"}, "--config");
  check_usage({"-c", "a"}, "-c");
  check_usage({"--help", "--version"}, "exclude each other");
  check_usage({"--set", "node.id"}, "SECTION.KEY=VALUE");
  check_usage({"--set", "id=1"}, "SECTION.KEY=VALUE");
  check_usage({"--set", "node.=1"}, "SECTION.KEY=VALUE");
  check_usage({"--set", ".id=1"}, "SECTION.KEY=VALUE");
  check_usage({"--set", "a=node.id"}, "SECTION.KEY=VALUE");
  check_usage({"--help-plugin", "filewal"}, "KIND.NAME");
  check_usage({"--help-plugin", "disk.filewal"}, "KIND.NAME");
  check_usage({"--help-plugin", "storage."}, "KIND.NAME");
}

TEST_CASE("the help names every option of the table with its default") {
  const std::string text = help_text();
  for (const Option& option : options()) {
    INFO(option.section << "." << option.name);
    CHECK(text.find("\n  " + std::string(option.name) + " (" + describe_type(option)) != std::string::npos);
    CHECK(text.find(option.help) != std::string::npos);
    CHECK(text.find("default " + std::string(option.default_value)) != std::string::npos);
  }
  CHECK(text.find("--set SECTION.KEY=VALUE") != std::string::npos);
}

}  // namespace tenon::config
