// SPDX-License-Identifier: MIT
#include "shell.hpp"
#include "support/catch.hpp"

namespace tenon::tenonctl {

TEST_CASE("a watch prints every change once and in order, and ends after as many as were asked for") {
  Shell shell;
  shell({"put", "before", "v"});
  for (const char* const key : {"a1", "b", "a2", "a3\t"}) shell({"put", key, "v\n"});
  shell({"del", "a1"});
  const Outcome all = shell({"watch", "--prefix", "a", "--from-revision", "2", "--limit", "4"});
  CHECK(all.code == kExitOk);
  CHECK(all.output == "2\tput\ta1\tv\\n\n4\tput\ta2\tv\\n\n5\tput\ta3\\t\tv\\n\n6\tdel\ta1\t\n");
  CHECK(shell({"watch", "a2", "--from-revision", "2", "--limit", "1"}).output == "4\tput\ta2\tv\\n\n");
  CHECK(shell({"watch", "a1", "--from-revision", "3", "--limit", "1", "--previous"}).output == "6\tdel\ta1\t\tv\\n\n");
  const std::string json =
      shell({"-o", "json", "watch", "a1", "--from-revision", "3", "--limit", "1", "--previous"}).output;
  CHECK(json.starts_with("{\"change\":\"del\",\"record\":{\"key\":\"a1\",\"create_revision\":"));
  CHECK(json.find("\"previous\":{\"key\":\"a1\",\"value\":\"v\\n\"") != std::string::npos);
}

TEST_CASE("a watch that comes too late says where it can go on") {
  Shell shell;
  const Outcome late = shell({"watch", "k", "--from-revision", "1"});
  CHECK(late.code == kExitError);
  CHECK(late.output.empty());
  CHECK(late.messages.find("too late (compacted)") != std::string::npos);
  CHECK(late.messages.find("keeps those from 2 on") != std::string::npos);
}

TEST_CASE("a watch needs a node at its beginning") {
  Shell shell([](const std::string&) { return Answer{Answer::Kind::kClose, {}}; });
  CHECK(shell({"watch", "k"}).code == kExitNoConnection);
}

}  // namespace tenon::tenonctl
