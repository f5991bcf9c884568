// SPDX-License-Identifier: MIT
#include "tenonctl/command_line.hpp"

#include "support/catch.hpp"

namespace tenon::tenonctl {
namespace {

Invocation parse(const std::vector<std::string>& arguments, const std::optional<std::string>& variable = {}) {
  return parse_command_line(arguments, variable);
}

void check_usage(const std::vector<std::string>& arguments, const std::string& part) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find(part) != std::string::npos);
    return;
  }
  FAIL("the command line was taken, though not " << part);
}

}  // namespace

TEST_CASE("flags stand before, between and after the words of a command") {
  const Invocation invocation = parse({"-o", "json", "put", "--timeout=250ms", "k", "v", "--endpoints", "a:1,b:2"});
  CHECK(invocation.command == Command::kPut);
  CHECK(invocation.arguments == std::vector<std::string>{"k", "v"});
  CHECK(invocation.format == Format::kJson);
  CHECK(invocation.timeout == std::chrono::milliseconds(250));
  CHECK(invocation.endpoints == std::vector<client::Endpoint>{{"a", 1}, {"b", 2}});
  CHECK(invocation.text.empty());
}

TEST_CASE("endpoints come from the flag, else from the variable, else from the default") {
  const std::vector<client::Endpoint> usual{{"127.0.0.1", 7101}};
  CHECK(parse({"status"}).endpoints == usual);
  CHECK(parse({"status"}, "v:1").endpoints == std::vector<client::Endpoint>{{"v", 1}});
  CHECK(parse({"status", "--endpoints", "f:1"}, "v:1").endpoints == std::vector<client::Endpoint>{{"f", 1}});
  CHECK_THROWS_WITH(parse({"status"}, "v"), Catch::Contains("TENONCTL_ENDPOINTS") && Catch::Contains("'v'"));
  check_usage({"status", "--endpoints", "v"}, "--endpoints: found the endpoint 'v'");
}

TEST_CASE("after two hyphens nothing is a flag, and one hyphen is a word") {
  CHECK(parse({"put", "--", "--help", "-"}).arguments == std::vector<std::string>{"--help", "-"});
  CHECK(parse({"put", "k", "-"}).arguments == std::vector<std::string>{"k", "-"});
  CHECK(parse({"put", "k", ""}).arguments == std::vector<std::string>{"k", ""});
}

TEST_CASE("the commands of leader have two words") {
  CHECK(parse({"leader", "show"}).command == Command::kLeaderShow);
  const Invocation transfer = parse({"leader", "-o", "json", "transfer", "3"});
  CHECK(transfer.command == Command::kLeaderTransfer);
  CHECK(transfer.transfer_target == 3);
  CHECK(parse({"leader", "transfer"}).transfer_target == 0);
  CHECK(parse({"help", "leader", "transfer"}).text.starts_with("tenonctl [flags] leader transfer [NODE]"));
  check_usage({"leader"}, "expected leader show or leader transfer");
  check_usage({"leader", "elect"}, "found 'leader elect'");
  check_usage({"leader", "show", "1"}, "found 1 arguments");
  for (const char* const wrong : {"0", "-1", "x", "1x"}) check_usage({"leader", "transfer", "--", wrong}, wrong);
}

TEST_CASE("a scan has a prefix or a range") {
  const Invocation prefix = parse({"scan", "a/", "--limit", "10", "--keys", "--cursor", "Zg=="});
  CHECK(prefix.scan.range.prefix == "a/");
  CHECK(prefix.scan_limit == 10);
  CHECK(prefix.scan.content == client::ScanContent::kKeys);
  CHECK(prefix.scan.cursor == "f");
  const Invocation range = parse({"scan", "--from", "a", "--to", "b"});
  CHECK_FALSE(range.scan.range.prefix.has_value());
  CHECK(range.scan.range.first_key == "a");
  CHECK(range.scan.range.end_key == "b");
  CHECK(range.scan_limit == 0);
  check_usage({"scan", "a", "--from", "b"}, "PREFIX and --from");
  check_usage({"scan", "--limit", "0"}, "--limit");
  check_usage({"scan", "--limit", "-1"}, "--limit");
  check_usage({"scan", "--limit", "x"}, "--limit: found 'x'");
  check_usage({"scan", "--cursor", "x"}, "--cursor: found 'x'");
  check_usage({"scan", "--cursor", ""}, "--cursor");
}

TEST_CASE("a write may expire, show what was there, and be of a session") {
  const Invocation put = parse({"put", "k", "v", "--ttl", "90s", "--previous", "--session", "mine", "--sequence", "7"});
  CHECK(put.ttl == std::chrono::seconds(90));
  CHECK(put.previous == client::Previous::kWanted);
  CHECK((put.session == "mine" && put.sequence == 7));
  CHECK(parse({"put", "k", "v", "--keep-ttl"}).keeps_ttl);
  CHECK(parse({"expire", "k", "1h"}).ttl == std::chrono::hours(1));
  CHECK(parse({"increment", "k"}).delta == 1);
  CHECK(parse({"increment", "k", "--", "-5"}).delta == -5);
  CHECK(parse({"session", "open", "mine", "--ttl", "5m"}).ttl == std::chrono::minutes(5));
  CHECK(parse({"session", "keep-alive", "12"}).command == Command::kSessionKeepAlive);
  check_usage({"put", "k", "v", "--ttl", "1s", "--keep-ttl"}, "--ttl and --keep-ttl");
  check_usage({"put", "k", "v", "--ttl", "1"}, "--ttl: found '1'");
  check_usage({"put", "k", "v", "--session", "mine"}, "belong together");
  check_usage({"put", "k", "v", "--session", "mine", "--sequence", "0"}, "--sequence: found '0'");
  check_usage({"increment", "k", "x"}, "increment: found 'x'");
  check_usage({"session"}, "expected session open, session keep-alive or session close");
}

TEST_CASE("a del is of a key, a prefix or a range") {
  CHECK_FALSE(parse({"del", "k"}).range);
  CHECK(parse({"del", "--prefix", "a/"}).range->prefix == "a/");
  const Invocation range = parse({"del", "--range", "a", ""});
  CHECK((range.range->first_key == "a" && range.range->end_key.empty() && !range.range->prefix));
  CHECK(parse({"del", "--range", "", ""}).range->prefix == "");
  check_usage({"del", "a", "b"}, "found 2 arguments");
  check_usage({"del", "--range", "a"}, "found 1 arguments");
  check_usage({"del", "--range", "--prefix", "a", "b"}, "--prefix and --range");
  check_usage({"del", "--prefix", "a", "--previous"}, "--previous with a range");
}

TEST_CASE("a watch is of a key, a prefix or a range") {
  const Invocation one = parse({"watch", "k", "--from-revision", "7", "--limit", "2", "--previous"});
  CHECK((one.range->first_key == "k" && one.range->end_key == std::string("k\0", 2) && !one.range->prefix));
  CHECK((one.from_revision == 7 && one.change_limit == 2 && one.previous == client::Previous::kWanted));
  CHECK(parse({"watch", "--prefix", ""}).range->prefix == "");
  CHECK(parse({"watch", "--range", "a", "c"}).range->end_key == "c");
  check_usage({"watch", ""}, "found an empty key");
  check_usage({"watch"}, "found 0 arguments");
  check_usage({"watch", "k", "--from-revision", "0"}, "--from-revision: found '0'");
}

TEST_CASE("a scan may go backward, match, or count") {
  CHECK(parse({"scan", "--match", "user:*"}).scan.match == "user:*");
  check_usage({"scan", "--match", ""}, "--match: found nothing");
  CHECK(parse({"scan", "--reverse"}).scan.order == client::ScanOrder::kBackward);
  CHECK(parse({"scan", "--count"}).scan.content == client::ScanContent::kCount);
  check_usage({"scan", "--count", "--keys"}, "--keys and --count");
  check_usage({"scan", "--count", "--limit", "3"}, "--count and --limit");
}

TEST_CASE("a read says what it may rest on") {
  CHECK(parse({"get", "k"}).read.consistency == client::Consistency::kLinearizable);
  CHECK(parse({"get", "k", "--consistency", "linearizable"}).read.consistency == client::Consistency::kLinearizable);
  CHECK(parse({"get", "k", "--consistency", "lease"}).read.consistency == client::Consistency::kLease);
  CHECK(parse({"ttl", "k", "--consistency", "log"}).read.consistency == client::Consistency::kLog);
  const Invocation any_age = parse({"get", "k", "--consistency", "stale"});
  CHECK(any_age.read.consistency == client::Consistency::kStale);
  CHECK(any_age.read.max_age.count() == 0);
  const Invocation bounded = parse({"scan", "--consistency", "stale=2s"});
  CHECK(bounded.scan.read.consistency == client::Consistency::kStale);
  CHECK(bounded.scan.read.max_age == std::chrono::seconds(2));
  for (const char* wrong : {"", "strong", "stale=", "stale=x", "stale=0s", "stale=1us", "stale2s"}) {
    check_usage({"get", "k", "--consistency", wrong}, "--consistency: found '" + std::string(wrong) + "'");
  }
  check_usage({"put", "k", "v", "--consistency", "log"}, "--consistency is a flag of get, scan, ttl only");
}

TEST_CASE("a cas takes the expected value or its absence") {
  const Invocation value = parse({"cas", "k", "old", "new"});
  CHECK(value.expectation == Expectation::kValue);
  CHECK(value.arguments.size() == 3);
  const Invocation absent = parse({"cas", "--absent", "k", "new"});
  CHECK(absent.expectation == Expectation::kAbsent);
  CHECK(absent.arguments.size() == 2);
  check_usage({"cas", "--absent", "k", "old", "new"}, "found 3 arguments");
  check_usage({"cas", "k", "new"}, "found 2 arguments");
}

TEST_CASE("what cannot be understood is refused") {
  check_usage({}, "a command is missing");
  check_usage({"putt", "k", "v"}, "the nearest name is 'put'");
  check_usage({"sublish"}, "the nearest name is 'publish'");
  check_usage({"put", "k"}, "put: found 1 arguments, expected tenonctl put KEY VALUE");
  check_usage({"get"}, "found 0 arguments");
  check_usage({"status", "x"}, "found 1 arguments");
  check_usage({"get", "k", "--limit", "1"}, "--limit is a flag of scan, watch only");
  check_usage({"get", "k", "--ttl", "1s"}, "--ttl is a flag of put, session open only");
  check_usage({"put", "k", "v", "--absent"}, "--absent is a flag of cas only");
  check_usage({"get", "k", "--bogus"}, "--bogus");
  check_usage({"get", "k", "-o", "xml"}, "table, json or simple");
  check_usage({"get", "k", "--timeout", "0s"}, "--timeout");
  check_usage({"get", "k", "--timeout", "10"}, "--timeout: found '10'");
  check_usage({"get", "k", "--timeout"}, "--timeout");
}

TEST_CASE("the commands for plugins have two words, and their directories a flag") {
  const Invocation list = parse({"plugin", "list", "--directory", "/a:/b"});
  CHECK(list.command == Command::kPluginList);
  CHECK(list.directories == "/a:/b");
  CHECK_FALSE(parse({"plugin", "doctor", "x.so"}).directories);
  CHECK(parse({"plugin", "new", "storage", "mine"}).arguments == std::vector<std::string>{"storage", "mine"});
  check_usage({"plugin"}, "expected plugin list, plugin inspect, plugin doctor or plugin new");
  check_usage({"plugin", "inspect"}, "found 0 arguments, expected tenonctl plugin inspect FILE | KIND.NAME");
  check_usage({"plugin", "new", "storage"}, "found 1 arguments");
  check_usage({"status", "--directory", "/a"},
              "--directory is a flag of plugin list, plugin inspect, plugin doctor only");
}

TEST_CASE("what a later version brings says so") {
  for (const char* const later : {"subscribe", "import", "alarm", "lock"}) {
    CHECK_THROWS_AS(parse({later, "list"}), NotInThisVersion);
    CHECK(parse({"--help"}).text.find(" " + std::string(later)) != std::string::npos);
  }
  CHECK_THROWS_WITH(parse({"publish"}), "publish: not in this version");
}

TEST_CASE("help names every command, and each command has its own") {
  const std::string general = parse({"--help"}).text;
  for (const char* const command : {"put", "get", "del", "scan", "cas", "append", "increment", "expire", "persist",
                                    "ttl", "txn", "status", "metrics"}) {
    CHECK(general.find("\n  " + std::string(command)) != std::string::npos);
    const std::string own = parse({command, "--help"}).text;
    CHECK(own.starts_with("tenonctl [flags] " + std::string(command)));
    CHECK(parse({"help", command}).text == own);
  }
  CHECK(parse({"help"}).text == general);
  CHECK(parse({"scan", "--help"}).text.find("--cursor") != std::string::npos);
  CHECK(parse({"put", "--help"}).text.find("--cursor") == std::string::npos);
  CHECK(parse({"--version"}).text.starts_with("tenonctl 0."));
}

}  // namespace tenon::tenonctl
