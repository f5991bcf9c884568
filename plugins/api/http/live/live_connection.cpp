// SPDX-License-Identifier: MIT
#include "live_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "channel_subscription.hpp"
#include "json_input.hpp"
#include "json_text.hpp"
#include "subscription.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kKeysTopic = "kv:";
constexpr std::string_view kSequence = "sequence";
constexpr std::uint64_t kSeenMax = std::uint64_t{1} << 62;  // so that the next can be counted to
constexpr std::string_view kChannelsTopic = "pubsub:";
constexpr std::string_view kTopics =
    "cluster, metrics, events, slow, plugins, kv:PREFIX or pubsub:CHANNEL, or with a star behind it";

[[noreturn]] void refuse_parameters(const std::string& message, const std::string& word = "invalid") {
  throw RpcRefused{{kInvalidParameters, message, word}};
}

struct Resume {
  std::uint64_t number;
  std::optional<std::string> run;
};

// What {"resume": {NAME: number, "run": run}} says; of a resume by revision there is no run.
std::optional<Resume> resume_of(const JsonInput& parameters, std::string_view name) {
  const boost::json::value* resume = parameters.find("resume");
  if (resume == nullptr) return std::nullopt;
  if (!resume->is_object()) parameters.refuse_member("resume", "an object");
  const JsonInput input(resume->get_object(), "resume");
  const bool has_run = name == kSequence;
  if (has_run) input.require_only({name, "run"});
  if (!has_run) input.require_only({name});
  const std::optional<std::uint64_t> number = input.number(name);
  if (!number || *number > kSeenMax) input.refuse_member(name, "one that came with an event");
  return Resume{*number, has_run ? input.text("run") : std::nullopt};
}

}  // namespace

LiveConnection::LiveConnection(LiveEnvironment& environment, LiveOutput& output)
    : environment_(environment), output_(output) {}

LiveConnection::~LiveConnection() {
  // Each end may complete requests of the others.
  const auto all = std::exchange(subscriptions_, {});
  for (const auto& [id, one] : all) one->end();
  count_subscriptions(all.size());
}

void LiveConnection::count_subscriptions(std::uint64_t before) {
  environment_.open_subscriptions += subscriptions_.size();
  environment_.open_subscriptions -= before;
  environment_.subscriptions.record(static_cast<double>(environment_.open_subscriptions));
}

void LiveConnection::take(std::string_view message) {
  const auto count_error = [this](const RpcError& error) {
    const auto found = environment_.errors.find(error.code);
    if (found != environment_.errors.end()) found->second.record(1);
  };
  std::string reply = answer_rpc(
      message, environment_.limits.rpc, [this](const RpcCall& call) { return answer(call); }, count_error);
  if (!reply.empty()) output_.send({std::move(reply)});
  for (const std::shared_ptr<Subscription>& one : std::exchange(beginning_, {})) one->begin();
}

void LiveConnection::on_sent() {
  // One of them may end while it is told.
  std::vector<std::shared_ptr<Subscription>> all;
  for (const auto& [id, one] : subscriptions_) all.push_back(one);
  for (const std::shared_ptr<Subscription>& one : all) one->on_sent();
}

std::string LiveConnection::answer(const RpcCall& call) {
  if (call.method == "subscribe") return subscribe(call);
  if (call.method == "unsubscribe") return unsubscribe(call);
  if (call.method == "ping") return "{}";
  if (call.method == "hello") {
    std::string text;
    JsonObject object(text);
    object.text("protocol", "tenon.v1");
    object.text("node_id", environment_.node_id);
    object.text("cluster_id", environment_.cluster_id);
    object.text("run", environment_.run);
    object.flag("dashboard_writes", environment_.dashboard_writes);
    object.end();
    return text;
  }
  throw RpcRefused{{kMethodNotFound, "there are hello, ping, subscribe and unsubscribe"}};
}

std::string LiveConnection::subscribe(const RpcCall& call) {
  const JsonInput parameters(call.parameters);
  parameters.require_only({"topic", "prefix_base64", "resume", "return_previous", "keys"});
  const std::optional<std::string> topic = parameters.text("topic");
  if (!topic) refuse_parameters("topic is missing; expected " + std::string(kTopics));
  if (subscriptions_.size() >= environment_.limits.subscriptions_max) {
    throw RpcRefused{{kRefused,
                      "there are as many subscriptions as there may be, " +
                          std::to_string(environment_.limits.subscriptions_max) + " (subscriptions_max)",
                      "too_many_subscriptions", Limit{"subscriptions_max", environment_.limits.subscriptions_max}}};
  }
  const std::uint64_t id = last_id_ + 1;
  std::shared_ptr<Subscription> made = make(id, *topic, parameters);
  last_id_ = id;
  const std::uint64_t before = subscriptions_.size();
  subscriptions_.emplace(id, made);
  count_subscriptions(before);
  beginning_.push_back(std::move(made));
  std::string text;
  JsonObject object(text);
  object.big("subscription", id);
  object.end();
  return text;
}

std::shared_ptr<LiveConnection::Subscription> LiveConnection::make(std::uint64_t id, const std::string& topic,
                                                                   const JsonInput& parameters) {
  using Kind = FeedSubscription::Kind;
  constexpr std::array<std::pair<std::string_view, Kind>, 5> kFeeds{{{"cluster", Kind::kCluster},
                                                                     {"metrics", Kind::kMetrics},
                                                                     {"events", Kind::kEvents},
                                                                     {"slow", Kind::kSlow},
                                                                     {"plugins", Kind::kPlugins}}};
  if (topic.starts_with(kKeysTopic)) {
    std::string prefix = parameters.bytes("prefix").value_or("") + topic.substr(kKeysTopic.size());
    const std::optional<Resume> seen = resume_of(parameters, "revision");
    WatchedKeys keys{std::move(prefix), TENON_RANGE_PREFIX, seen ? seen->number + 1 : 0, 0};
    if (parameters.flag("return_previous")) keys.flags |= TENON_WITH_PREVIOUS;
    return std::make_shared<WatchSubscription>(*this, id, std::move(keys),
                                               parameters.flag("keys") ? WithValue::kNo : WithValue::kYes);
  }
  if (topic.starts_with(kChannelsTopic)) {
    const std::string pattern = topic.substr(kChannelsTopic.size());
    if (pattern.empty()) refuse_parameters("a channel is missing; expected pubsub:CHANNEL, or pubsub:* for all");
    return std::make_shared<ChannelSubscription>(*this, id, pattern);
  }
  const auto found = std::find_if(kFeeds.begin(), kFeeds.end(), [&](const auto& feed) { return feed.first == topic; });
  if (found == kFeeds.end()) {
    refuse_parameters("topic is not known here; expected " + std::string(kTopics), "unknown_topic");
  }
  std::optional<FeedSubscription::Seen> seen;
  if (const auto resume = resume_of(parameters, kSequence)) seen = {resume->number, resume->run};
  auto made = std::make_shared<FeedSubscription>(*this, id, found->second, std::move(seen));
  made->feed().listen(made);
  environment_.feeds.wake();
  return made;
}

std::string LiveConnection::unsubscribe(const RpcCall& call) {
  const JsonInput parameters(call.parameters);
  parameters.require_only({"subscription"});
  const std::uint64_t id = parameters.number("subscription").value_or(0);
  if (!subscriptions_.contains(id)) refuse_parameters("there is no such subscription", "not_found");
  remove(id);
  return "{}";
}

void LiveConnection::remove(std::uint64_t id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  const std::shared_ptr<Subscription> one = found->second;
  const std::uint64_t before = subscriptions_.size();
  subscriptions_.erase(found);
  std::erase(beginning_, one);
  one->end();
  count_subscriptions(before);
}

}  // namespace tenon::api_http
