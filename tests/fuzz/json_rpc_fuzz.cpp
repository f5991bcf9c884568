// SPDX-License-Identifier: MIT
// Whatever a client of the WebSocket sends: each call is answered by its id and once, and what is sent is JSON-RPC.
// Whatever the node brings meanwhile, nothing of it is kept when the client has gone.
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>
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
  void send(api_http::LiveMessage message) override {
    if (message.tail != nullptr) message.head += *message.tail;
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(message.head, error);
    TENON_CHECK(!error);
    const boost::json::array* all = value.if_array();
    if (all == nullptr) return require_message(value);
    TENON_CHECK(!all->empty() && all->size() <= fuzz::HttpHarness::kLiveLimits.rpc.calls_max);
    for (const boost::json::value& one : *all) require_message(one);
  }
  std::uint64_t unsent_bytes() const noexcept override { return unsent; }

  std::uint64_t unsent = 0;
};

// Nothing, changes or messages, a mark, or the end.
std::optional<testing::ScriptedCompletion> completion_of(fuzz::Input& input) {
  testing::ScriptedCompletion made;
  made.flags = TENON_COMPLETION_MORE;
  made.revision = 50;
  switch (input.below(4)) {
    case 1:
      made.results = {{.records = {{.key = "a", .value = "\xff"}, {.key = "b", .kind = TENON_RECORD_DELETED}}}};
      return made;
    case 2:
      made.flags |= TENON_COMPLETION_MISSED;
      return made;
    case 3:
      made.flags = 0;
      made.outcome = TENON_OUTCOME_REFUSED;
      made.error = TENON_ERROR_COMPACTED;
      made.revision = 90;
      return made;
    default:
      return std::nullopt;
  }
}

void bring(fuzz::HttpHarness& harness, fuzz::Input& input) {
  for (const testing::ScriptedRequest& one : harness.node.wait_for_requests(0)) {
    if (one.operations.empty()) continue;
    const std::uint32_t kind = one.operations.front().kind;
    if (kind != TENON_WATCH && kind != TENON_SUBSCRIBE) continue;
    if (const auto completion = completion_of(input)) harness.node.complete_if_open(one.id, *completion);
  }
  if (input.below(2) == 1) harness.feeds.events().publish("{}");
}

void settle(fuzz::HttpHarness& harness) {
  harness.submissions.submit();
  harness.submissions.poll();
  harness.telling.poll();
}

void run(fuzz::Input input) {
  fuzz::HttpHarness harness;
  Output output;
  const bool is_raw = input.below(2) == 0;
  {
    api_http::LiveConnection connection(harness.environment, output);
    for (int messages = 0; messages < 8 && !input.empty(); ++messages) {
      connection.take(is_raw ? std::string(input.rest()) : message_of(input));
      TENON_CHECK(harness.environment.open_subscriptions <= harness.environment.limits.subscriptions_max);
      settle(harness);
      if (is_raw) break;
      output.unsent = input.below(3) == 1 ? harness.environment.limits.output_bytes_max + 1 : 0;
      bring(harness, input);
      settle(harness);
      output.unsent = 0;
      connection.on_sent();
      settle(harness);
    }
  }
  settle(harness);
  TENON_CHECK(harness.environment.open_subscriptions == 0);
  TENON_CHECK(harness.node.on_loan() == 0);
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
