// SPDX-License-Identifier: MIT
#include "request_parser.hpp"

#include <string>

#include "number.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

using Status = RequestParser::Status;
constexpr RequestLimits kLimits{16, 64, 32};

// The arguments with | between them; of what is malformed its error after !, of what is not whole "..".
std::string parsed(std::string_view input) {
  RequestParser parser(kLimits);
  const Status status = parser.parse(input);
  if (status == Status::kIncomplete) return "..";
  if (status == Status::kMalformed) return "!" + parser.error();
  if (status == Status::kEmpty) return "empty";
  std::string text;
  for (const std::string_view word : parser.arguments()) text += (text.empty() ? "" : "|") + std::string(word);
  CHECK(parser.size() <= input.size());
  return text;
}

}  // namespace

TEST_CASE("a request is an array of bulk strings, or a line of words") {
  CHECK(parsed("*2\r\n$3\r\nGET\r\n$1\r\na\r\n") == "GET|a");
  CHECK(parsed("*1\r\n$0\r\n\r\n").empty());
  CHECK(parsed("GET a\r\n") == "GET|a");
  CHECK(parsed("  SET\ta  'b c' \n") == "SET|a|b c");
  CHECK(parsed("SET a \"\\x41\\n\\\"q\"\r\n") == "SET|a|A\n\"q");
  CHECK(parsed("SET a 'it\\'s'\r\n") == "SET|a|it's");
  CHECK(parsed("\r\n") == "empty");
  CHECK(parsed("*0\r\n") == "empty");
  CHECK(parsed("*-1\r\n") == "empty");
}

TEST_CASE("what cannot be read is said as Redis says it") {
  CHECK(parsed("*x\r\n") == "!Protocol error: invalid multibulk length");
  CHECK(parsed("*17\r\n") == "!Protocol error: invalid multibulk length");
  CHECK(parsed("*99999999999999999999\r\n") == "!Protocol error: invalid multibulk length");
  CHECK(parsed("*1\r\n!3\r\n") == "!Protocol error: expected '$', got '!'");
  CHECK(parsed("*1\r\n*1\r\n") == "!Protocol error: expected '$', got '*'");
  CHECK(parsed("*1\r\n$-1\r\n") == "!Protocol error: invalid bulk length");
  CHECK(parsed("*1\r\n$65\r\n") == "!Protocol error: invalid bulk length");
  CHECK(parsed("GET 'a\r\n") == "!Protocol error: unbalanced quotes in request");
  CHECK(parsed("GET 'a'b\r\n") == "!Protocol error: unbalanced quotes in request");
  CHECK(parsed(std::string(40, 'a')) == "!Protocol error: too big inline request");
  CHECK(parsed("*" + std::string(40, '1')) == "!Protocol error: too big mbulk count string");
  CHECK(parsed("*1\r\n$" + std::string(40, '1')) == "!Protocol error: too big bulk count string");
}

TEST_CASE("how long a line may be does not depend on how its bytes arrive") {
  const std::string longest(kLimits.line_bytes_max, 'a');
  const auto in_pieces = [](const std::string& request, std::size_t step) {
    RequestParser parser(kLimits);
    std::string input;
    for (std::size_t at = 0; at < request.size(); at += step) {
      input += request.substr(at, step);
      const Status status = parser.parse(input);
      if (status != Status::kIncomplete) return status == Status::kRequest ? "a request" : parser.error();
    }
    return std::string("not whole");
  };
  for (std::size_t step = 1; step < 80; ++step) {
    CAPTURE(step);
    CHECK(in_pieces(longest + "\n", step) == "a request");
    CHECK(in_pieces(longest + "\r\n", step) == "a request");
    CHECK(in_pieces(longest + "a\n", step) == "Protocol error: too big inline request");
    CHECK(in_pieces(longest + "a\r\n", step) == "Protocol error: too big inline request");
    CHECK(in_pieces("*" + longest + "\r\n", step) == "Protocol error: too big mbulk count string");
    CHECK(in_pieces("*1\r\n$" + longest + "\r\n", step) == "Protocol error: too big bulk count string");
  }
}

TEST_CASE("a request is the same however its bytes arrive") {
  const std::string requests = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$10\r\n0123456789\r\nPING\r\n*0\r\n*1\r\n$4\r\nINFO\r\n";
  for (std::size_t step = 1; step <= requests.size(); ++step) {
    RequestParser parser(kLimits);
    std::string input;
    std::string seen;
    for (std::size_t at = 0; at < requests.size(); at += step) {
      input += requests.substr(at, step);
      for (Status status = parser.parse(input); status != Status::kIncomplete; status = parser.parse(input)) {
        REQUIRE(status != Status::kMalformed);
        if (status == Status::kRequest) {
          for (const std::string_view word : parser.arguments()) seen += std::string(word) + " ";
        }
        input.erase(0, parser.size());
      }
    }
    CHECK(input.empty());
    CHECK(seen == "SET a 0123456789 PING INFO ");
  }
}

TEST_CASE("integers are those that Redis reads") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_integer("9223372036854775807") == 9223372036854775807);
  for (const char* text : {"", "-", "+1", "01", "-0", " 1", "1 ", "1x", "9223372036854775808"}) {
    CHECK_FALSE(parse_integer(text));
  }
}

}  // namespace tenon::api_resp
