// SPDX-License-Identifier: MIT
// Whatever a client sends: a request reads the same however its bytes are divided, and what is a request is answered
// once, with a status that the API has.
#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <string>
#include <utility>

#include "fuzz_input.hpp"
#include "http_harness.hpp"
#include "request_reader.hpp"
#include "router.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

using api_http::Request;
using api_http::RequestReader;
using api_http::Response;

constexpr api_http::RequestLimits kLimits{4096, 20, 4096};

constexpr std::array<std::string_view, 71> kPieces = {
    "GET ",
    "PUT ",
    "POST ",
    "DELETE ",
    "HEAD ",
    "OPTIONS ",
    "FROB ",
    "/v1/kv/",
    "/v1/kv",
    "/v1/txn",
    "/v1/batch",
    "/v1/watch",
    "/v1/sessions",
    "/v1/sessions/7",
    "/v1/channels/c",
    "/v1/cluster",
    "/v1/slow_operations",
    "/",
    "/metrics",
    "/livez",
    "/readyz?verbose",
    "/dashboard/reach.html",
    "/set",
    "/get",
    "/delete",
    "/health",
    "/ws",
    "?",
    "&",
    "prefix=a",
    "limit=1",
    "cursor=AA",
    "consistency=stale",
    "max_age=5",
    "ttl=5s",
    "key=k",
    "forward=no",
    "from_revision=2",
    "return_previous",
    "match=%5b",
    "count",
    "%00",
    "%2",
    "%zz",
    "/..",
    "/.",
    "k",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "Host: 127.0.0.1\r\n",
    "Host: evil\r\n",
    "Origin: http://evil\r\n",
    "Origin: http://listed\r\n",
    "Access-Control-Request-Method: PUT\r\n",
    "If-Match: \"1\"\r\n",
    "If-None-Match: *\r\n",
    "Idempotency-Key: 1-1\r\n",
    "Content-Length: 2\r\n",
    "Content-Length: 99\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "Last-Event-ID: 4\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n"
    "Sec-WebSocket-Protocol: tenon.v1+json\r\n",
    "\r\n",
    "2\r\n{}\r\n0\r\n\r\n",
    "{}",
    "{\"operations\":[{\"op\":\"put\",\"key\":\"a\",\"value\":",
    "\"v\"}]}",
    "{\"operations\":[{\"op\":\"scan\",\"prefix\":\"\"}],\"compares\":[",
    "]}"};

std::string text_of(fuzz::Input& input) {
  if (input.below(2) == 0) {
    input.below(256);  // how it is divided comes from elsewhere then
    return std::string(input.rest());
  }
  std::string text;
  while (!input.empty() && text.size() < 8192) text += kPieces.at(input.below(kPieces.size()));
  return text;
}

struct ReadText {
  std::optional<Request> request;
  std::size_t taken = 0;

  // When a reader finds that something is no good depends on how much of it is there.
  bool operator==(const ReadText& other) const {
    if (!request || !other.request) return !request && !other.request;
    return taken == other.taken && request->method == other.request->method &&
           request->target == other.request->target && request->body == other.request->body &&
           request->fields.size() == other.request->fields.size();
  }
};

// As a session does: what is not taken is given again with more behind it.
ReadText read(std::string_view text, std::size_t step) {
  RequestReader reader(kLimits);
  ReadText found;
  for (std::size_t end = 0; end < text.size() && !reader.complete() && !reader.refused();) {
    end = std::min(text.size(), end + step);
    const std::size_t count = reader.take(text.substr(found.taken, end - found.taken));
    found.taken += count;
    TENON_CHECK(found.taken <= end);
    TENON_CHECK(reader.request().body.size() <= kLimits.body_bytes_max);
  }
  if (!reader.refused() && reader.complete()) found.request = reader.release();
  return found;
}

struct OneClient final : api_http::Client {
  void answer(std::uint64_t, const Response& response, const Request&, std::string_view) override {
    TENON_CHECK(answers++ == 0);
    TENON_CHECK(std::count(std::begin(api_http::kStatuses), std::end(api_http::kStatuses), response.status) == 1);
    TENON_CHECK(response.status != 500);
    if (response.content_type != api_http::kJsonType) return;
    boost::system::error_code error;
    boost::json::parse(response.body, error);
    TENON_CHECK(!error);
  }
  bool begin_stream(std::uint64_t, const Response&, const Request&, std::string_view,
                    std::shared_ptr<api_http::StreamSource> brings) override {
    TENON_CHECK(answers++ == 0);
    source = std::move(brings);
    return true;
  }
  void stream(std::string_view bytes) override { TENON_CHECK(source != nullptr && !bytes.empty()); }
  void end_stream() override { source = nullptr; }
  std::optional<api_http::Connection> give_away(std::uint64_t, const Request&, std::string_view) override {
    return std::nullopt;
  }

  int answers = 0;
  std::shared_ptr<api_http::StreamSource> source;  // null: no body is brought
};

// Brings a change to each watch, and then lets its client go.
void run_watches(fuzz::HttpHarness& harness, OneClient& client) {
  testing::ScriptedCompletion change;
  change.flags = TENON_COMPLETION_MORE;
  change.results = {{.records = {{.key = "k", .value = "v"}}}};
  for (const testing::ScriptedRequest& one : harness.node.wait_for_requests(0)) {
    if (one.operations.empty() || one.operations.front().kind != TENON_WATCH) continue;
    TENON_CHECK(harness.node.complete_if_open(one.id, change));
  }
  harness.submissions.poll();
  if (client.source == nullptr) return;
  client.source->on_sent();
  client.source->on_silence();
  std::exchange(client.source, nullptr)->on_gone();
  harness.submissions.poll();
}

void run(fuzz::Input input) {
  const std::string text = text_of(input);
  ReadText whole = read(text, text.size() + 1);
  TENON_CHECK(whole == read(text, 1));
  TENON_CHECK(whole == read(text, 7));
  if (!whole.request) return;
  fuzz::HttpHarness harness;
  const auto client = std::make_shared<OneClient>();
  serve(harness.service,
        std::make_shared<api_http::Exchange>(client, 0, *std::exchange(whole.request, std::nullopt), "id"));
  for (int round = 0; round < 3; ++round) {
    harness.submissions.submit();
    harness.telling.submit();
    harness.submissions.poll();
    harness.telling.poll();
  }
  run_watches(harness, *client);
  TENON_CHECK(client->answers == 1);
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
