// SPDX-License-Identifier: MIT
// Whatever bytes a Redis client may send: the same requests come out, or the same error, however the bytes arrive; what
// was read is within the limits, and written as an array of bulk strings it means the same again. Patterns and numbers
// are read from the same bytes.
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "fuzz_input.hpp"
#include "glob.hpp"
#include "number.hpp"
#include "request_parser.hpp"
#include "tenon/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

using api_resp::RequestParser;
using Status = RequestParser::Status;
using Request = std::vector<std::string>;

constexpr api_resp::RequestLimits kLimits{64, 512, 256};

struct Read {
  std::vector<Request> requests;
  std::string error;  // empty: there was none
};

// Takes the bytes in steps of `step`, as a connection does.
Read read(std::string_view bytes, std::size_t step) {
  RequestParser parser(kLimits);
  Read found;
  std::string input;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    input.append(bytes.substr(at, step));
    while (true) {
      const Status status = parser.parse(input);
      if (status == Status::kIncomplete) break;
      if (status == Status::kMalformed) {
        TENON_CHECK(!parser.error().empty());
        found.error = parser.error();
        return found;
      }
      TENON_CHECK(parser.size() > 0 && parser.size() <= input.size());
      if (status == Status::kRequest) {
        TENON_CHECK(!parser.arguments().empty());
        found.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
      }
      input.erase(0, parser.size());
    }
  }
  return found;
}

std::string written(const Request& request) {
  std::string text = "*" + std::to_string(request.size()) + "\r\n";
  for (const std::string& word : request) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

// Pieces of requests, so that what a fuzzer makes is often nearly one.
constexpr std::string_view kPieces[] = {
    "*1\r\n",  "*2\r\n",   "*3\r\n",  "*0\r\n", "*-1\r\n",  "*65\r\n", "$3\r\n", "$1\r\n", "$0\r\n",
    "$-1\r\n", "$513\r\n", "GET\r\n", "a\r\n",  "PING\r\n", "\r\n",    "\n",     " ",      "'",
    "\"",      "\\",       "\\x41",   "x",      "[a-c]",    "*",       "?",
};

std::string assembled(fuzz::Input& input) {
  std::string text;
  while (!input.empty() && text.size() < 4096) text += kPieces[input.below(std::size(kPieces))];
  return text;
}

void run(fuzz::Input input) {
  const std::size_t step = static_cast<std::size_t>(input.below(16)) + 1;
  const bool is_assembled = input.below(4) != 0;
  const std::string made = is_assembled ? assembled(input) : std::string(input.rest());
  const std::string_view bytes = made;
  const Read whole = read(bytes, bytes.size() + 1);
  const Read parts = read(bytes, step);
  TENON_CHECK(whole.requests == parts.requests);
  // Which bound is named may depend on how much has come when it is passed.
  TENON_CHECK(whole.error.empty() == parts.error.empty());
  for (const Request& request : whole.requests) {
    if (request.size() > kLimits.arguments_max) continue;  // a line may have more words, as it is short
    const Read again = read(written(request), 1);
    TENON_CHECK(again.error.empty() && again.requests == std::vector<Request>{request});
  }
  const std::size_t half = bytes.size() / 2;
  static_cast<void>(api_resp::matches(bytes.substr(0, half), bytes.substr(half)));
  const std::optional<std::int64_t> number = api_resp::parse_integer(bytes);
  TENON_CHECK(!number || std::to_string(*number) == bytes);
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
