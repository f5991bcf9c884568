// SPDX-License-Identifier: MIT
// Commands on the connection itself.
#include "client.hpp"
#include "command_groups.hpp"
#include "number.hpp"
#include "server_identity.hpp"
#include "service.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::string_view kNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration "
    "is correct?";
constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

void ping(const Execution& execution) {
  const Arguments words = execution.arguments;
  if (words.size() > 2) return execution.reply.error("ERR wrong number of arguments for 'ping' command");
  const ClientState& state = execution.client.state();
  if (state.protocol < 3 && state.is_subscribed()) {
    execution.reply.array(2);
    execution.reply.bulk("pong");
    return execution.reply.bulk(words.size() == 2 ? words[1] : std::string_view());
  }
  if (words.size() == 2) return execution.reply.bulk(words[1]);
  execution.reply.simple("PONG");
}

void echo(const Execution& execution) { execution.reply.bulk(execution.arguments[1]); }

void quit(const Execution& execution) {
  execution.reply.ok();
  execution.client.close_after_reply(net::CloseReason::kPeer);
}

void select(const Execution& execution) {
  const std::optional<std::int64_t> database = parse_integer(execution.arguments[1]);
  if (!database) return execution.reply.error("ERR value is not an integer or out of range");
  if (*database != 0 && execution.service.settings().redirect == Redirect::kMoved) {
    return execution.reply.error("ERR SELECT is not allowed in cluster mode");
  }
  if (*database != 0) return execution.reply.error("ERR DB index is out of range");
  execution.reply.ok();
}

// There are no users and no passwords: the user `default` is let in with any, as Redis does it.
std::string_view authentication_error(std::string_view user) noexcept {
  return user == "default" ? std::string_view() : kWrongPassword;
}

void auth(const Execution& execution) {
  const Arguments words = execution.arguments;
  if (words.size() > 3) return execution.reply.error("ERR syntax error");
  if (words.size() == 2) return execution.reply.error(kNoPassword);
  const std::string_view error = authentication_error(words[1]);
  if (!error.empty()) return execution.reply.error(error);
  execution.reply.ok();
}

void reset(const Execution& execution) {
  ClientState& state = execution.client.state();
  execution.service.subscriptions().remove_all(execution.client);
  state.transaction = {};
  state.forget_watched();
  state.name.clear();
  state.reply_mode = ReplyMode::kOn;
  state.is_read_only = false;
  state.protocol = kOldestProtocol;
  execution.reply.set_protocol(kOldestProtocol);
  execution.reply.simple("RESET");
}

struct HelloWords {
  std::string error;
  int protocol = 0;
  std::optional<std::string_view> name;
};

HelloWords parse_hello(const Execution& execution) {
  const Arguments words = execution.arguments;
  HelloWords hello;
  hello.protocol = execution.client.state().protocol;
  if (words.size() < 2) return hello;
  const std::optional<std::int64_t> version = parse_integer(words[1]);
  if (!version) {
    hello.error = "ERR Protocol version is not an integer or out of range";
    return hello;
  }
  if (*version < kOldestProtocol || *version > kNewestProtocol) {
    hello.error = "NOPROTO unsupported protocol version";
    return hello;
  }
  hello.protocol = static_cast<int>(*version);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t more = words.size() - 1 - i;
    if (equals(words[i], "auth") && more >= 2) {
      hello.error = authentication_error(words[i + 1]);
      i += 2;
    } else if (equals(words[i], "setname") && more >= 1) {
      hello.name = words[++i];
      if (!is_client_name(*hello.name)) hello.error = kBadClientName;
    } else {
      hello.error = "ERR Syntax error in HELLO option '" + std::string(words[i]) + "'";
    }
    if (!hello.error.empty()) return hello;
  }
  return hello;
}

void hello(const Execution& execution) {
  const HelloWords wanted = parse_hello(execution);
  if (!wanted.error.empty()) return execution.reply.error(wanted.error);
  ClientState& state = execution.client.state();
  if (wanted.name) state.name = *wanted.name;
  state.protocol = wanted.protocol;
  ReplyWriter& reply = execution.reply;
  reply.set_protocol(state.protocol);
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(state.protocol);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(state.id));
  reply.bulk("mode");
  reply.bulk(execution.service.settings().redirect == Redirect::kMoved ? "cluster" : "standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

constexpr std::uint32_t kAnytime = kNoScript | kLoading | kStale | kFast;

constexpr Command immediate(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                            std::string_view summary, ImmediateFunction function) {
  return {name, arity, flags, 0, 0, 0, Group::kConnection, since, summary, nullptr, nullptr, function, nullptr};
}

constexpr Command kCommands[] = {
    immediate("auth", -2, kAnytime | kNoAuthentication | kAllowBusy, "1.0.0", "Answers that there is no password",
              auth),
    immediate("echo", 2, kLoading | kStale | kFast, "1.0.0", "Says what it is told", echo),
    immediate("hello", -1, kAnytime | kNoAuthentication | kAllowBusy | kAlone | kNotInTransaction, "6.0.0",
              "Chooses the version of the protocol", hello),
    immediate("ping", -1, kFast | kInSubscription, "1.0.0", "Says PONG, or what it is told", ping),
    immediate("quit", -1, kAnytime | kNoAuthentication | kAllowBusy | kAlone | kInSubscription | kControlsTransaction,
              "1.0.0", "Ends the connection", quit),
    immediate("reset", 1, kAnytime | kNoAuthentication | kAllowBusy | kAlone | kInSubscription | kControlsTransaction,
              "6.2.0", "Makes the connection as good as new", reset),
    immediate("select", 2, kLoading | kStale | kFast, "1.0.0", "Chooses database 0, the only one", select),
};

}  // namespace

std::span<const Command> connection_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
