// SPDX-License-Identifier: MIT
#include "feed.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "cluster_json.hpp"
#include "json_text.hpp"
#include "response.hpp"

namespace tenon::api_http {

namespace {

constexpr std::chrono::milliseconds kIntervalMin{1000};
constexpr std::chrono::milliseconds kIntervalMax{5000};
constexpr std::chrono::milliseconds kIntervalOfEach{10};
constexpr std::string_view kRequestBuckets = "tenon_request_duration_seconds_bucket{";

std::string number_text(double number) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

// The samples of the text format of Prometheus. Buckets of histograms are left out, for they are many, except those of
// how long requests take; a client that wants other quantiles asks /metrics.
std::map<std::string, double, std::less<>> samples_of(std::string_view text) {
  std::map<std::string, double, std::less<>> samples;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, space);
    if (name.find("_bucket{") != name.npos && !name.starts_with(kRequestBuckets)) continue;
    double value = 0;
    const std::string_view digits = line.substr(space + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc() && std::isfinite(value)) samples.emplace(name, value);
  }
  return samples;
}

// Series that are `gone` have the value null.
std::string metrics_json(const std::map<std::string, double, std::less<>>& values, const std::vector<std::string>& gone,
                         bool is_full) {
  std::string text;
  JsonObject object(text);
  object.flag("full", is_full);
  object.name("values");
  text += '{';
  bool is_first = true;
  for (const auto& [name, value] : values) {
    text.append(is_first ? "" : ",").append(quoted(name)).append(":").append(number_text(value));
    is_first = false;
  }
  for (const std::string& name : gone) {
    text.append(is_first ? "" : ",").append(quoted(name)).append(":null");
    is_first = false;
  }
  text += '}';
  object.end();
  return text;
}

}  // namespace

std::chrono::milliseconds feed_interval(std::size_t listeners) noexcept {
  const auto most = static_cast<std::size_t>(kIntervalMax / kIntervalOfEach);
  const auto counted = static_cast<std::chrono::milliseconds::rep>(std::min(listeners, most));
  return std::clamp(counted * kIntervalOfEach, kIntervalMin, kIntervalMax);
}

std::size_t Feed::count_listeners() {
  std::erase_if(listeners_, [](const std::weak_ptr<Listener>& one) { return one.expired(); });
  return listeners_.size();
}

std::string event_tail(std::uint64_t sequence, std::string_view json) {
  std::string tail = ",\"sequence\":\"" + std::to_string(sequence) + "\",\"data\":";
  tail.reserve(tail.size() + json.size() + 2);
  return tail.append(json).append("}}");
}

void Feed::publish(std::uint64_t sequence, std::string_view json) {
  last_sequence_ = sequence;
  events_.push_back({sequence, std::make_shared<const std::string>(event_tail(sequence, json))});
  if (events_.size() > kept_) events_.pop_front();
  const FeedEvent event = events_.back();
  const std::vector<std::weak_ptr<Listener>> listeners = listeners_;
  for (const std::weak_ptr<Listener>& one : listeners) {
    if (const std::shared_ptr<Listener> listener = one.lock()) listener->on_event(event);
  }
}

std::vector<FeedEvent> Feed::behind(std::uint64_t sequence) const {
  std::vector<FeedEvent> found;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
               [&](const FeedEvent& one) { return one.sequence > sequence; });
  return found;
}

NodeFeeds::NodeFeeds(boost::asio::io_context& context, net::Submissions& submissions)
    : submissions_(submissions), timer_(context) {}

void NodeFeeds::wake() {
  if (!is_looking_ && !is_stopped_) look();
}

void NodeFeeds::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

void NodeFeeds::look() {
  is_looking_ = true;
  missing_ = 6;
  ask("status", &NodeFeeds::status_text_);
  ask("members", &NodeFeeds::members_text_);
  ask("metrics", &NodeFeeds::metrics_text_);
  ask("plugins", &NodeFeeds::plugins_text_);
  ask("events", &NodeFeeds::events_text_, std::to_string(events_.last_sequence()));
  ask("slow_operations", &NodeFeeds::slow_text_, std::to_string(slow_.last_sequence()));
  submissions_.submit();
}

void NodeFeeds::ask(std::string_view verb, std::optional<std::string> NodeFeeds::*text, std::string_view argument) {
  (this->*text).reset();
  const auto operations = submissions_.batch().make<tenon_operation>(1);
  operations[0] = admin(verb, view(submissions_.batch().keep(std::string(argument))));
  submissions_.add(request(0, operations), [this, text](Completion completion) {
    const bool is_done = completion->outcome == TENON_OUTCOME_DONE && completion->error == TENON_OK;
    if (is_done && completion->result_count == 1 && completion->results[0].record_count == 1) {
      (this->*text).emplace(view(completion->results[0].records[0].value));
    }
    if (--missing_ != 0 || is_stopped_) return;
    compare();
    wait();
  });
}

void NodeFeeds::wait() {
  // Of these two there is something at nearly each look.
  const std::size_t told = cluster_.count_listeners() + metrics_.count_listeners();
  const std::size_t others = events_.count_listeners() + plugins_.count_listeners() + slow_.count_listeners();
  if (told + others == 0) {
    is_looking_ = false;
    cluster_now_.clear();
    plugins_now_.clear();
    values_.clear();
    return;
  }
  timer_.expires_after(feed_interval(told));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_stopped_) look();
  });
}

void NodeFeeds::compare() {
  const auto publish_changed = [](Feed& feed, std::string& known, std::string now) {
    if (known == now) return;
    known = std::move(now);
    feed.publish(known);
  };
  if (status_text_ && members_text_) {
    publish_changed(cluster_, cluster_now_, cluster_json(*status_text_, *members_text_));
  }
  if (plugins_text_) publish_changed(plugins_, plugins_now_, plugins_json(*plugins_text_));
  if (events_text_) take_events();
  if (slow_text_) take_slow_operations();
  if (metrics_text_) compare_metrics();
}

// Lines of `sequence time_ms kind text`.
void NodeFeeds::take_events() {
  for (std::string_view line : split(*events_text_, '\n')) {
    const auto next_word = [&] {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(word.size() + 1, line.size()));
      return word;
    };
    std::uint64_t sequence = 0;
    const std::string_view number = next_word();
    if (std::from_chars(number.data(), number.data() + number.size(), sequence).ec != std::errc()) continue;
    if (sequence <= events_.last_sequence()) continue;
    std::string text;
    JsonObject object(text);
    object.text("time_ms", next_word());
    object.text("kind", next_word());
    object.text("text", line);
    object.end();
    events_.publish(sequence, text);
  }
}

void NodeFeeds::take_slow_operations() {
  for (const SlowOperationJson& one : slow_operations_json(*slow_text_)) {
    if (one.sequence > slow_.last_sequence()) slow_.publish(one.sequence, one.json);
  }
}

void NodeFeeds::compare_metrics() {
  std::map<std::string, double, std::less<>> now = samples_of(*metrics_text_);
  std::map<std::string, double, std::less<>> changed;
  for (const auto& [name, value] : now) {
    const auto before = values_.find(name);
    if (before == values_.end() || before->second != value) changed.emplace(name, value);
  }
  std::vector<std::string> gone;
  for (const auto& [name, value] : values_) {
    if (!now.contains(name)) gone.push_back(name);
  }
  const bool is_full = values_.empty();
  values_ = std::move(now);
  metrics_.publish(metrics_json(changed, gone, is_full));
}

std::string NodeFeeds::metrics_now() const { return values_.empty() ? std::string() : metrics_json(values_, {}, true); }

}  // namespace tenon::api_http
