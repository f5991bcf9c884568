// SPDX-License-Identifier: MIT
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {

TEST_CASE("the commands of a transaction are one request, and their replies an array") {
  std::vector<ScriptedRequest> seen;
  SmallNode node;
  RunningPlugin plugin([&](const ScriptedRequest& request) {
    seen.push_back(request);
    return std::optional(node.answer(request));
  });
  RawClient client(plugin);
  CHECK(answers(client, "MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nPING\r\nEXEC\r\n",
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n:2\r\n$1\r\n2\r\n+PONG\r\n"));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].operations.size() == 3);
  CHECK((seen[0].flags & TENON_REQUEST_INDEPENDENT) != 0);
}

TEST_CASE("an operation that fails leaves the others in force") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "MULTI\r\nSET a x\r\nINCR a\r\nSET b 1\r\nEXEC\r\n",
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n"
                "+OK\r\n"));
}

TEST_CASE("a number that cannot grow is told apart from a value that is none, within a transaction too") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "MULTI\r\nSET a 9223372036854775807\r\nINCR a\r\nSET b x\r\nINCR b\r\nEXEC\r\n",
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n-ERR increment or decrement would "
                "overflow\r\n+OK\r\n-ERR value is not an integer or out of range\r\n"));
}

TEST_CASE("what was wrong with a number is told of the value as it was then") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "SET a x\r\nINCR a\r\nSET a 9223372036854775807\r\nINCR a\r\nSET a 1\r\n",
                "+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n-ERR increment or decrement would "
                "overflow\r\n+OK\r\n"));
}

TEST_CASE("commands see what earlier ones of their transaction have done") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("SET n 5") == "+OK\r\n");
  CHECK(answers(client,
                "MULTI\r\nINCR n\r\nSETNX n 1\r\nDEL n\r\nSETNX n 7\r\nSETRANGE n 1 8\r\nGET n\r\nRENAME n m\r\n"
                "EXISTS n m\r\nEXEC\r\n",
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
                "*8\r\n:6\r\n:0\r\n:1\r\n:1\r\n:2\r\n$2\r\n78\r\n+OK\r\n:1\r\n"));
}

TEST_CASE("a watched key that has changed makes the transaction do nothing") {
  RunningPlugin plugin;
  RawClient client(plugin);
  RawClient other(plugin);
  CHECK(client.ask("WATCH a") == "+OK\r\n");
  CHECK(other.ask("SET a 1") == "+OK\r\n");
  CHECK(answers(client, "MULTI\r\nSET a 2\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*-1\r\n"));
  CHECK(answers(client, "GET a\r\n", "$1\r\n1\r\n"));
  CHECK(client.ask("WATCH a") == "+OK\r\n");
  CHECK(answers(client, "MULTI\r\nSETNX b 2\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"));
  CHECK(client.ask("WATCH a") == "+OK\r\n");
  CHECK(other.ask("SET a 3") == "+OK\r\n");
  CHECK(answers(client, "MULTI\r\nSETNX c 2\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*-1\r\n"));
  CHECK(client.ask("WATCH a") == "+OK\r\n");
  CHECK(other.ask("SET a 4") == "+OK\r\n");
  CHECK(client.ask("UNWATCH") == "+OK\r\n");
  CHECK(answers(client, "MULTI\r\nEXEC\r\n", "+OK\r\n*0\r\n"));
}

TEST_CASE("a transaction without an operation heeds its watched keys too") {
  RunningPlugin plugin;
  RawClient client(plugin);
  RawClient other(plugin);
  CHECK(client.ask("WATCH a") == "+OK\r\n");
  CHECK(other.ask("SET a 1") == "+OK\r\n");
  CHECK(answers(client, "MULTI\r\nPING\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*-1\r\n"));
}

TEST_CASE("a command that reads first begins anew when another comes between") {
  SmallNode node;
  int disturbances = 3;
  RunningPlugin plugin([&](const ScriptedRequest& request) {
    const bool writes = !request.operations.empty() && request.operations[0].kind == TENON_PUT;
    if (writes && disturbances-- > 0) {
      node.items["a"] = {std::to_string(disturbances), ++node.revision, 0};
    }
    return std::optional(node.answer(request));
  });
  RawClient client(plugin);
  CHECK(answers(client, "INCRBYFLOAT a 10.5\r\n", "$4\r\n10.5\r\n"));
  CHECK(plugin.wait_for_requests(5).size() == 5);  // a read, three writes that failed, and one that did not
}

TEST_CASE("what Redis does not allow in or around a transaction is refused as there") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("EXEC") == "-ERR EXEC without MULTI\r\n");
  CHECK(client.ask("DISCARD") == "-ERR DISCARD without MULTI\r\n");
  CHECK(client.ask("MULTI") == "+OK\r\n");
  CHECK(client.ask("MULTI") == "-ERR MULTI calls can not be nested\r\n");
  CHECK(client.ask("WATCH a") == "-ERR WATCH inside MULTI is not allowed\r\n");
  CHECK(client.ask("SET a 1") == "+QUEUED\r\n");
  CHECK(client.ask("DISCARD") == "+OK\r\n");
  CHECK(client.ask("GET a") == "$-1\r\n");
  CHECK(client.ask("MULTI") == "+OK\r\n");
  CHECK(client.ask("SET a").starts_with("-ERR wrong number of arguments"));
  CHECK(client.ask("EXEC") == "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

}  // namespace tenon::api_resp
