// SPDX-License-Identifier: MIT
// CLIENT and its subcommands.
#include "client.hpp"
#include "command_groups.hpp"
#include "number.hpp"
#include "server_identity.hpp"
#include "service.hpp"
#include "subcommand.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::string_view kSyntax = "ERR syntax error";

// As full_name() has told it.
std::string last_command_name(const ClientState& state) {
  if (state.last_command == nullptr) return "NULL";
  const std::string name(state.last_command->name);
  const bool has_subcommand = (state.last_command->flags & kContainer) != 0 && !state.last_subcommand.empty();
  return has_subcommand ? name + "|" + state.last_subcommand : name;
}

std::string line_of(const Client& client) {
  const ClientState& state = client.state();
  const auto seconds_since = [](Service::Clock::time_point then) {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(Service::Clock::now() - then);
    return std::to_string(passed.count());
  };
  const bool is_in_transaction = state.transaction.is_open;
  std::string flags = is_in_transaction ? "x" : "";
  if (state.is_subscribed()) flags += "P";
  if (state.is_read_only) flags += "r";
  const std::string queued = is_in_transaction ? std::to_string(state.transaction.queued.size()) : "-1";
  return "id=" + std::to_string(state.id) + " addr=" + client.channel().peer() + " laddr=" + client.channel().local() +
         " fd=" + std::to_string(client.channel().descriptor()) + " name=" + state.name +
         " age=" + seconds_since(state.connected_at) + " idle=" + seconds_since(state.last_request_at) +
         " flags=" + (flags.empty() ? "N" : flags) + " db=0 sub=" + std::to_string(state.channels.size()) +
         " psub=" + std::to_string(state.patterns.size()) + " ssub=0 multi=" + queued +
         " qbuf=" + std::to_string(client.channel().input_bytes()) +
         " qbuf-free=0 argv-mem=0 multi-mem=" + std::to_string(state.transaction.queued_bytes) +
         " rbs=0 rbp=0 obl=" + std::to_string(client.channel().output_bytes()) +
         " oll=0 omem=0 tot-mem=0 events=r cmd=" + last_command_name(state) +
         " user=default redir=-1 resp=" + std::to_string(state.protocol) + "\n";
}

bool is_client_type(std::string_view word) {
  return equals(word, "normal") || equals(word, "master") || equals(word, "replica") || equals(word, "slave") ||
         equals(word, "pubsub");
}

std::string unknown_client_type(std::string_view word) { return "ERR Unknown client type '" + std::string(word) + "'"; }

void client_id(const Execution& execution) {
  execution.reply.integer(static_cast<std::int64_t>(execution.client.state().id));
}

void client_info(const Execution& execution) { execution.reply.verbatim(line_of(execution.client)); }

void client_getname(const Execution& execution) {
  const std::string& name = execution.client.state().name;
  name.empty() ? execution.reply.null() : execution.reply.bulk(name);
}

void client_setname(const Execution& execution) {
  const std::string_view name = execution.arguments[2];
  if (!is_client_name(name)) return execution.reply.error(kBadClientName);
  execution.client.state().name = name;
  execution.reply.ok();
}

void client_setinfo(const Execution& execution) {
  const std::string_view what = execution.arguments[2];
  const std::string_view value = execution.arguments[3];
  ClientState& state = execution.client.state();
  const bool is_name = equals(what, "lib-name");
  if (!is_name && !equals(what, "lib-ver")) {
    return execution.reply.error("ERR Unrecognized option '" + std::string(what) + "'");
  }
  if (!is_client_name(value)) {
    return execution.reply.error("ERR " + lower(what) + " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? state.library_name : state.library_version) = value;
  execution.reply.ok();
}

void client_list(const Execution& execution) {
  const Arguments words = execution.arguments;
  std::string text;
  if (words.size() >= 4 && equals(words[2], "id")) {
    for (const std::string_view word : words.subspan(3)) {
      const std::optional<std::int64_t> id = parse_integer(word);
      if (!id || *id < 1) return execution.reply.error("ERR Invalid client ID");
      const auto found = execution.service.clients().find(static_cast<std::uint64_t>(*id));
      if (found != execution.service.clients().end()) text += line_of(*found->second);
    }
    return execution.reply.verbatim(text);
  }
  bool shows_any = true;
  if (words.size() == 4 && equals(words[2], "type")) {
    if (!is_client_type(words[3])) return execution.reply.error(unknown_client_type(words[3]));
    shows_any = equals(words[3], "normal") || equals(words[3], "pubsub");
  } else if (words.size() != 2) {
    return execution.reply.error(kSyntax);
  }
  const bool by_type = words.size() == 4;
  for (const auto& [id, client] : execution.service.clients()) {
    const bool is_wanted = !by_type || client->state().is_subscribed() == equals(words[3], "pubsub");
    if (shows_any && is_wanted) text += line_of(*client);
  }
  execution.reply.verbatim(text);
}

// What CLIENT KILL in its newer form asks for.
struct KillFilter {
  std::string error;
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  bool skips_caller = true;
  bool matches_none = false;
};

KillFilter parse_kill(Arguments words) {
  KillFilter filter;
  if (words.size() % 2 != 0) filter.error = kSyntax;
  for (std::size_t i = 2; i + 1 < words.size() && filter.error.empty(); i += 2) {
    const std::string_view value = words[i + 1];
    if (equals(words[i], "id")) {
      const std::optional<std::int64_t> id = parse_integer(value);
      if (!id || *id < 1) filter.error = "ERR client-id should be greater than 0";
      filter.id = static_cast<std::uint64_t>(id.value_or(0));
    } else if (equals(words[i], "addr")) {
      filter.address = value;
    } else if (equals(words[i], "laddr")) {
      filter.local_address = value;
    } else if (equals(words[i], "type")) {
      if (!is_client_type(value)) filter.error = unknown_client_type(value);
      filter.matches_none = filter.matches_none || !(equals(value, "normal") || equals(value, "pubsub"));
    } else if (equals(words[i], "user")) {
      if (value != "default") filter.error = "ERR No such user '" + std::string(value) + "'";
    } else if (equals(words[i], "skipme") && (equals(value, "yes") || equals(value, "no"))) {
      filter.skips_caller = equals(value, "yes");
    } else {
      filter.error = kSyntax;
    }
  }
  return filter;
}

bool holds(const KillFilter& filter, const Client& client) {
  return !filter.matches_none && (!filter.id || *filter.id == client.state().id) &&
         (!filter.address || *filter.address == client.channel().peer()) &&
         (!filter.local_address || *filter.local_address == client.channel().local());
}

void client_kill(const Execution& execution) {
  const Arguments words = execution.arguments;
  KillFilter filter;
  const bool is_old_form = words.size() == 3;
  if (is_old_form) {
    filter.address = words[2];
    filter.skips_caller = false;
  } else {
    filter = parse_kill(words);
  }
  if (!filter.error.empty()) return execution.reply.error(filter.error);
  std::vector<std::shared_ptr<Client>> found;
  for (const auto& [id, client] : execution.service.clients()) {
    const bool is_caller = client.get() == &execution.client;
    if (holds(filter, *client) && !(is_caller && filter.skips_caller)) found.push_back(client);
  }
  if (is_old_form && found.empty()) return execution.reply.error("ERR No such client");
  is_old_form ? execution.reply.ok() : execution.reply.integer(static_cast<std::int64_t>(found.size()));
  for (const std::shared_ptr<Client>& client : found) {
    if (client.get() == &execution.client) {
      client->close_after_reply(net::CloseReason::kRefused);
    } else {
      client->close(net::CloseReason::kRefused);
    }
  }
}

void client_reply(const Execution& execution) {
  ClientState& state = execution.client.state();
  const std::string_view mode = execution.arguments[2];
  if (equals(mode, "on")) {
    state.reply_mode = ReplyMode::kOn;
    return execution.reply.ok();
  }
  if (equals(mode, "off")) {
    state.reply_mode = ReplyMode::kOff;
  } else if (equals(mode, "skip")) {
    if (state.reply_mode != ReplyMode::kOff) state.reply_mode = ReplyMode::kSkipNext;
  } else {
    execution.reply.error(kSyntax);
  }
}

void on_or_off(const Execution& execution) {
  const std::string_view value = execution.arguments[2];
  if (!equals(value, "on") && !equals(value, "off")) return execution.reply.error(kSyntax);
  execution.reply.ok();
}

void client_tracking(const Execution& execution) {
  if (equals(execution.arguments[2], "off")) return execution.reply.ok();
  if (!equals(execution.arguments[2], "on")) return execution.reply.error(kSyntax);
  execution.reply.error("ERR client side caching is not supported; expected CLIENT TRACKING OFF");
}

void client_caching(const Execution& execution) {
  execution.reply.error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
}

void client_getredir(const Execution& execution) { execution.reply.integer(-1); }
void client_unpause(const Execution& execution) { execution.reply.ok(); }

constexpr Subcommand kSubcommands[] = {
    {"caching", 3, client_caching}, {"getredir", 2, client_getredir},
    {"unpause", 2, client_unpause}, {"getname", 2, client_getname},
    {"id", 2, client_id},           {"info", 2, client_info},
    {"kill", -3, client_kill},      {"list", -2, client_list},
    {"no-evict", 3, on_or_off},     {"no-touch", 3, on_or_off},
    {"reply", 3, client_reply},     {"setinfo", 4, client_setinfo},
    {"setname", 3, client_setname}, {"tracking", -3, client_tracking},
};

void client(const Execution& execution) { run_subcommand("client", kSubcommands, execution); }

constexpr Command kCommands[] = {
    {"client", -2, kAdmin | kNoScript | kLoading | kStale | kAlone | kContainer, 0, 0, 0, Group::kConnection, "2.4.0",
     "What is known of clients, and how they are treated", nullptr, nullptr, client, nullptr},
};

}  // namespace

std::span<const Command> client_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
