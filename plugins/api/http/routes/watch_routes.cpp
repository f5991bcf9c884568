// SPDX-License-Identifier: MIT
// A watch as Server-Sent Events. Each change is an event whose name says what happened and whose data is the record;
// the last of a revision has the revision as its id, so that a client that comes again with Last-Event-ID misses
// nothing.
#include <algorithm>
#include <charconv>

#include "asking.hpp"
#include "change_json.hpp"
#include "handlers.hpp"
#include "key_watch.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kEventsType = "text/event-stream";
// Of one stream. From here on the watch stands still until the client has read it all.
constexpr std::uint64_t kUnsentBytesMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kRevisionMax = std::uint64_t{1} << 62;  // so that the next can be counted to

// What a completion brings, as events.
std::string events_of(const tenon_completion& completion) {
  std::string text;
  for (const tenon_result& result : results(completion)) {
    const std::span<const tenon_record> all = records(result);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const tenon_record& record = all[i];
      const bool has_previous = i + 1 < all.size() && all[i + 1].kind == TENON_RECORD_PREVIOUS;
      text.append("event: ").append(change_name(record)).append("\ndata: ");
      append_change(text, record, has_previous ? &all[i + 1] : nullptr);
      text += '\n';
      if (has_previous) ++i;
      const bool is_last = i + 1 == all.size() || all[i + 1].modified != record.modified;
      if (is_last) text.append("id: ").append(std::to_string(record.modified)).append("\n");
      text += '\n';
    }
  }
  // All up to here has come, though it may have been changes of other keys.
  text.append("event: progress\nid: ").append(std::to_string(completion.revision)).append("\ndata: {\"revision\":\"");
  return text.append(std::to_string(completion.revision)).append("\"}\n\n");
}

// Lives until its final completion has come. While its client does not read it stands still.
class EventStream final : public StreamSource, public KeyWatch {
 public:
  EventStream(Service& service, std::shared_ptr<Exchange> exchange, WatchedKeys keys)
      : KeyWatch(service.submissions, std::move(keys)),
        unsent_bytes_max_(std::min(kUnsentBytesMax, service.settings.connection.output_bytes_max / 2)),
        request_id_(exchange->request_id()),
        exchange_(std::move(exchange)) {}

  void begin() { start_watch(); }
  void on_sent() override {
    unsent_bytes_ = 0;
    resume_watch();
  }
  void on_silence() override { client_->stream(":\n\n"); }
  void on_gone() override {
    client_ = nullptr;
    end_watch();
  }

 private:
  void on_changes(const tenon_completion& completion) override {
    if (exchange_ != nullptr && !start()) return;
    if (client_ == nullptr) return;
    const std::string text = events_of(completion);
    unsent_bytes_ += text.size();
    client_->stream(text);
    if (unsent_bytes_ >= unsent_bytes_max_) pause_watch();
  }

  void on_watch_ended(const tenon_completion& completion) override {
    if (exchange_ != nullptr) {
      const std::shared_ptr<Exchange> exchange = std::move(exchange_);
      return exchange->fail(failure_or_redirect(completion, completion.error, exchange->request().target));
    }
    if (client_ != nullptr) finish(completion);
  }

  bool start() {
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    client_ =
        exchange->begin_stream({200, kEventsType, {}, {}}, std::static_pointer_cast<EventStream>(shared_from_this()));
    if (client_ != nullptr) return true;
    exchange->fail({409, "pipelined_watch", "a watch has to be the only unanswered request of its connection"});
    end_watch();
    return false;
  }

  void finish(const tenon_completion& completion) {
    const std::shared_ptr<Client> client = std::move(client_);
    const Failure failure = failure_of(completion, completion.error);
    std::string text = response_of(failure, request_id_).body;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    client->stream("event: end\ndata: " + text + "\n\n");
    client->end_stream();
  }

  const std::uint64_t unsent_bytes_max_;
  const std::string request_id_;
  std::shared_ptr<Exchange> exchange_;  // null: answered
  std::shared_ptr<Client> client_;      // null: not begun, or gone
  std::uint64_t unsent_bytes_ = 0;      // that were brought since all was sent
};

// Behind what the client has seen.
std::uint64_t first_revision(const Exchange& exchange) {
  if (const auto last = exchange.request().field("last-event-id")) {
    std::uint64_t revision = 0;
    const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), revision);
    if (error != std::errc() || end != last->data() + last->size() || revision > kRevisionMax) {
      refuse("the Last-Event-ID is none that this server gave; expected a revision");
    }
    return revision + 1;
  }
  return number_of(exchange, "from_revision").value_or(0);
}

}  // namespace

void watch_keys(Service& service, const std::shared_ptr<Exchange>& exchange) {
  if (exchange->request().is_head()) refuse("a watch has no HEAD", "method_not_allowed", 405);
  const std::string* prefix = exchange->parameter("prefix");
  const std::string* key = exchange->parameter("key");
  if (prefix != nullptr && key != nullptr) refuse("a watch has both a prefix and a key; expected at most one");
  WatchedKeys keys;
  if (const std::string* bytes = key != nullptr ? key : prefix) keys.key = *bytes;
  keys.flags = key != nullptr ? TENON_RANGE_ONE : TENON_RANGE_PREFIX;
  if (flag_of(*exchange, "return_previous", false)) keys.flags |= TENON_WITH_PREVIOUS;
  keys.revision = first_revision(*exchange);
  keys.timeout_ms = milliseconds_of(*exchange, "timeout").value_or(0);
  std::make_shared<EventStream>(service, exchange, std::move(keys))->begin();
}

}  // namespace tenon::api_http
