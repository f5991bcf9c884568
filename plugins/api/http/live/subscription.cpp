// SPDX-License-Identifier: MIT
#include "subscription.hpp"

#include "change_json.hpp"
#include "json_text.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

// Changes on loan to one watch: what is not yet sent is at most so much.
constexpr std::uint64_t kRecordsMax = 256;

}  // namespace

void LiveConnection::Subscription::send(std::string_view method, const std::string& more) {
  owner_->output_.send(notification(method, "{\"subscription\":\"" + std::to_string(id_) + "\"" + more + "}"));
}

std::string LiveConnection::Subscription::member(std::string_view name, std::uint64_t number) {
  return ",\"" + std::string(name) + "\":\"" + std::to_string(number) + "\"";
}

void LiveConnection::Subscription::finish(const tenon_completion& completion) {
  const Failure failure = failure_of(completion, completion.error);
  send("ended", ",\"error\":{\"code\":" + quoted(failure.code) + ",\"message\":" + quoted(failure.message) + "}");
  owner_->remove(id_);
}

void LiveConnection::Subscription::send_lagged(std::uint64_t from, std::uint64_t to, std::string_view unit) {
  send("lagged", member("from", from) + member("to", to) + ",\"unit\":" + quoted(unit));
}

Feed& LiveConnection::FeedSubscription::feed() const {
  NodeFeeds& feeds = owner()->environment_.feeds;
  switch (kind_) {
    case Kind::kCluster:
      return feeds.cluster();
    case Kind::kMetrics:
      return feeds.metrics();
    case Kind::kPlugins:
      return feeds.plugins();
    case Kind::kSlow:
      return feeds.slow();
    default:
      return feeds.events();
  }
}

void LiveConnection::FeedSubscription::begin() {
  if (!is_history()) return send_now();
  if (!resume_) {
    for (const FeedEvent& event : feed().behind(0)) send_event(event.sequence, *event.json);
    return;
  }
  // A sequence that this node has not reached is that of another, or of the process before.
  last_sent_ = feed().last_sequence();
  if (*resume_ > last_sent_) return send_lagged(*resume_ + 1, last_sent_, "sequence");
  send_behind(*resume_);
}

void LiveConnection::FeedSubscription::on_event(const FeedEvent& event) {
  if (owner() == nullptr || event.sequence <= last_sent_) return;
  if (!left_out_from_ && !owner()->is_full()) return send_event(event.sequence, *event.json);
  if (!left_out_from_) left_out_from_ = event.sequence;
  left_out_to_ = event.sequence;
  owner()->environment_.left_out.record(1);
}

void LiveConnection::FeedSubscription::on_sent() {
  if (!left_out_from_) return;
  const std::uint64_t from = *left_out_from_;
  left_out_from_.reset();
  send_lagged(from, left_out_to_, "sequence");
  if (!is_history()) return send_now();
  send_behind(from - 1);
}

void LiveConnection::FeedSubscription::send_event(std::uint64_t sequence, const std::string& json) {
  last_sent_ = sequence;
  send("event", member("sequence", sequence) + ",\"data\":" + json);
}

void LiveConnection::FeedSubscription::send_behind(std::uint64_t sequence) {
  const std::vector<FeedEvent> events = feed().behind(sequence);
  if (!events.empty() && events.front().sequence > sequence + 1) {
    send_lagged(sequence + 1, events.front().sequence - 1, "sequence");
  }
  for (const FeedEvent& event : events) send_event(event.sequence, *event.json);
}

void LiveConnection::FeedSubscription::send_now() {
  const NodeFeeds& feeds = owner()->environment_.feeds;
  const std::string now = kind_ == Kind::kCluster   ? feeds.cluster_now()
                          : kind_ == Kind::kPlugins ? feeds.plugins_now()
                                                    : feeds.metrics_now();
  if (!now.empty()) send_event(feed().last_sequence(), now);
}

void LiveConnection::WatchSubscription::begin() {
  submissions_ = &owner()->environment_.submissions;
  net::RequestBatch& batch = submissions_->batch();
  const auto operations = batch.make<tenon_operation>(1);
  operations[0] = operation(TENON_WATCH, {});
  operations[0].key = batch.keep(prefix_);
  operations[0].flags = TENON_RANGE_PREFIX;
  if (with_previous_) operations[0].flags |= TENON_WITH_PREVIOUS;
  operations[0].limit = kRecordsMax;
  operations[0].revision = next_revision_;
  tenon_request asked = request(0, operations);
  // What comes from a revision on is the same on every node, however far it is.
  if (next_revision_ != 0) asked.consistency = TENON_READ_STALE;
  request_ = submissions_->add(
      asked, [self = shared_from_this()](Completion completion) { self->take(std::move(completion)); });
}

void LiveConnection::WatchSubscription::end() {
  Subscription::end();
  unsent_.clear();
  if (submissions_ != nullptr) submissions_->cancel(request_);
}

void LiveConnection::WatchSubscription::take(Completion completion) {
  if (owner() == nullptr) return;
  if ((completion->flags & TENON_COMPLETION_MORE) == 0) return take_end(*completion);
  next_revision_ = completion->revision + 1;
  const bool has_changes = completion->result_count != 0 && completion->results[0].record_count != 0;
  if (!has_changes && is_told_where_it_begins_) return;
  is_told_where_it_begins_ = true;
  send("event", member("sequence", ++sequence_) + member("revision", completion->revision) +
                    ",\"data\":{\"changes\":" + changes_json(*completion, with_value_) + "}");
  unsent_.push_back(std::move(completion));  // which holds the node back until it is sent
}

void LiveConnection::WatchSubscription::take_end(const tenon_completion& completion) {
  const bool is_behind = completion.outcome == TENON_OUTCOME_REFUSED && completion.error == TENON_ERROR_COMPACTED;
  if (is_behind) {
    send_lagged(next_revision_, completion.revision == 0 ? 0 : completion.revision - 1, "revision");
    next_revision_ = 0;
    is_told_where_it_begins_ = false;
    return begin();
  }
  submissions_ = nullptr;
  finish(completion);
}

}  // namespace tenon::api_http
