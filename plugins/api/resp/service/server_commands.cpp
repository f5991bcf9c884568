// SPDX-License-Identifier: MIT
// Commands on the server: what it is, what it can, how it is set.
#include <chrono>

#include "client.hpp"
#include "command_groups.hpp"
#include "command_information.hpp"
#include "configuration.hpp"
#include "information.hpp"
#include "number.hpp"
#include "service.hpp"
#include "subcommand.hpp"

namespace tenon::api_resp {

namespace {

void time_now(const Execution& execution) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  execution.reply.array(2);
  execution.reply.bulk_of(microseconds / 1'000'000);
  execution.reply.bulk_of(microseconds % 1'000'000);
}

constexpr Subcommand kCommandSubcommands[] = {
    {"count", 2, command_count}, {"docs", -2, command_documents}, {"getkeys", -4, command_get_keys},
    {"info", -2, command_info},  {"list", -2, command_list},
};

void command(const Execution& execution) {
  if (execution.arguments.size() == 1) return command_all(execution);
  run_subcommand("command", kCommandSubcommands, execution);
}

constexpr Subcommand kConfigSubcommands[] = {
    {"get", -3, config_get},
    {"resetstat", 2, config_reset_statistics},
    {"rewrite", 2, config_rewrite},
    {"set", -4, config_set},
};

void config(const Execution& execution) { run_subcommand("config", kConfigSubcommands, execution); }

void slowlog_get(const Execution& execution) {
  if (execution.arguments.size() > 2) {
    const std::optional<std::int64_t> count = parse_integer(execution.arguments[2]);
    if (!count || *count < -1) return execution.reply.error("ERR count should be greater than or equal to -1");
  }
  execution.reply.array(0);
}
void slowlog_len(const Execution& execution) { execution.reply.integer(0); }
void slowlog_reset(const Execution& execution) { execution.reply.ok(); }

constexpr Subcommand kSlowlogSubcommands[] = {
    {"get", -2, slowlog_get},
    {"len", 2, slowlog_len},
    {"reset", 2, slowlog_reset},
};

void slowlog(const Execution& execution) { run_subcommand("slowlog", kSlowlogSubcommands, execution); }

void latency_none(const Execution& execution) { execution.reply.array(0); }
void latency_reset(const Execution& execution) { execution.reply.integer(0); }

constexpr Subcommand kLatencySubcommands[] = {
    {"history", 3, latency_none},
    {"latest", 2, latency_none},
    {"reset", -2, latency_reset},
};

void latency(const Execution& execution) { run_subcommand("latency", kLatencySubcommands, execution); }

void debug(const Execution& execution) {
  execution.reply.error(
      "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
      "local connection, otherwise you need to set this option in the configuration file, and then restart the "
      "server.");
}

constexpr std::uint32_t kAnytime = kLoading | kStale;

constexpr Command immediate(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                            std::string_view summary, ImmediateFunction function) {
  return {name, arity, flags, 0, 0, 0, Group::kServer, since, summary, nullptr, nullptr, function, nullptr};
}

constexpr Command task(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                       std::string_view summary, TaskFunction function) {
  return {name,    arity,   flags | kNotInTransaction, 0, 0, 0, Group::kServer, since, summary, nullptr, nullptr,
          nullptr, function};
}

constexpr Command kCommands[] = {
    immediate("command", -1, kAnytime | kContainer, "2.8.13", "What the commands are", command),
    immediate("config", -2, kAdmin | kNoScript | kAnytime | kContainer, "2.0.0", "How the server is set", config),
    task("dbsize", 1, kReadOnly | kFast, "1.0.0", "How many keys there are", count_keys),
    immediate("debug", -2, kAdmin | kNoScript | kAnytime, "1.0.0", "Is refused", debug),
    task("info", -1, kAnytime, "1.0.0", "What is known of the server", tell_information),
    immediate("latency", -2, kAdmin | kNoScript | kAnytime | kContainer, "2.8.13", "Is empty", latency),
    task("role", 1, kNoScript | kAnytime | kFast, "2.8.12", "Whether this node leads", tell_role),
    immediate("slowlog", -2, kAdmin | kAnytime | kContainer, "2.2.12", "Is empty", slowlog),
    immediate("time", 1, kAnytime | kFast, "2.6.0", "The time of day of this node", time_now),
    task("wait", 3, kNoScript, "3.0.0", "How many other logs surely have what was answered", wait_for_replicas),
};

}  // namespace

std::span<const Command> server_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
