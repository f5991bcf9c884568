// SPDX-License-Identifier: MIT
// SUBSCRIBE, PUBLISH and what belongs to them.
#include "client.hpp"
#include "command_groups.hpp"
#include "glob.hpp"
#include "replies.hpp"
#include "service.hpp"
#include "subcommand.hpp"

namespace tenon::api_resp {

namespace {

std::int64_t count_of(const Client& client) {
  return static_cast<std::int64_t>(client.state().channels.size() + client.state().patterns.size());
}

void acknowledge(const Execution& execution, std::string_view kind, std::string_view name) {
  execution.reply.push(3);
  execution.reply.bulk(kind);
  execution.reply.bulk(name);
  execution.reply.integer(count_of(execution.client));
}

using Change = bool (Subscriptions::*)(Client&, std::string_view);

// What can be listened to: its size, and what is said of more.
struct Name {
  std::size_t bytes_max;
  std::string_view too_long;
};
// The node sends no message in a channel with a longer name.
constexpr Name kChannel = {std::size_t{64} * 1024, "ERR a channel has at most 65536 bytes"};
constexpr Name kPattern = {kPatternBytesMax, kPatternTooLong};

void subscribe_to(const Execution& execution, Change change, std::string_view kind, const Name& allowed) {
  Subscriptions& subscriptions = execution.service.subscriptions();
  const std::uint64_t most = execution.service.settings().subscriptions_max;
  for (const std::string_view name : execution.arguments.subspan(1)) {
    if (static_cast<std::uint64_t>(count_of(execution.client)) >= most) {
      return execution.reply.error("ERR a client may listen to subscriptions_max channels and patterns at most");
    }
    if (name.size() > allowed.bytes_max) return execution.reply.error(allowed.too_long);
    (subscriptions.*change)(execution.client, name);
    acknowledge(execution, kind, name);
  }
}

void subscribe(const Execution& execution) {
  subscribe_to(execution, &Subscriptions::add_channel, "subscribe", kChannel);
}
void psubscribe(const Execution& execution) {
  subscribe_to(execution, &Subscriptions::add_pattern, "psubscribe", kPattern);
}

// From those that are named, or from all.
void unsubscribe_from(const Execution& execution, const std::set<std::string, std::less<>>& own, Change change,
                      std::string_view kind) {
  const Arguments named = execution.arguments.subspan(1);
  std::vector<std::string> names(named.begin(), named.end());
  if (names.empty()) names.assign(own.begin(), own.end());
  for (const std::string& name : names) {
    (execution.service.subscriptions().*change)(execution.client, name);
    acknowledge(execution, kind, name);
  }
  if (!names.empty()) return;
  execution.reply.push(3);
  execution.reply.bulk(kind);
  execution.reply.null();
  execution.reply.integer(count_of(execution.client));
}

void unsubscribe(const Execution& execution) {
  unsubscribe_from(execution, execution.client.state().channels, &Subscriptions::remove_channel, "unsubscribe");
}
void punsubscribe(const Execution& execution) {
  unsubscribe_from(execution, execution.client.state().patterns, &Subscriptions::remove_pattern, "punsubscribe");
}

// What the client has noted is how many clients of this node it is for.
void reply_receivers(ReplyWriter& writer, const Answer& answer) { writer.integer(answer.first); }

Planned plan_publish(Arguments words, Plan& plan) {
  plan.add(TENON_PUBLISH, words[1]).value = plan.keep(words[2]);
  return plan.answer_by(reply_receivers);
}

void pubsub_channels(const Execution& execution) {
  const std::string_view pattern = execution.arguments.size() > 2 ? execution.arguments[2] : "*";
  if (pattern.size() > kPatternBytesMax) return execution.reply.error(kPatternTooLong);
  std::vector<std::string_view> found;
  for (const auto& [channel, clients] : execution.service.subscriptions().channels()) {
    if (matches(pattern, channel)) found.push_back(channel);
  }
  execution.reply.array(found.size());
  for (const std::string_view channel : found) execution.reply.bulk(channel);
}

void pubsub_numsub(const Execution& execution) {
  const Arguments names = execution.arguments.subspan(2);
  execution.reply.array(2 * names.size());
  for (const std::string_view name : names) {
    const Subscriptions::Listeners& channels = execution.service.subscriptions().channels();
    const auto found = channels.find(name);
    execution.reply.bulk(name);
    execution.reply.integer(found == channels.end() ? 0 : static_cast<std::int64_t>(found->second.size()));
  }
}

void pubsub_numpat(const Execution& execution) {
  execution.reply.integer(static_cast<std::int64_t>(execution.service.subscriptions().patterns().size()));
}

constexpr Subcommand kPubsubSubcommands[] = {
    {"channels", -2, pubsub_channels},
    {"numpat", 2, pubsub_numpat},
    {"numsub", -2, pubsub_numsub},
};

void pubsub(const Execution& execution) { run_subcommand("pubsub", kPubsubSubcommands, execution); }

constexpr std::uint32_t kListens =
    kPubSub | kNoScript | kLoading | kStale | kAlone | kInSubscription | kNotInTransaction;

constexpr Command immediate(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                            std::string_view summary, ImmediateFunction function) {
  return {name, arity, flags, 0, 0, 0, Group::kPubSub, since, summary, nullptr, nullptr, function, nullptr};
}

constexpr Command kCommands[] = {
    immediate("psubscribe", -2, kListens, "2.0.0", "Listens to channels that match patterns", psubscribe),
    {"publish", 3, kPubSub | kLoading | kStale | kFast, 0, 0, 0, Group::kPubSub, "2.0.0",
     "Says something to whoever listens to a channel, on every node", plan_publish, nullptr, nullptr, nullptr, true},
    immediate("pubsub", -2, kPubSub | kLoading | kStale | kContainer, "2.8.0", "Who listens on this node", pubsub),
    immediate("punsubscribe", -1, kListens, "2.0.0", "Listens to patterns no more", punsubscribe),
    immediate("subscribe", -2, kListens, "2.0.0", "Listens to channels", subscribe),
    immediate("unsubscribe", -1, kListens, "2.0.0", "Listens to channels no more", unsubscribe),
};

}  // namespace

std::span<const Command> message_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
