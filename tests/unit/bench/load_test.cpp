// SPDX-License-Identifier: MIT
#include "load.hpp"

#include <sstream>

#include "options.hpp"
#include "report.hpp"
#include "support/catch.hpp"
#include "tenon_client/error.hpp"
#include "test_server.hpp"

namespace tenon::bench {
namespace {

using client::Answer;
using client::TestServer;

Options parsed(const std::vector<std::string>& words) { return *parse_options(words, "127.0.0.1:1"); }

std::string refusal(const std::vector<std::string>& words) {
  try {
    parse_options(words, "127.0.0.1:1");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a command line becomes a load, and what cannot be is refused with what was expected") {
  const Options options = parsed({"--endpoints=a:1,b:2", "--clients=3", "--read-share=0.5", "--duration=1500ms",
                                  "--value-bytes=0", "--target=any", "--json"});
  CHECK(options.load.endpoints == client::parse_endpoints("a:1,b:2"));
  CHECK(options.load.clients == 3);
  CHECK(options.load.connections == 3);
  CHECK(options.load.read_share == 0.5);
  CHECK(options.load.duration == std::chrono::milliseconds(1500));
  CHECK(options.load.value_bytes == 0);
  CHECK(options.load.target == Target::any);
  CHECK(options.format == ReportFormat::json);
  CHECK_FALSE(parse_options(std::vector<std::string>{"--help"}, "").has_value());
  CHECK_THAT(refusal({"--clients=0"}), Catch::Contains("--clients: found '0', expected 1 to"));
  CHECK_THAT(refusal({"--clients=2", "--connections=3"}), Catch::Contains("expected 1 to 2"));
  CHECK_THAT(refusal({"--read-share=2"}), Catch::Contains("expected a number from 0 to 1"));
  CHECK_THAT(refusal({"--duration=0s"}), Catch::Contains("expected time to measure in"));
  CHECK_THAT(refusal({"--target=all"}), Catch::Contains("expected leader or any"));
  CHECK_THAT(refusal({"--endpoints=nowhere"}), Catch::Contains("nowhere"));
  CHECK(parsed({"--fill", "--fill-expiry=3s"}).load.fill_expiry == std::chrono::seconds(3));
  CHECK_THAT(refusal({"--fill-expiry=3s"}), Catch::Contains("found no --fill"));
  CHECK_THAT(refusal({"--speed=9"}), Catch::Contains("speed"));
}

TEST_CASE("a load counts what was done, by kind, and prints it for people and for programs") {
  const auto service = std::make_shared<client::MapService>();
  TestServer server([=](std::string request) {
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  Options options = parsed({"--endpoints=" + server.endpoint().text(), "--target=any", "--clients=4", "--connections=1",
                            "--read-share=0.5", "--duration=200ms", "--warmup=20ms"});
  const LoadResult result = run_load(options.load);
  CHECK(result.puts.count() > 0);
  CHECK(result.gets.count() > 0);
  CHECK(result.errors.empty());
  std::ostringstream text;
  print_report(text, options, result);
  CHECK_THAT(text.str(), Catch::Contains("put  ") && Catch::Contains("get  ") && Catch::Contains("p999"));
  options.format = ReportFormat::json;
  std::ostringstream json;
  print_report(json, options, result);
  CHECK_THAT(json.str(), Catch::StartsWith("{\"clients\": 4, ") &&
                             Catch::Contains("\"put\": {\"count\": " + std::to_string(result.puts.count())) &&
                             Catch::EndsWith("\"errors\": {}}\n"));
}

TEST_CASE("keys that are filled in expire when it was said, and values are as hard to compress as it was said") {
  std::mutex mutex;
  std::vector<std::string> puts;
  const auto service = std::make_shared<client::MapService>();
  TestServer server([&](std::string request) {
    const std::lock_guard lock(mutex);
    if (request.find("put") != std::string::npos) puts.push_back(request);
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  const Options options =
      parsed({"--endpoints=" + server.endpoint().text(), "--target=any", "--clients=1", "--duration=50ms",
              "--warmup=0s", "--fill", "--keys=5", "--fill-expiry=1h", "--incompressible", "--value-bytes=64"});
  run_load(options.load);
  REQUIRE(puts.size() > 5);
  const std::string ttl("\x0a\0\x04\0\0\0\0", 7);  // the field and the first bytes of some three million
  for (std::size_t i = 0; i < puts.size(); ++i) CHECK((puts[i].find(ttl) != std::string::npos) == (i < 5));
  CHECK(puts[0].find("vv") == std::string::npos);
}

TEST_CASE("a connection that is lost is counted and made again") {
  std::atomic<int> puts = 0;
  const auto service = std::make_shared<client::MapService>();
  TestServer server([&](std::string request) {
    const bool is_put = request.find("put") != std::string::npos;
    if (is_put && ++puts == 5) return Answer{Answer::Kind::kClose, {}};
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  const Options options = parsed({"--endpoints=" + server.endpoint().text(), "--target=any", "--clients=2",
                                  "--connections=1", "--duration=500ms", "--warmup=0s"});
  const LoadResult result = run_load(options.load);
  CHECK(result.errors.size() == 1);
  CHECK(result.errors.at("unknown: connection lost") == 2);
  CHECK(server.connections() == 2);
  CHECK(puts > 5);
}

}  // namespace tenon::bench
