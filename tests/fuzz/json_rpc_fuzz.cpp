// SPDX-License-Identifier: MIT
// Whatever a client of the WebSocket sends: each call is answered by its id and once, and what is sent is JSON-RPC.
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "fuzz_input.hpp"
#include "http_harness.hpp"
#include "live_connection.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

constexpr std::array<std::string_view, 32> kPieces = {
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"id\":\"a\"",
    "\"id\":null",
    "\"id\":{}",
    "\"method\":\"ping\"",
    "\"method\":\"hello\"",
    "\"method\":\"subscribe\"",
    "\"method\":\"unsubscribe\"",
    "\"method\":7",
    "\"params\":{",
    "\"topic\":\"kv:a\"",
    "\"topic\":\"events\"",
    "\"topic\":\"pubsub:a*\"",
    "\"topic\":\"cluster\"",
    "\"topic\":\"slow\"",
    "\"topic\":\"metrics\"",
    "\"prefix_base64\":\"AP8=\"",
    "\"resume\":{\"revision\":\"4\"}",
    "\"resume\":{\"sequence\":2}",
    "\"return_previous\":true",
    "\"subscription\":\"1\"",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"subscribe\",\"params\":{\"topic\":\"kv:\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"subscribe\",\"params\":{\"topic\":\"events\"}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"unsubscribe\",\"params\":{\"subscription\":1}}",
    "\xff"};

std::string message_of(fuzz::Input& input) {
  std::string text;
  while (!input.empty() && text.size() < 4096) {
    const std::uint64_t choice = input.below(kPieces.size() + 2);
    if (choice >= kPieces.size()) break;
    text += kPieces.at(choice);
  }
  return text;
}

void require_message(const boost::json::value& value) {
  const boost::json::object* object = value.if_object();
  TENON_CHECK(object != nullptr && object->at("jsonrpc") == boost::json::value("2.0"));
  const bool is_reply = object->contains("id") && (object->contains("result") != object->contains("error"));
  const bool is_notification = object->contains("method") && object->contains("params");
  TENON_CHECK(is_reply != is_notification);
}

struct Output final : api_http::LiveOutput {
  void send(std::string message) override {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(message, error);
    TENON_CHECK(!error);
    const boost::json::array* all = value.if_array();
    if (all == nullptr) return require_message(value);
    TENON_CHECK(!all->empty() && all->size() <= api_http::kCallsMax);
    for (const boost::json::value& one : *all) require_message(one);
  }
  std::uint64_t unsent_bytes() const noexcept override { return 0; }
};

void run(fuzz::Input input) {
  fuzz::HttpHarness harness;
  Output output;
  api_http::LiveConnection connection(harness.environment, output);
  const bool is_raw = input.below(2) == 0;
  for (int messages = 0; messages < 8 && !input.empty(); ++messages) {
    connection.take(is_raw ? std::string(input.rest()) : message_of(input));
    TENON_CHECK(harness.environment.open_subscriptions <= harness.environment.limits.subscriptions_max);
    harness.submissions.submit();
    harness.submissions.poll();
    harness.telling.poll();
    connection.on_sent();
    if (is_raw) break;
  }
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
