// SPDX-License-Identifier: MIT
// What clients read, byte for byte as Redis 7.0 writes it.
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {

TEST_CASE("strings are put, read and changed with the replies of Redis") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("PING") == "+PONG\r\n");
  CHECK(client.ask("SET a 1") == "+OK\r\n");
  CHECK(answers(client, "GET a\r\n", "$1\r\n1\r\n"));
  CHECK(client.ask("GET none") == "$-1\r\n");
  CHECK(client.ask("SET a 2 NX") == "$-1\r\n");
  CHECK(client.ask("SET b 2 NX") == "+OK\r\n");
  CHECK(client.ask("SET c 2 XX") == "$-1\r\n");
  CHECK(answers(client, "SET a 5 XX GET\r\n", "$1\r\n1\r\n"));
  CHECK(client.ask("INCR a") == ":6\r\n");
  CHECK(client.ask("DECRBY a 10") == ":-4\r\n");
  CHECK(client.ask("APPEND b xy") == ":3\r\n");
  CHECK(client.ask("STRLEN b") == ":3\r\n");
  CHECK(answers(client, "GETRANGE b -2 -1\r\n", "$2\r\nxy\r\n"));
  CHECK(client.ask("SETRANGE b 5 z") == ":6\r\n");
  CHECK(answers(client, "GET b\r\n", std::string("$6\r\n2xy\0\0z\r\n", 12)));
  CHECK(answers(client, "INCRBYFLOAT f 10.5\r\n", "$4\r\n10.5\r\n"));
  CHECK(answers(client, "INCRBYFLOAT f -5\r\n", "$3\r\n5.5\r\n"));
  CHECK(client.ask("MSET x 1 y 2") == "+OK\r\n");
  CHECK(answers(client, "MGET x none y\r\n", "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n"));
  CHECK(client.ask("MSETNX y 1 z 2") == ":0\r\n");
  CHECK(client.ask("DEL x y z") == ":2\r\n");
  CHECK(client.ask("EXISTS a a none") == ":2\r\n");
  CHECK(answers(client, "GETDEL a\r\n", "$2\r\n-4\r\n"));
  CHECK(client.ask("TYPE a") == "+none\r\n");
}

TEST_CASE("what is wrong is said with the words of Redis") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("LPUSH a b") == "-ERR unknown command 'LPUSH', with args beginning with: 'a' 'b' \r\n");
  CHECK(client.ask("GET") == "-ERR wrong number of arguments for 'get' command\r\n");
  CHECK(client.ask("SET a b EX") == "-ERR syntax error\r\n");
  CHECK(client.ask("SET a b EX 0") == "-ERR invalid expire time in 'set' command\r\n");
  CHECK(client.ask("SET a b EX x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(client.ask("SET a b NX XX") == "-ERR syntax error\r\n");
  CHECK(client.ask("SELECT 1") == "-ERR DB index is out of range\r\n");
  CHECK(client.ask("CLIENT nothing") == "-ERR unknown subcommand 'nothing'. Try CLIENT HELP.\r\n");
  CHECK(client.ask("CLUSTER INFO") == "-ERR This instance has cluster support disabled\r\n");
  CHECK(client.ask("SET a text") == "+OK\r\n");
  CHECK(client.ask("INCR a") == "-ERR value is not an integer or out of range\r\n");
  CHECK(client.ask("SET a 9223372036854775807") == "+OK\r\n");
  CHECK(client.ask("INCR a") == "-ERR increment or decrement would overflow\r\n");
  CHECK(client.ask("RENAME none b") == "-ERR no such key\r\n");
  CHECK(client.ask("EXPIRE a 1 NX XX") == "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
  CHECK(client.ask("PUBLISH") == "-ERR wrong number of arguments for 'publish' command\r\n");
}

TEST_CASE("keys expire by the time of the cluster") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("SET a 1 EX 100") == "+OK\r\n");
  CHECK(client.ask("TTL a") == ":100\r\n");
  CHECK(client.ask("PTTL a") == ":100000\r\n");
  CHECK(client.ask("EXPIRETIME a") == ":1700000100\r\n");
  CHECK(client.ask("EXPIRE a 50 GT") == ":0\r\n");
  CHECK(client.ask("EXPIRE a 50 LT") == ":1\r\n");
  CHECK(client.ask("EXPIRE a 200 XX") == ":1\r\n");
  CHECK(client.ask("EXPIRE a 10 NX") == ":0\r\n");
  CHECK(client.ask("SET a 2 KEEPTTL") == "+OK\r\n");
  CHECK(client.ask("TTL a") == ":200\r\n");
  CHECK(client.ask("RENAME a b") == "+OK\r\n");
  CHECK(client.ask("TTL b") == ":200\r\n");
  CHECK(client.ask("COPY b c") == ":1\r\n");
  CHECK(client.ask("TTL c") == ":200\r\n");
  CHECK(client.ask("PERSIST b") == ":1\r\n");
  CHECK(client.ask("TTL b") == ":-1\r\n");
  CHECK(client.ask("TTL none") == ":-2\r\n");
  CHECK(client.ask("EXPIRE b -1") == ":1\r\n");
  CHECK(client.ask("EXISTS b") == ":0\r\n");
}

TEST_CASE("the newer protocol has maps, sets and a null of its own") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("HELLO 4") == "-NOPROTO unsupported protocol version\r\n");
  CHECK(
      client.ask("HELLO 3 SETNAME me", "$7\r\nmodules\r\n*0\r\n").starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
  CHECK(client.ask("GET none") == "_\r\n");
  CHECK(answers(client, "CLIENT GETNAME\r\n", "$2\r\nme\r\n"));
  CHECK(answers(client, "CONFIG GET save\r\n", "%1\r\n$4\r\nsave\r\n$0\r\n\r\n"));
  CHECK(client.ask("RESET") == "+RESET\r\n");
  CHECK(client.ask("GET none") == "$-1\r\n");
}

TEST_CASE("a client that wants no replies gets none until it wants them again") {
  RunningPlugin plugin;
  RawClient client(plugin);
  client.send("CLIENT REPLY OFF\r\nSET a 1\r\nGET a\r\nPING\r\n");
  CHECK(client.ask("CLIENT REPLY ON") == "+OK\r\n");
  client.send("CLIENT REPLY SKIP\r\nINCR a\r\n");
  CHECK(answers(client, "GET a\r\n", "$1\r\n2\r\n"));
}

TEST_CASE("clients can be listed and closed") {
  RunningPlugin plugin;
  RawClient client(plugin);
  RawClient other(plugin);
  const std::string id = other.ask("CLIENT ID");
  CHECK(client.ask("CLIENT KILL ID " + id.substr(1, id.size() - 3)) == ":1\r\n");
  CHECK(other.ended());
  CHECK(client.ask("CLIENT LIST TYPE normal", "resp=2\n\r\n").find("cmd=client") != std::string::npos);
}

TEST_CASE("the commands are described as clients ask for them") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "COMMAND INFO get nothing\r\n",
                "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n"
                "+@string\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n$-1\r\n"));
  CHECK(answers(client, "COMMAND GETKEYS MSET a 1 b 2\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"));
  CHECK(answers(client, "COMMAND LIST FILTERBY PATTERN getd*\r\n", "*1\r\n$6\r\ngetdel\r\n"));
}

TEST_CASE("what is left of a life follows the time of the node, also when nothing is written") {
  auto small = std::make_shared<SmallNode>();
  RunningPlugin plugin([small](const ScriptedRequest& request) {
    if (request.operations[0].key == "pass") small->cluster_time_ms += 40'000;
    return std::optional(small->answer(request));
  });
  RawClient client(plugin);
  CHECK(client.ask("SET a 1 EX 100") == "+OK\r\n");
  CHECK(client.ask("TTL a") == ":100\r\n");
  CHECK(client.ask("GET pass") == "$-1\r\n");
  CHECK(client.ask("TTL a") == ":60\r\n");
  CHECK(client.ask("PTTL a") == ":60000\r\n");
  CHECK(client.ask("EXPIRE a 70 LT") == ":0\r\n");
  CHECK(client.ask("EXPIRE a 70 GT") == ":1\r\n");
  CHECK(client.ask("TTL a") == ":70\r\n");
}

}  // namespace tenon::api_resp
