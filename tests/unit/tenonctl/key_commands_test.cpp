// SPDX-License-Identifier: MIT
// What writes say beside key and value, ranges, transactions and sessions.
#include <cstdlib>
#include <filesystem>

#include "shell.hpp"
#include "support/catch.hpp"

namespace tenon::tenonctl {

TEST_CASE("a write shows what it made, and what was there before") {
  Shell shell;
  CHECK(shell({"put", "k", "1", "--previous"}).output == "1\n");
  CHECK(shell({"put", "k", "4\t", "--previous"}).output == "2\t1\n");
  const std::string json = shell({"-o", "json", "put", "k", "4", "--previous"}).output;
  CHECK(json.starts_with("{\"previous\":{\"key\":\"k\",\"value\":\"4"));
  CHECK(json.ends_with("\"version\":\"2\"},\"revision\":\"3\"}\n"));
  CHECK(shell({"-o", "table", "put", "k", "40", "--previous"}).output == "put (revision 4)\nbefore: 4\n");
  CHECK(shell({"increment", "k", "2"}).output == "42\n");
  CHECK(shell({"-o", "json", "increment", "k"}).output == "{\"number\":\"43\",\"revision\":\"6\"}\n");
  CHECK(shell({"append", "k", "!?"}).output == "4\n");
  CHECK(shell({"get", "k"}).output == "43!?");
}

TEST_CASE("the life of a key is set, shown and ended") {
  Shell shell;
  shell({"put", "k", "v", "--ttl", "1s"});
  CHECK(shell({"ttl", "k"}).output == "600\n");
  CHECK(shell({"put", "k", "w", "--keep-ttl"}).code == kExitOk);
  CHECK(shell({"-o", "json", "ttl", "k"}).output == "{\"ttl_ms\":\"600\",\"revision\":\"2\"}\n");
  CHECK(shell({"-o", "json", "get", "k"}).output.find("\"expires_at_ms\":\"1000\"") != std::string::npos);
  CHECK(shell({"persist", "k"}).code == kExitOk);
  CHECK(shell({"ttl", "k"}).output == "never\n");
  CHECK(shell({"persist", "k"}).code == kExitCondition);
  CHECK(shell({"expire", "k", "100ms"}).code == kExitOk);
  CHECK(shell({"ttl", "k"}).output == "0\n");
  const Outcome absent = shell({"expire", "absent", "1s"});
  CHECK(absent.code == kExitCondition);
  CHECK(absent.messages == "tenonctl: there is no key 'absent'\n");
  CHECK(shell({"ttl", "absent"}).code == kExitCondition);
}

TEST_CASE("several keys are read at once, and those that are not there are named") {
  Shell shell;
  shell({"put", "a", "1"});
  shell({"put", "b", "2"});
  CHECK(shell({"get", "b", "a"}).output == "b\t2\na\t1\n");
  const Outcome one = shell({"get", "a", "x", "b"});
  CHECK(one.code == kExitCondition);
  CHECK(one.output == "a\t1\nb\t2\n");
  CHECK(one.messages == "tenonctl: there is no key 'x'\n");
}

TEST_CASE("a range is counted, read backward and removed in parts") {
  Shell shell;
  for (const char* const key : {"a1", "a2", "a3", "a4", "b1"}) shell({"put", key, "v"});
  CHECK(shell({"scan", "--count", "a"}).output == "4\n");
  CHECK(shell({"scan", "--reverse", "--keys"}).output == "b1\na4\na3\na2\na1\n");
  CHECK(shell({"del", "--prefix", "a"}).output == "4\n");
  CHECK(shell({"scan", "--keys"}).output == "b1\n");
  const Outcome none = shell({"del", "--prefix", "a"});
  CHECK(none.code == kExitCondition);
  CHECK(none.messages == "tenonctl: there was no key in the range\n");
  CHECK(shell({"-o", "json", "del", "--range", "b", ""}).output.starts_with("{\"removed\":\"1\","));
}

TEST_CASE("a scan whose state is not kept any more goes on behind its last key") {
  const auto service = std::make_shared<client::MapService>();
  Shell shell([service](std::string request) {
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  std::string expected;
  for (char last = 'a'; last < 'a' + 2 * client::MapService::kPageRecordsMax + 5; ++last) {
    const std::string key = {'k', last};
    shell({"put", key, "v"});
    expected += key + "\n";
  }
  for (const std::vector<std::string>& range : {std::vector<std::string>{"k"}, {"--from", "ka"}}) {
    service->forget_state_of_cursors();
    std::vector<std::string> words{"scan", "--keys"};
    words.insert(words.end(), range.begin(), range.end());
    CHECK(shell(words).output == expected);
  }
}

TEST_CASE("a transaction comes from standard input") {
  Shell shell;
  const std::string text = "if absent k\nput k \"v w\"\nincrement n 5\nelse\nget k\nget x\n";
  const Outcome first = shell({"txn"}, text);
  CHECK(first.code == kExitOk);
  CHECK(first.output == "then\nput\nincrement\t5\n");
  const Outcome second = shell({"txn"}, text);
  CHECK(second.code == kExitCondition);
  CHECK(second.output == "else\nget\tk\tv w\nget\n");
  CHECK(second.messages.find("the operations of else ran") != std::string::npos);
  CHECK(shell({"-o", "json", "txn", "-"}, "increment n 1").output ==
        "{\"succeeded\":true,\"results\":[\n{\"operation\":\"increment\",\"number\":\"6\"}],\"revision\":\"3\"}\n");
  const Outcome wrong = shell({"txn"}, "put k");
  CHECK(wrong.code == kExitError);
  CHECK(wrong.messages.find("line 1 of the transaction") != std::string::npos);
}

TEST_CASE("a write of a session that is tried twice is done once") {
  char directory[] = "/tmp/tenonctl-test-XXXXXX";
  REQUIRE(::mkdtemp(directory) != nullptr);
  Shell shell;
  shell.state_directory = directory;
  CHECK(shell({"put", "k", "v", "--session", "mine", "--sequence", "1"}).messages ==
        "tenonctl: there is no session 'mine' here; session open mine opens it\n");
  CHECK(shell({"session", "open", "mine"}).output == "41\n");
  CHECK(shell({"session", "open", "mine"}).output == "41\n");
  for (const char* const session : {"mine", "41"}) {
    CHECK(shell({"put", "k", "v", "--session", session, "--sequence", "7"}).output == "1\n");
  }
  CHECK(shell({"put", "k", "w", "--session", "mine", "--sequence", "8"}).output == "2\n");
  CHECK(shell({"session", "keep-alive", "mine"}).output == "41\n");
  CHECK(shell({"session", "close", "41"}).code == kExitOk);
  const Outcome gone = shell({"put", "k", "v", "--session", "mine", "--sequence", "9"});
  CHECK(gone.code == kExitError);
  CHECK(gone.messages.find("nothing was done now, and an earlier try may have been applied") != std::string::npos);
  CHECK(shell({"session", "open", "mine"}).output == "42\n");
  CHECK(shell({"session", "close", "mine"}).code == kExitOk);
  CHECK(shell({"session", "close", "mine"}).messages.find("there is no session 'mine' here") != std::string::npos);
  CHECK(shell({"session", "open"}).output == "43\n");
  CHECK(shell({"session", "open", "../x"}).messages.find("found '../x' for a session") != std::string::npos);
  shell.state_directory.reset();
  CHECK(shell({"session", "open", "mine"}).messages.find("use the number of the session") != std::string::npos);
  std::filesystem::remove_all(directory);
}

}  // namespace tenon::tenonctl
