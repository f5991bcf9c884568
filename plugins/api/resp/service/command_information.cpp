// SPDX-License-Identifier: MIT
#include "command_information.hpp"

#include <algorithm>
#include <vector>

#include "command_table.hpp"
#include "glob.hpp"
#include "service.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

struct FlagName {
  std::uint32_t flag;
  std::string_view name;
};
constexpr FlagName kFlagNames[] = {
    {kWrite, "write"},   {kReadOnly, "readonly"},        {kDenyOutOfMemory, "denyoom"}, {kAdmin, "admin"},
    {kPubSub, "pubsub"}, {kNoScript, "noscript"},        {kLoading, "loading"},         {kStale, "stale"},
    {kFast, "fast"},     {kNoAuthentication, "no_auth"}, {kAllowBusy, "allow_busy"},    {kNotInTransaction, "no_multi"},
};

std::string_view name_of(Group group) noexcept {
  switch (group) {
    case Group::kString:
      return "string";
    case Group::kGeneric:
      return "generic";
    case Group::kConnection:
      return "connection";
    case Group::kServer:
      return "server";
    case Group::kTransactions:
      return "transactions";
    case Group::kPubSub:
      return "pubsub";
    default:
      return "cluster";
  }
}

// The categories of access lists, as Redis derives them.
std::vector<std::string> categories(const Command& command) {
  std::vector<std::string> found;
  const auto add = [&](bool holds, const char* name) {
    if (holds) found.emplace_back(name);
  };
  add(command.group == Group::kGeneric, "@keyspace");
  add((command.flags & kReadOnly) != 0, "@read");
  add((command.flags & kWrite) != 0, "@write");
  add(command.group == Group::kString, "@string");
  add((command.flags & kAdmin) != 0, "@admin");
  add((command.flags & kPubSub) != 0, "@pubsub");
  add((command.flags & kFast) != 0, "@fast");
  add((command.flags & kFast) == 0, "@slow");
  add((command.flags & kAdmin) != 0, "@dangerous");
  add(command.group == Group::kConnection, "@connection");
  add(command.group == Group::kTransactions, "@transaction");
  return found;
}

void write_command(const Command& command, ReplyWriter& reply) {
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(command.arity);
  reply.set(static_cast<std::size_t>(std::count_if(std::begin(kFlagNames), std::end(kFlagNames),
                                                   [&](const auto& one) { return (command.flags & one.flag) != 0; })));
  for (const FlagName& one : kFlagNames) {
    if ((command.flags & one.flag) != 0) reply.simple(one.name);
  }
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  const std::vector<std::string> in = categories(command);
  reply.set(in.size());
  for (const std::string& category : in) reply.simple(category);
  for (int empty = 0; empty < 3; ++empty) reply.array(0);  // hints, key specifications, subcommands
}

void write_document(const Command& command, ReplyWriter& reply) {
  reply.bulk(command.name);
  reply.map(3);
  reply.bulk("summary");
  reply.bulk(command.summary);
  reply.bulk("since");
  reply.bulk(command.since);
  reply.bulk("group");
  reply.bulk(name_of(command.group));
}

}  // namespace

void command_all(const Execution& execution) {
  const std::vector<const Command*>& all = execution.service.command_table().all();
  execution.reply.array(all.size());
  for (const Command* command : all) write_command(*command, execution.reply);
}

void command_count(const Execution& execution) {
  execution.reply.integer(static_cast<std::int64_t>(execution.service.command_table().all().size()));
}

void command_info(const Execution& execution) {
  if (execution.arguments.size() == 2) return command_all(execution);
  const Arguments names = execution.arguments.subspan(2);
  execution.reply.array(names.size());
  for (const std::string_view name : names) {
    const Command* const command = execution.service.command_table().find(name);
    command == nullptr ? execution.reply.null() : write_command(*command, execution.reply);
  }
}

void command_documents(const Execution& execution) {
  std::vector<const Command*> wanted;
  if (execution.arguments.size() == 2) wanted = execution.service.command_table().all();
  for (const std::string_view name : execution.arguments.subspan(2)) {
    if (const Command* const command = execution.service.command_table().find(name)) wanted.push_back(command);
  }
  execution.reply.map(wanted.size());
  for (const Command* command : wanted) write_document(*command, execution.reply);
}

void command_get_keys(const Execution& execution) {
  const Arguments words = execution.arguments.subspan(2);
  const Command* const command = execution.service.command_table().find(words[0]);
  if (command == nullptr) return execution.reply.error("ERR Invalid command specified");
  if (!accepts(*command, words.size())) {
    return execution.reply.error("ERR Invalid number of arguments specified for command");
  }
  if (command->first_key == 0) return execution.reply.error("ERR The command has no key arguments");
  std::vector<std::string_view> keys;
  for_each_key(*command, words, [&](std::string_view key) { keys.push_back(key); });
  execution.reply.array(keys.size());
  for (const std::string_view key : keys) execution.reply.bulk(key);
}

void command_list(const Execution& execution) {
  const Arguments words = execution.arguments;
  const bool is_filtered = words.size() == 5 && equals(words[2], "filterby");
  const bool by_pattern = is_filtered && equals(words[3], "pattern");
  const bool by_category = is_filtered && equals(words[3], "aclcat");
  const bool by_module = is_filtered && equals(words[3], "module");
  if (words.size() != 2 && !by_pattern && !by_category && !by_module) return execution.reply.error("ERR syntax error");
  std::vector<std::string_view> names;
  for (const Command* command : execution.service.command_table().all()) {
    if (by_module || (by_pattern && !matches(words[4], command->name))) continue;
    const std::vector<std::string> in = by_category ? categories(*command) : std::vector<std::string>();
    if (by_category && std::find(in.begin(), in.end(), "@" + lower(words[4])) == in.end()) continue;
    names.push_back(command->name);
  }
  execution.reply.array(names.size());
  for (const std::string_view name : names) execution.reply.bulk(name);
}

}  // namespace tenon::api_resp
