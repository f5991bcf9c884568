// SPDX-License-Identifier: MIT
// A watch as Server-Sent Events. Each change is an event whose name says what happened and whose data is the record;
// the last of a revision has the revision as its id, so that a client that comes again with Last-Event-ID misses
// nothing.
#include <charconv>
#include <vector>

#include "asking.hpp"
#include "change_json.hpp"
#include "handlers.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kEventsType = "text/event-stream";
// Changes on loan to one watch: what is not yet sent is at most so much.
constexpr std::uint64_t kRecordsMax = 256;
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

// Lives until its final completion has come.
class EventStream final : public StreamSource, public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(Service& service, std::shared_ptr<Exchange> exchange)
      : submissions_(service.submissions), exchange_(std::move(exchange)) {}

  void begin(const tenon_request& request) {
    request_ = submissions_.add(
        request, [self = shared_from_this()](Completion completion) { self->take(std::move(completion)); });
  }

  void on_sent() override { unsent_.clear(); }
  void on_silence() override { client_->stream(":\n\n"); }
  void on_gone() override {
    client_ = nullptr;
    unsent_.clear();
    submissions_.cancel(request_);
  }

 private:
  void take(Completion completion) {
    const bool is_final = (completion->flags & TENON_COMPLETION_MORE) == 0;
    if (exchange_ != nullptr) {
      if (is_final) return refuse_watch(*completion);
      start();
    }
    if (client_ == nullptr) return;
    if (is_final) return finish(*completion);
    client_->stream(events_of(*completion));
    unsent_.push_back(std::move(completion));  // which holds the node back until it is sent
  }

  void start() {
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    client_ = exchange->begin_stream({200, kEventsType, {}, {}}, shared_from_this());
    if (client_ != nullptr) return;
    exchange->fail({409, "pipelined_watch", "a watch has to be the only unanswered request of its connection"});
    submissions_.cancel(request_);
  }

  void refuse_watch(const tenon_completion& completion) {
    const std::shared_ptr<Exchange> exchange = std::move(exchange_);
    exchange->fail(failure_or_redirect(completion, completion.error, exchange->request().target));
  }

  void finish(const tenon_completion& completion) {
    const std::shared_ptr<Client> client = std::move(client_);
    const Failure failure = failure_of(completion, completion.error);
    std::string text = response_of(failure, {}).body;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    client->stream("event: end\ndata: " + text + "\n\n");
    client->end_stream();
    unsent_.clear();
  }

  net::Submissions& submissions_;
  std::shared_ptr<Exchange> exchange_;  // null: answered
  std::shared_ptr<Client> client_;      // null: not begun, or gone
  std::vector<Completion> unsent_;
  std::uint64_t request_ = 0;
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
  net::RequestBatch& batch = service.submissions.batch();
  tenon_operation watch = operation(TENON_WATCH, {});
  const std::string* prefix = exchange->parameter("prefix");
  const std::string* key = exchange->parameter("key");
  if (prefix != nullptr && key != nullptr) refuse("a watch has both a prefix and a key; expected at most one");
  const std::string* bytes = key != nullptr ? key : prefix;
  if (bytes != nullptr) watch.key = batch.keep(*bytes);
  watch.flags |= key != nullptr ? TENON_RANGE_ONE : TENON_RANGE_PREFIX;
  if (flag_of(*exchange, "return_previous", false)) watch.flags |= TENON_WITH_PREVIOUS;
  watch.limit = kRecordsMax;
  watch.revision = first_revision(*exchange);
  tenon_request asked = request(0, operations_of(service, watch));
  // What comes from a revision on is the same on every node, however far it is.
  if (watch.revision != 0) asked.consistency = TENON_READ_STALE;
  asked.timeout_ms = milliseconds_of(*exchange, "timeout").value_or(0);
  std::make_shared<EventStream>(service, exchange)->begin(asked);
}

}  // namespace tenon::api_http
