// SPDX-License-Identifier: MIT
#include "logger/server_logger.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "support/catch.hpp"
#include "temporary_directory.hpp"
#include "tenon/plugin.h"

namespace tenon::server {
namespace {

using config::LoggerFormat;
using config::LoggerLevel;

config::LoggerLevels at(LoggerLevel general) { return {general, {}}; }

// Waits until the file has this text, for a minute at most.
bool comes(const std::filesystem::path& file, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (contents(file).find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST_CASE("lines of each room are written from its level on, also after a change") {
  const TemporaryDirectory directory;
  config::LoggerLevels levels = at(LoggerLevel::kWarning);
  levels.of_rooms["raft"] = LoggerLevel::kDebug;
  {
    ServerLogger logger(levels, LoggerFormat::kText, directory / "out");
    CHECK(logger.wants(TENON_SEVERITY_DEBUG, "raft"));
    CHECK_FALSE(logger.wants(TENON_SEVERITY_INFO, "node"));
    logger.write(TENON_SEVERITY_DEBUG, "raft", "one");
    logger.write(TENON_SEVERITY_INFO, "node", "two");
    logger.set_levels(at(LoggerLevel::kInfo));
    logger.write(TENON_SEVERITY_DEBUG, "raft", "three");
    logger.write(TENON_SEVERITY_INFO, "node", "four {} %s");
  }
  const std::string text = contents(directory / "out");
  CAPTURE(text);
  CHECK(text.find("debug raft: one\n") != std::string::npos);
  CHECK(text.find("two") == std::string::npos);
  CHECK(text.find("three") == std::string::npos);
  CHECK(text.find("info node: four {} %s\n") != std::string::npos);
}

TEST_CASE("a file that was renamed is let go by reopening, and no line is lost") {
  const TemporaryDirectory directory;
  {
    ServerLogger logger(at(LoggerLevel::kInfo), LoggerFormat::kJson, directory / "out");
    logger.write(TENON_SEVERITY_INFO, "node", "before");
    REQUIRE(comes(directory / "out", "before"));
    std::filesystem::rename(directory / "out", directory / "old");
    logger.write(TENON_SEVERITY_INFO, "node", "between");
    REQUIRE(comes(directory / "old", "between"));
    CHECK_FALSE(logger.reopen().has_value());
    logger.write(TENON_SEVERITY_INFO, "node", "after");
  }
  CHECK(contents(directory / "old").find("after") == std::string::npos);
  CHECK(contents(directory / "out").find("\"message\":\"after\"}\n") != std::string::npos);
}

TEST_CASE("a file that cannot be opened is refused at the start, and later leaves the old one in use") {
  const TemporaryDirectory directory;
  CHECK_THROWS_AS(ServerLogger(at(LoggerLevel::kInfo), LoggerFormat::kText, directory / "missing/out"),
                  config::ConfigError);
  std::filesystem::create_directory(directory / "there");
  {
    ServerLogger logger(at(LoggerLevel::kInfo), LoggerFormat::kText, directory / "there/out");
    std::filesystem::rename(directory / "there", directory / "moved");
    const std::optional<std::string> fault = logger.reopen();
    REQUIRE(fault.has_value());
    CHECK(fault->find("logger.file") != std::string::npos);
    logger.write(TENON_SEVERITY_INFO, "node", "still");
  }
  CHECK(contents(directory / "moved/out").find("still") != std::string::npos);
}

TEST_CASE("a line that repeats too often is held back, and the end says how many were") {
  const TemporaryDirectory directory;
  {
    ServerLogger logger(at(LoggerLevel::kInfo), LoggerFormat::kText, directory / "out");
    for (int i = 0; i < 5'000; ++i) logger.write(TENON_SEVERITY_WARNING, "transport.thrift", "a peer flaps");
  }
  const std::string text = contents(directory / "out");
  CHECK(std::count(text.begin(), text.end(), '\n') < 1'000);
  CHECK(text.find("lines were held back") != std::string::npos);
}

TEST_CASE("a message of any length is cut to its bound") {
  const TemporaryDirectory directory;
  {
    ServerLogger logger(at(LoggerLevel::kInfo), LoggerFormat::kText, directory / "out");
    logger.write(TENON_SEVERITY_INFO, "node", std::string(1 << 20, 'x'));
  }
  const std::string text = contents(directory / "out");
  CHECK(text.size() < ServerLogger::kLineBytesMax + 100);
  CHECK(text.ends_with("x ..\n"));
}

}  // namespace
}  // namespace tenon::server
