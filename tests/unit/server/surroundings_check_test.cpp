// SPDX-License-Identifier: MIT
#include "surroundings_check.hpp"

#include <unistd.h>

#include <fstream>

#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::server {
namespace {

config::Config with_data_directory(const std::filesystem::path& path) {
  config::Config config;
  config.data_directory = path;
  config.settings["node"]["data_directory"] = {path.string(), {config::Source::kFile, "a.conf", 3}};
  return config;
}

config::Config with_logger_file(const std::filesystem::path& path) {
  config::Config config;
  config.logger_file = path;
  config.settings["logger"]["file"] = {path.string(), {config::Source::kFile, "a.conf", 9}};
  return config;
}

template <class Check>
std::string refusal(Check check) {
  try {
    check();
  } catch (const config::ConfigError& error) {
    return error.what();
  }
  return {};
}

ListenSetting listen(const std::string& option, std::vector<std::string> addresses) {
  return {option, std::move(addresses), {config::Source::kFile, "a.conf", 12}};
}

TEST_CASE("a data directory may be there or be made, and nothing is made by looking") {
  const TemporaryDirectory directory;
  check_data_directory(with_data_directory(directory / ""));
  check_data_directory(with_data_directory(directory / "a/b/c"));
  CHECK_FALSE(std::filesystem::exists(directory / "a"));
}

TEST_CASE("a data directory that is a file, or below one, is refused by its place in the configuration") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  const std::string file = refusal([&] { check_data_directory(with_data_directory(directory / "file")); });
  CHECK(file.starts_with("a.conf:3: node.data_directory: "));
  CHECK(file.find("is no directory") != std::string::npos);
  CHECK_FALSE(refusal([&] { check_data_directory(with_data_directory(directory / "file/data")); }).empty());
}

TEST_CASE("the logger's file needs a directory that is there") {
  const TemporaryDirectory directory;
  check_logger_file(with_logger_file(directory / "out"));
  CHECK_FALSE(std::filesystem::exists(directory / "out"));
  CHECK(refusal([&] {
          check_logger_file(with_logger_file(directory / "missing/out"));
        }).starts_with("a.conf:9: logger.file: the directory "));
  CHECK(refusal([&] { check_logger_file(with_logger_file(directory / "")); }).find("is a directory") !=
        std::string::npos);
  check_logger_file(config::Config());
}

TEST_CASE("two plugins cannot listen at one address, nor one of them at all addresses of its port") {
  const std::vector<std::string> same = {"127.0.0.1:7101"};
  const std::string text = refusal([&] {
    check_listening({listen("api.thrift.listen", same), listen("transport.thrift.listen", same)});
  });
  CAPTURE(text);
  CHECK(text.starts_with("a.conf:12: transport.thrift.listen: found 127.0.0.1:7101, where api.thrift.listen"));
  for (const char* all : {"0.0.0.0:7101", "*:7101"}) {
    CHECK_FALSE(refusal([&] { check_listening({listen("a", same), listen("b", {all})}); }).empty());
  }
  CHECK_FALSE(refusal([&] { check_listening({listen("a", {"[::1]:7101"}), listen("b", {"[::]:7101"})}); }).empty());
  // Each family of addresses is listened at by itself.
  check_listening({listen("a", {"0.0.0.0:7101", "[::]:7101"}), listen("b", {"127.0.0.1:7102"})});
  check_listening({listen("a", same), listen("b", {"[::]:7101"})});
  check_listening({listen("a", same), listen("b", {"127.0.0.1:7102", "127.0.0.2:7101"})});
  check_listening({listen("a", {"127.0.0.1:0"}), listen("b", {"127.0.0.1:0"})});  // any port that is free
}

TEST_CASE("an address without a host or a port is refused, and another form is left to the plugin") {
  for (const char* wrong : {"7101", ":7101", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536"}) {
    CAPTURE(wrong);
    CHECK(refusal([&] { check_listening({listen("a", {wrong})}); }).find("expected HOST:PORT") != std::string::npos);
  }
  check_listening({listen("a", {"/run/tenon.socket", "[::1]:7101", "localhost:7102"})});
}

}  // namespace
}  // namespace tenon::server
