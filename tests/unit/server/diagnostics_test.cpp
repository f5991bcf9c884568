// SPDX-License-Identifier: MIT
#include "logger/diagnostics.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <random>

#include "support/catch.hpp"
#include "tenon/plugin.h"

namespace tenon::server {
namespace {

using config::LoggerFormat;
using config::LoggerLevel;
using std::chrono::milliseconds;

constexpr WallTime kTime{std::chrono::seconds(1767323045) + milliseconds(67)};

std::string text(std::string_view message) {
  return diagnostics_line(LoggerFormat::kText, kTime, TENON_SEVERITY_WARNING, "storage.filewal", message);
}
boost::json::object json(std::string_view message) {
  const std::string line = diagnostics_line(LoggerFormat::kJson, kTime, TENON_SEVERITY_INFO, "raft", message);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  return boost::json::parse(line).as_object();
}

TEST_CASE("a text line has time, level, room and message, and stays one line") {
  CHECK(text("no room") == "2026-01-02T03:04:05.067Z warning storage.filewal: no room\n");
  CHECK(text("a\nb\rc\x1b[31m\x7f").ends_with(": a b c [31m \n"));
}

TEST_CASE("a JSON line has the same as an object") {
  const boost::json::object line = json("leads in term 3");
  CHECK(line.at("time").as_string() == "2026-01-02T03:04:05.067Z");
  CHECK(line.at("level").as_string() == "info");
  CHECK(line.at("room").as_string() == "raft");
  CHECK(line.at("message").as_string() == "leads in term 3");
  CHECK(line.size() == 4);
}

TEST_CASE("a JSON line keeps what can be kept of a message, and replaces bytes that are no text") {
  CHECK(json("say \"a\\b\"\n\t\x01 \xc3\xa4 \xf0\x9f\x98\x80").at("message").as_string() ==
        "say \"a\\b\"\n\t\x01 \xc3\xa4 \xf0\x9f\x98\x80");
  CHECK(json("a\xff"
             "b\xc3")
            .at("message")
            .as_string() ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd");
  CHECK(json("\xed\xa0\x80").at("message").as_string() == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
  CHECK(json("\xc0\xaf").at("message").as_string() == "\xef\xbf\xbd\xef\xbf\xbd");                  // not the shortest
}

TEST_CASE("a JSON line is JSON whatever bytes the message and the room have") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string line = diagnostics_line(LoggerFormat::kJson, kTime, TENON_SEVERITY_ERROR, bytes, bytes);
    boost::json::error_code error;
    boost::json::parse(line, error);
    CAPTURE(line);
    REQUIRE_FALSE(error);
    REQUIRE(std::count(line.begin(), line.end(), '\n') == 1);
  }
}

TEST_CASE("the most exact level of a room holds") {
  config::LoggerLevels levels;
  levels.general = LoggerLevel::kWarning;
  levels.of_rooms = {{"storage", LoggerLevel::kDebug}, {"storage.filewal", LoggerLevel::kError}};
  CHECK(level_of(levels, "raft") == LoggerLevel::kWarning);
  CHECK(level_of(levels, "storage") == LoggerLevel::kDebug);
  CHECK(level_of(levels, "storage.leveldb") == LoggerLevel::kDebug);
  CHECK(level_of(levels, "storage.filewal") == LoggerLevel::kError);
}

TEST_CASE("lines beyond the limit are held back, and the next that is written says how many") {
  LineLimit limit;
  const LineLimit::Instant start{std::chrono::hours(1)};
  for (std::uint32_t i = 0; i < LineLimit::kBurst; ++i) REQUIRE(limit.take("raft", 2, start) == 0u);
  for (int i = 0; i < 7; ++i) REQUIRE_FALSE(limit.take("raft", 2, start).has_value());
  CHECK(limit.take("raft", 3, start) == 0u);  // another severity, and another room, have their own
  CHECK(limit.take("api.thrift", 2, start) == 0u);
  CHECK(limit.held_back() == 7);
  CHECK(limit.take("raft", 2, start + LineLimit::kRefill) == 7u);
  CHECK_FALSE(limit.take("raft", 2, start + LineLimit::kRefill).has_value());
  CHECK(limit.take("raft", 2, start + std::chrono::hours(1)) == 1u);
  CHECK(limit.held_back() == 0);
}

TEST_CASE("in the long run no more lines pass than are refilled") {
  LineLimit limit;
  const LineLimit::Instant start{std::chrono::hours(1)};
  std::uint64_t passed = 0;
  for (int i = 0; i < 100'000; ++i) passed += limit.take("raft", 2, start + milliseconds(i)).has_value() ? 1u : 0u;
  CHECK(passed >= 1000);
  CHECK(passed <= 1000 + LineLimit::kBurst);
}

TEST_CASE("rooms beyond the bound share a place") {
  LineLimit limit;
  const LineLimit::Instant start{std::chrono::hours(1)};
  for (std::size_t i = 0; i < LineLimit::kRoomsMax; ++i) limit.take("room" + std::to_string(i), 1, start);
  std::uint64_t passed = 0;
  for (int i = 0; i < 1000; ++i) passed += limit.take("more" + std::to_string(i), 1, start).has_value() ? 1u : 0u;
  CHECK(passed == LineLimit::kBurst);
}

}  // namespace
}  // namespace tenon::server
