// SPDX-License-Identifier: MIT
#include "subscription.hpp"

#include "change_json.hpp"
#include "json_text.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

std::string LiveConnection::Subscription::head(std::string_view method) const {
  std::string text = notification_head(method);
  text.append("{\"subscription\":\"").append(std::to_string(id_)).append("\"");
  return text;
}

void LiveConnection::Subscription::send(std::string_view method, std::string_view more) {
  std::string text = head(method);
  text.append(more).append("}}");
  owner_->output_.send({std::move(text)});
}

void LiveConnection::Subscription::send_event(std::shared_ptr<const std::string> tail) {
  owner_->output_.send({head("event"), std::move(tail)});
}

std::string LiveConnection::Subscription::member(std::string_view name, std::uint64_t number) {
  return ",\"" + std::string(name) + "\":\"" + std::to_string(number) + "\"";
}

void LiveConnection::Subscription::finish(const tenon_completion& completion) {
  const Failure failure = failure_of(completion, completion.error);
  std::string error = "{\"code\":" + quoted(failure.code) + ",\"message\":" + quoted(failure.message);
  if (failure.limit) error += ",\"limit\":" + limit_json(*failure.limit);
  send("ended", ",\"error\":" + error + "}");
  owner_->remove(id_);
}

void LiveConnection::Subscription::send_lagged(std::string_view unit) { send("lagged", ",\"unit\":" + quoted(unit)); }

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
  if (!seen_) return send_all();
  // A sequence that this process has not reached is that of the one before, or of another node.
  const bool is_of_this_run = seen_->run.value_or(owner()->environment_.run) == owner()->environment_.run;
  if (is_of_this_run && seen_->sequence <= feed().last_sequence()) return send_behind(seen_->sequence);
  send_lagged("sequence");
  send_all();
}

void LiveConnection::FeedSubscription::send_all() {
  const std::vector<FeedEvent> events = feed().behind(0);
  send_behind(events.empty() ? feed().last_sequence() : events.front().sequence - 1);
}

void LiveConnection::FeedSubscription::on_event(const FeedEvent& event) {
  if (owner() == nullptr || event.sequence <= last_sent_) return;
  if (!left_out_from_ && !owner()->is_full()) {
    const bool has_gap = is_history() && last_sent_ != 0 && event.sequence > last_sent_ + 1;
    if (has_gap) send_lagged(last_sent_ + 1, event.sequence - 1, "sequence");
    return send_event(event);
  }
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

void LiveConnection::FeedSubscription::send_event(const FeedEvent& event) {
  last_sent_ = event.sequence;
  Subscription::send_event(event.tail);
}

void LiveConnection::FeedSubscription::send_behind(std::uint64_t sequence) {
  last_sent_ = sequence;
  for (const FeedEvent& event : feed().behind(sequence)) {
    if (event.sequence > last_sent_ + 1) send_lagged(last_sent_ + 1, event.sequence - 1, "sequence");
    send_event(event);
  }
}

void LiveConnection::FeedSubscription::send_now() {
  const NodeFeeds& feeds = owner()->environment_.feeds;
  const std::string now = kind_ == Kind::kCluster   ? feeds.cluster_now()
                          : kind_ == Kind::kPlugins ? feeds.plugins_now()
                                                    : feeds.metrics_now();
  if (now.empty()) return;
  const std::uint64_t sequence = feed().last_sequence();
  send_event({sequence, std::make_shared<const std::string>(event_tail(sequence, now))});
}

LiveConnection::WatchSubscription::WatchSubscription(LiveConnection& owner, std::uint64_t id, WatchedKeys keys,
                                                     WithValue with_value)
    : Subscription(owner, id), KeyWatch(owner.environment_.submissions, std::move(keys)), with_value_(with_value) {}

void LiveConnection::WatchSubscription::end() {
  Subscription::end();
  end_watch();
}

void LiveConnection::WatchSubscription::on_changes(const tenon_completion& completion) {
  const bool has_changes = completion.result_count != 0 && completion.results[0].record_count != 0;
  if (!has_changes && is_told_where_it_begins_) return;
  is_told_where_it_begins_ = true;
  send("event", member("sequence", ++sequence_) + member("revision", completion.revision) +
                    ",\"data\":{\"changes\":" + changes_json(completion, with_value_) + "}");
  if (owner()->is_full()) pause_watch();
}

void LiveConnection::WatchSubscription::on_watch_ended(const tenon_completion& completion) {
  const bool is_behind = completion.outcome == TENON_OUTCOME_REFUSED && completion.error == TENON_ERROR_COMPACTED;
  if (!is_behind || completion.revision <= next_revision()) return finish(completion);
  send_lagged(next_revision(), completion.revision - 1, "revision");
  is_told_where_it_begins_ = false;
  start_watch(completion.revision);
}

}  // namespace tenon::api_http
