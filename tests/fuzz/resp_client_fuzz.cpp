// SPDX-License-Identifier: MIT
// Whatever a client says in whatever pieces, and whenever and however the node answers: replies are well formed, each
// request has one, in the order of the requests, and the client comes to rest.
#include <iterator>
#include <string>
#include <vector>

#include "resp_harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

// Takes one reply from the front; false when it is not whole, or none.
bool take_reply(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return false;
  const char kind = text.front();
  const std::string count(text.substr(1, end - 1));
  text.remove_prefix(end + 2);
  switch (kind) {
    case '+':
    case '-':
    case ':':
    case '_':
    case '#':
    case ',':
      return true;
    case '$':
    case '=': {
      if (count == "-1") return true;
      const std::size_t size = std::stoull(count);
      if (text.size() < size + 2 || text.substr(size, 2) != "\r\n") return false;
      text.remove_prefix(size + 2);
      return true;
    }
    case '*':
    case '>':
    case '%': {
      if (count == "-1") return true;
      std::uint64_t left = std::stoull(count) * (kind == '%' ? 2 : 1);
      while (left > 0 && take_reply(text)) --left;
      return left == 0;
    }
    default:
      return false;
  }
}

// Each of them has one reply.
constexpr std::string_view kAnswered[] = {
    "GET a",
    "SET a 1",
    "INCR a",
    "MGET a b",
    "SET a 1 NX",
    "SET a 1 XX GET",
    "APPEND a b",
    "SETRANGE a 1",
    "DEL a b",
    "EXPIRE a 9",
    "EXPIRE a 9 GT",
    "TTL a",
    "RENAME a b",
    "SCAN 0",
    "KEYS *",
    "RANDOMKEY",
    "DBSIZE",
    "MULTI",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH a",
    "UNWATCH",
    "PUBLISH c m",
    "PING",
    "NOSUCH",
    "GET",
    "FLUSHALL",
    "INFO",
    "CLIENT LIST",
    "GETEX a EX 9",
    "MSETNX a 1 b 2",
    "INCRBYFLOAT a 1",
    "SETRANGE a 1 xx",
    "WAIT 0 0",
};
// How many replies there are after one of these is not said here.
constexpr std::string_view kOthers[] = {
    "SUBSCRIBE c",
    "PSUBSCRIBE c*",
    "UNSUBSCRIBE",
    "CLIENT REPLY OFF",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY ON",
    "HELLO 3",
    "HELLO 2",
    "RESET",
    "QUIT",
    "CLIENT KILL ID 1",
    "*1\r\n$4\r\nPING",
    "*2\r\n:",
    "\"",
};

void run(fuzz::Input input) {
  const std::size_t lines = static_cast<std::size_t>(input.below(24)) + 1;
  std::string asked;
  std::vector<std::string> echoes;  // what is to be said back, by request; empty: something else
  bool is_counted = true;
  for (std::size_t i = 0; i < lines; ++i) {
    const std::uint64_t chance = input.below(16);
    const bool is_echo = chance >= 12 && chance < 15;
    echoes.push_back(is_echo ? std::to_string(1000 + i) : "");
    if (chance == 15) is_counted = false;
    asked += chance == 15 ? std::string(kOthers[input.below(std::size(kOthers))])
             : is_echo    ? "ECHO " + echoes.back()
                          : std::string(kAnswered[input.below(std::size(kAnswered))]);
    asked += "\r\n";
  }
  const std::size_t step = static_cast<std::size_t>(input.below(64)) + 1;
  fuzz::RespHarness harness(input);
  for (std::size_t at = 0; at < asked.size(); at += step) harness.send(std::string_view(asked).substr(at, step));
  harness.answer_everything();
  if (harness.is_closed()) return;
  TENON_CHECK(!is_counted || harness.is_settled());
  std::string_view replies = harness.received();
  std::size_t count = 0;
  for (; !replies.empty(); ++count) {
    const std::string_view before = replies;
    TENON_CHECK(take_reply(replies));
    const std::string_view reply = before.substr(0, before.size() - replies.size());
    if (!is_counted || echoes.at(count).empty()) continue;
    TENON_CHECK(reply == "$4\r\n" + echoes[count] + "\r\n" || reply == "+QUEUED\r\n");
  }
  TENON_CHECK(!is_counted || count == lines);
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
