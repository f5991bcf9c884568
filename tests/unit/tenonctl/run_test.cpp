// SPDX-License-Identifier: MIT
// tenonctl as a whole, against a server over a map.
#include "tenonctl/run.hpp"

#include <algorithm>

#include "shell.hpp"
#include "support/catch.hpp"
#include "tenon_client/client.hpp"

namespace tenon::tenonctl {
TEST_CASE("simple output is for shells") {
  Shell shell;
  CHECK(shell({"put", "k", "v"}).output == "1\n");
  const Outcome got = shell({"get", "k"});
  CHECK(got.code == kExitOk);
  CHECK(got.output == "v");
  CHECK(got.messages.empty());
  CHECK(shell({"-o", "simple", "get", "k"}, "", OutputDevice::kTerminal).output == "v\n");
  CHECK(shell({"put", "a\tb", "1\n2"}).output == "2\n");
  CHECK(shell({"scan"}).output == "a\\tb\t1\\n2\nk\tv\n");
  CHECK(shell({"scan", "--keys"}).output == "a\\tb\nk\n");
  CHECK(shell({"del", "k"}).output == "3\n");
}

TEST_CASE("a value is read as it is from standard input or a file") {
  Shell shell;
  const std::string bytes("\0\xff\n", 3);
  CHECK(shell({"put", "k", "-"}, bytes).code == kExitOk);
  CHECK(shell({"get", "k"}).output == bytes);
  CHECK(shell({"put", "k", "@/dev/null"}).code == kExitOk);
  CHECK(shell({"get", "k"}).output.empty());
  const Outcome missing = shell({"put", "k", "@/nonexistent/file"});
  CHECK(missing.code == kExitError);
  CHECK(missing.messages == "tenonctl: /nonexistent/file: the file cannot be opened: No such file or directory\n");
  const Outcome endless = shell({"put", "k", "@/dev/zero"});
  CHECK(endless.code == kExitError);
  CHECK(endless.messages.find("more than 16MiB") != std::string::npos);
}

TEST_CASE("a table is for people") {
  Shell shell;
  const auto table = [&](const std::vector<std::string>& arguments) {
    return shell(arguments, "", OutputDevice::kTerminal).output;
  };
  CHECK(table({"put", "key/long", "v\n"}) == "put (revision 1)\n");
  CHECK(table({"put", "k", "w"}) == "put (revision 2)\n");
  CHECK(table({"get", "k"}) ==
        "KEY  VERSION         MOD_REVISION    VALUE\n"
        "k    1               2               w\n");
  CHECK(table({"scan"}) ==
        "KEY       VERSION         MOD_REVISION    VALUE\n"
        "k         1               2               w\n"
        "key/long  1               1               v\\n\n");
  CHECK(table({"scan", "--keys"}) == "KEY\nk\nkey/long\n");
  CHECK(table({"del", "k"}) == "removed (revision 3)\n");
}

TEST_CASE("JSON has numbers of 64 bits as strings, and says what is base64") {
  Shell shell;
  CHECK(shell({"-o", "json", "put", "k", "\"v\""}).output == "{\"revision\":\"1\"}\n");
  CHECK(shell({"-o", "json", "get", "k"}).output ==
        "{\"record\":{\"key\":\"k\",\"value\":\"\\\"v\\\"\",\"create_revision\":\"1\",\"mod_revision\":\"1\","
        "\"version\":\"1\"},\"revision\":\"1\"}\n");
  shell({"put", "l", "\xff"});
  CHECK(shell({"-o", "json", "get", "l"}).output ==
        "{\"record\":{\"key\":\"bA==\",\"value\":\"/w==\",\"encoding\":\"base64\",\"create_revision\":\"2\","
        "\"mod_revision\":\"2\",\"version\":\"1\"},\"revision\":\"2\"}\n");
  CHECK(shell({"-o", "json", "scan", "--keys"}).output ==
        "{\"records\":[\n"
        "{\"key\":\"k\",\"create_revision\":\"1\",\"mod_revision\":\"1\",\"version\":\"1\"},\n"
        "{\"key\":\"l\",\"create_revision\":\"2\",\"mod_revision\":\"2\",\"version\":\"1\"}],"
        "\"cursor\":null,\"revision\":\"2\"}\n");
  CHECK(shell({"-o", "json", "scan", "x"}).output == "{\"records\":[],\"cursor\":null,\"revision\":\"2\"}\n");
  CHECK(shell({"-o", "json", "del", "k"}).output == "{\"removed\":true,\"revision\":\"3\"}\n");
  CHECK(shell({"-o", "json", "del", "k"}).output == "{\"removed\":false,\"revision\":\"3\"}\n");
  CHECK(shell({"-o", "json", "get", "k"}).output == "{\"record\":null,\"revision\":\"3\"}\n");
  CHECK(shell({"-o", "json", "status"}).output.find("\"node_id\":\"7\",\"role\":\"leader\",\"term\":\"3\"") !=
        std::string::npos);
}

TEST_CASE("what is not there, and a condition that does not hold, have their own exit code") {
  Shell shell;
  const Outcome absent = shell({"get", "k"});
  CHECK(absent.code == kExitCondition);
  CHECK(absent.output.empty());
  CHECK(absent.messages == "tenonctl: there is no key 'k'\n");
  CHECK(shell({"del", "k"}).code == kExitCondition);
  CHECK(shell({"cas", "k", "a", "b"}).code == kExitCondition);
  CHECK(shell({"cas", "--absent", "k", "a"}).code == kExitOk);
  const Outcome set = shell({"cas", "--absent", "k", "b"});
  CHECK(set.code == kExitCondition);
  CHECK(set.messages == "tenonctl: the value of 'k' is set already; nothing was changed\n");
  const Outcome other = shell({"-o", "json", "cas", "k", "x", "b"});
  CHECK(other.code == kExitCondition);
  CHECK(other.output.starts_with("{\"swapped\":false,\"current\":{\"key\":\"k\",\"value\":\"a\","));
  CHECK(shell({"-o", "json", "cas", "k", "a", "b"}).output == "{\"swapped\":true,\"revision\":\"2\"}\n");
  CHECK(shell({"get", "k"}).output == "b");
}

TEST_CASE("a scan ends at its limit and says how to go on") {
  Shell shell;
  for (const char* const key : {"a", "b", "c"}) shell({"put", key, "v"});
  const Outcome first = shell({"scan", "--keys", "--limit", "2"});
  CHECK(first.output == "a\nb\n");
  CHECK(first.messages == "tenonctl: there is more; go on with --cursor Yg==\n");
  const Outcome rest = shell({"scan", "--keys", "--cursor", "Yg=="});
  CHECK(rest.output == "c\n");
  CHECK(rest.messages.empty());
  CHECK(shell({"-o", "json", "scan", "--limit", "1"}).output.find("\"cursor\":\"YQ==\"") != std::string::npos);
}

TEST_CASE("a scan without limit reads page after page") {
  const auto service = std::make_shared<client::MapService>();
  int requests = 0;
  Shell shell([&, service](std::string request) {
    ++requests;
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  for (int key = 100; key < 100 + 3 * client::MapService::kPageRecordsMax / 2; ++key) {
    shell({"put", std::to_string(key), "v"});
  }
  const int before = requests;
  const std::string output = shell({"scan", "--keys"}).output;
  CHECK(std::count(output.begin(), output.end(), '\n') == 3 * client::MapService::kPageRecordsMax / 2);
  CHECK(requests == before + 2);
  const Outcome limited = shell({"scan", "--keys", "--limit", std::to_string(client::MapService::kPageRecordsMax + 1)});
  CHECK(std::count(limited.output.begin(), limited.output.end(), '\n') == client::MapService::kPageRecordsMax + 1);
  CHECK_FALSE(limited.messages.empty());
  const std::string json = shell({"-o", "json", "scan", "--keys"}).output;
  CHECK(std::count(json.begin(), json.end(), '\n') == 3 * client::MapService::kPageRecordsMax / 2 + 1);
  CHECK(json.find("\"}\n{") == std::string::npos);
}

TEST_CASE("status has a row for each endpoint, and is well when one answers") {
  TestServer server(map_service());
  const std::string there = server.endpoint().text();
  const std::string gone = TestServer(map_service()).endpoint().text();
  Shell shell;
  const std::vector<std::string> both{"--endpoints", gone + "," + there, "status"};
  const auto with = [&](const char* format) {
    std::vector<std::string> arguments = both;
    arguments.insert(arguments.end(), {"-o", format});
    return shell(arguments);
  };
  const Outcome simple = with("simple");
  CHECK(simple.code == kExitOk);
  CHECK(simple.output ==
        gone + "\t-\tunreachable\t-\t-\t-\t-\t-\t-\t-\n" + there + "\t7\tleader\t3\t-\t-\t-\t-\t-\t-\n");
  CHECK(simple.messages == "tenonctl: no answer from " + gone + ": Connection refused\n");
  const std::string table = with("table").output;
  CHECK(table.starts_with("ENDPOINT"));
  CHECK(std::count(table.begin(), table.end(), '\n') == 3);
  const std::string json = with("json").output;
  CHECK(json.find("{\"endpoint\":\"" + there + "\",\"node_id\":\"7\",\"role\":\"leader\",\"term\":\"3\"") !=
        std::string::npos);
  CHECK(json.find("\"storage\":\"filewal\"") != std::string::npos);
  CHECK(json.find("{\"endpoint\":\"" + gone + "\",\"error\":\"") != std::string::npos);
  const Outcome nobody = shell({"--endpoints", gone, "status"});
  CHECK(nobody.code == kExitNoConnection);
  CHECK(nobody.output == gone + "\t-\tunreachable\t-\t-\t-\t-\t-\t-\t-\n");
}

TEST_CASE("metrics are printed as the node says them, and of several nodes with their endpoints") {
  TestServer one(map_service());
  TestServer two(map_service());
  const std::string gone = TestServer(map_service()).endpoint().text();
  const std::string text = "# HELP m M.\n# TYPE m gauge\nm 1\n";
  Shell shell;
  const Outcome single = shell({"--endpoints", one.endpoint().text(), "metrics"});
  CHECK(single.code == kExitOk);
  CHECK(single.output == text);
  const std::string three = one.endpoint().text() + "," + gone + "," + two.endpoint().text();
  const Outcome several = shell({"--endpoints", three, "metrics"});
  CHECK(several.code == kExitOk);
  CHECK(several.output ==
        "# node at " + one.endpoint().text() + "\n" + text + "# node at " + two.endpoint().text() + "\n" + text);
  CHECK(several.messages.find(gone) != std::string::npos);
  const std::string json = shell({"-o", "json", "--endpoints", one.endpoint().text(), "metrics"}).output;
  CHECK(json.find("\"metrics\":\"# HELP m M.\\n") != std::string::npos);
  CHECK(shell({"--endpoints", gone, "metrics"}).code == kExitNoConnection);
}

TEST_CASE("members has a row for each member") {
  Shell shell;
  CHECK(shell({"members"}).output ==
        "7\tleader\t-\t-\t-\t-\t-\t-\t-\t-\n8\t-\tthrift://h:1\t-\tthrift\t-\t5\treplicate\t-\t-\n");
  CHECK(shell({"-o", "table", "members"}).output ==
        "NODE  ROLE    ADDRESSES     CLIENTS  CONTROL  BULK  MATCH  PROGRESS   STANDING  MISSING\n"
        "7     leader  -             -        -        -     -      -          -         -\n"
        "8     -       thrift://h:1  -        thrift   -     5      replicate  -         -\n");
  CHECK(shell({"-o", "json", "members"}).output ==
        "{\"members\":[\n"
        "{\"node_id\":\"7\",\"is_leader\":true,\"addresses\":[],\"client_addresses\":[]},\n"
        "{\"node_id\":\"8\",\"is_leader\":false,\"addresses\":[\"thrift://h:1\"],\"client_addresses\":[],"
        "\"control_transport\":\"thrift\",\"match_index\":\"5\",\"progress\":\"replicate\"}]}\n");
}

TEST_CASE("leader show takes the word of the latest term") {
  TestServer later(map_service());
  client::Client(client::Options{.endpoints = {later.endpoint()}}).transfer_leadership(8);
  TestServer earlier(map_service());
  Shell shell;
  const std::string both = later.endpoint().text() + "," + earlier.endpoint().text();
  CHECK(shell({"leader", "show"}).output == "7\n");
  CHECK(shell({"leader", "show", "--endpoints", both}).output == "8\n");
  CHECK(shell({"leader", "show", "-o", "table"}).output == "LEADER  TERM  CLIENTS\n7       3     thrift://h:2\n");
  CHECK(shell({"leader", "show", "-o", "json"}).output ==
        "{\"leader\":\"7\",\"term\":\"3\",\"client_addresses\":[\"thrift://h:2\"]}\n");
}

TEST_CASE("without a leader leader show has the exit code of a condition that does not hold") {
  TestServer server(map_service());
  client::Client(client::Options{.endpoints = {server.endpoint()}}).transfer_leadership(client::MapService::kNobody);
  Shell shell;
  const Outcome outcome = shell({"leader", "show", "--endpoints", server.endpoint().text()});
  CHECK(outcome.code == kExitCondition);
  CHECK(outcome.output.empty());
  CHECK(outcome.messages.find("no node that answers knows a leader") != std::string::npos);
}

TEST_CASE("leader transfer waits for another leader and prints it") {
  Shell shell;
  CHECK(shell({"leader", "transfer"}).output == "8\n");
  CHECK(shell({"leader", "transfer", "12"}).output == "12\n");
  CHECK(shell({"leader", "transfer", "12"}).output == "12\n");
  CHECK(shell({"leader", "show", "-o", "json"}).output.find("\"term\":\"5\"") != std::string::npos);
  const Outcome stays = shell({"leader", "transfer", "9", "--timeout", "60ms"});
  CHECK(stays.code == kExitError);
  CHECK(stays.output.empty());
  CHECK(stays.messages.find("no other node has taken over") != std::string::npos);
}

TEST_CASE("snapshot create waits until the image has what was applied before, and prints it") {
  TestServer server(map_service());
  const std::string endpoint = server.endpoint().text();
  Shell shell;
  CHECK(shell({"--endpoints", endpoint, "snapshot", "list"}).output == endpoint + "\t5\t105\tno\tno\n");
  CHECK(shell({"--endpoints", endpoint, "snapshot", "create"}).output == endpoint + "\t9\t109\tno\tno\n");
  CHECK(shell({"--endpoints", endpoint, "-o", "table", "snapshot", "list"}).output.find("TAKING") != std::string::npos);
  CHECK(shell({"--endpoints", endpoint, "-o", "json", "snapshot", "create"}).output ==
        "{\"nodes\":[\n{\"endpoint\":\"" + endpoint +
            "\",\"index\":\"10\",\"bytes\":\"110\",\"being_taken\":false,\"being_received\":false,"
            "\"applied_index\":\"11\"}]}\n");
  const Outcome late = shell({"--endpoints", endpoint, "--timeout", "60ms", "snapshot", "create"});
  CHECK(late.code == kExitError);
  CHECK(late.output.empty());
  CHECK(late.messages.find("newest ends at index 10, expected 11 or more") != std::string::npos);
}

TEST_CASE("state-hash and snapshot list have a row for each endpoint") {
  TestServer server(map_service());
  const std::string there = server.endpoint().text();
  const std::string gone = TestServer(map_service()).endpoint().text();
  Shell shell;
  const Outcome hashes = shell({"--endpoints", there + "," + gone, "state-hash"});
  CHECK(hashes.code == kExitOk);
  CHECK(hashes.output == there + "\t12\t4\t00ff00ff00ff00ff\n" + gone + "\t-\t-\t-\n");
  CHECK(hashes.messages.find(gone) != std::string::npos);
  CHECK(shell({"--endpoints", there + "," + gone, "snapshot", "list"}).output ==
        there + "\t5\t105\tno\tno\n" + gone + "\t-\t-\t-\t-\n");
  CHECK(shell({"--endpoints", there, "-o", "json", "state-hash"}).output ==
        "{\"nodes\":[\n{\"endpoint\":\"" + there +
            "\",\"applied_index\":\"12\",\"revision\":\"4\",\"state_hash\":\"00ff00ff00ff00ff\"}]}\n");
  CHECK(shell({"--endpoints", gone, "state-hash"}).code == kExitNoConnection);
  CHECK(shell({"snapshot", "take"}).code == kExitUsage);
}

TEST_CASE("without a node the exit code is that of no connection") {
  Shell shell;
  const std::string gone = TestServer(map_service()).endpoint().text();
  const Outcome outcome = shell({"--endpoints", gone, "put", "k", "v"});
  CHECK(outcome.code == kExitNoConnection);
  CHECK(outcome.output.empty());
  CHECK(outcome.messages.find(gone + ": Connection refused") != std::string::npos);
  CHECK(outcome.messages.find("is tenond running") != std::string::npos);
}

TEST_CASE("an unknown outcome is an error that says so") {
  Shell shell([](const std::string&) { return Answer{Answer::Kind::kClose, ""}; });
  const Outcome outcome = shell({"put", "k", "v"});
  CHECK(outcome.code == kExitError);
  CHECK(outcome.messages.find("it may have been applied or not") != std::string::npos);
}

TEST_CASE("usage and later versions have their exit codes and print no data") {
  Shell shell;
  const Outcome usage = shell({"get"});
  CHECK(usage.code == kExitUsage);
  CHECK(usage.output.empty());
  const Outcome later = shell({"subscribe", "k"});
  CHECK(later.code == kExitError);
  CHECK(later.messages == "tenonctl: subscribe: not in this version\n");
  CHECK(shell({"--help"}).code == kExitOk);
  CHECK(shell({"--help"}).output.starts_with("tenonctl [flags] COMMAND"));
  CHECK(shell({"--version"}).messages.empty());
}

TEST_CASE("output that cannot be written is an error") {
  TestServer server(map_service());
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream messages;
  out.setstate(std::ios::badbit);
  const Surroundings surroundings{in, out, messages, OutputDevice::kOther, server.endpoint().text()};
  const std::vector<std::string> arguments{"put", "k", "v"};
  CHECK(run(arguments, surroundings) == kExitError);
  CHECK(messages.str().find("standard output") != std::string::npos);
}

}  // namespace tenon::tenonctl
