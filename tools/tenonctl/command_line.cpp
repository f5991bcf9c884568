// SPDX-License-Identifier: MIT
#include "tenonctl/command_line.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "commands.hpp"
#include "members/member_words.hpp"
#include "plugin/nearest_name.hpp"
#include "tenon/option.hpp"
#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

namespace program_options = boost::program_options;
using program_options::options_description;
using program_options::variables_map;

constexpr std::size_t kUsageWidth = 22;  // of a command with its arguments, in the list of commands

options_description general_flags() {
  using program_options::value;
  options_description flags("Flags of every command");
  auto add = flags.add_options();
  add("endpoints", value<std::string>()->value_name("HOST:PORT[,..]"),
      "where nodes serve the Thrift API, tried in this order; any node will do (variable TENONCTL_ENDPOINTS, default "
      "127.0.0.1:7101)");
  add("output,o", value<std::string>()->value_name("table|json|simple"),
      "the form of the output; default table on a terminal, else simple");
  add("timeout", value<std::string>()->value_name("DURATION")->default_value("10s"),
      "how long a request may take at one endpoint: 500ms, 10s");
  add("version", "prints the version");
  add("help", "prints this text, after a command that of the command");
  return flags;
}

// Of the flags that `wanted` has a use for.
template <class Wanted>
options_description flags_of(const std::string& heading, Wanted wanted) {
  using program_options::value;
  options_description flags(heading);
  for (const FlagDescription& flag : command_flags()) {
    if (!wanted(flag)) continue;
    if (flag.value == nullptr) {
      flags.add_options()(flag.name, flag.summary);
    } else {
      flags.add_options()(flag.name, value<std::string>()->value_name(flag.value), flag.summary);
    }
  }
  return flags;
}

std::string general_help() {
  std::ostringstream text;
  text << "tenonctl [flags] COMMAND [arguments]\nReads and writes a Tenon cluster.\n\nCommands\n";
  for (const CommandDescription& command : commands()) {
    std::string usage = std::string(command.name) + " " + std::string(command.arguments);
    if (usage.size() >= kUsageWidth) usage += "\n  " + std::string(kUsageWidth, ' ');
    usage.resize(std::max(usage.size(), kUsageWidth), ' ');
    text << "  " << usage << command.summary << "\n";
  }
  text << "\nNot in this version\n ";
  std::size_t column = 1;
  for (const std::string_view name : later_commands()) {
    if (column + name.size() > 100) {
      text << "\n ";
      column = 1;
    }
    text << " " << name;
    column += name.size() + 1;
  }
  text << "\n\n"
       << general_flags()
       << "\nData goes to standard output, messages to standard error. Exit codes: 0 ok, 1 error, 2 no connection,\n"
          "3 not found or condition failed, 64 usage. After `--` nothing is a flag.\n";
  return text.str();
}

std::string command_help(const CommandDescription& command) {
  std::ostringstream text;
  text << "tenonctl [flags] " << command.name << " " << command.arguments << "\n" << command.summary << "\n";
  if (!command.details.empty()) text << command.details << "\n";
  text << "\n";
  const options_description own = flags_of("Flags of " + std::string(command.name),
                                           [&](const FlagDescription& flag) { return takes(flag, command.command); });
  if (!own.options().empty()) text << own << "\n";
  text << general_flags();
  return text.str();
}

// Takes the words that name the command from the arguments. Needs: there is one.
const CommandDescription& take_name(std::vector<std::string>& words) {
  const std::string name = words.front();
  const std::string two_words = words.size() > 1 ? name + " " + words[1] : name;
  for (const CommandDescription& command : commands()) {
    if (command.name != name && command.name != two_words) continue;
    words.erase(words.begin(), words.begin() + (command.name == name ? 1 : 2));
    return command;
  }
  if (name == "leader") throw UsageError("found '" + two_words + "', expected leader show or leader transfer");
  if (name == "member") {
    throw UsageError("found '" + two_words +
                     "', expected member list, member add, member promote, member remove or member replace");
  }
  if (name == "snapshot") throw UsageError("found '" + two_words + "', expected snapshot create or snapshot list");
  if (name == "session") {
    throw UsageError("found '" + two_words + "', expected session open, session keep-alive or session close");
  }
  if (name == "plugin") {
    throw UsageError("found '" + two_words + "', expected plugin list, plugin inspect, plugin doctor or plugin new");
  }
  for (const std::string_view later : later_commands()) {
    if (later == name) throw NotInThisVersion(name + ": not in this version");
  }
  std::vector<std::string> names(later_commands().begin(), later_commands().end());
  for (const CommandDescription& command : commands()) names.emplace_back(command.name);
  throw UsageError("there is no command '" + name + "'; the nearest name is '" + plugin::nearest_name(name, names) +
                   "', and tenonctl --help lists all");
}

variables_map parse_flags(std::span<const std::string> arguments) {
  options_description flags;
  flags.add(general_flags()).add(flags_of("", [](const FlagDescription&) { return true; }));
  flags.add_options()("words", program_options::value<std::vector<std::string>>());
  program_options::positional_options_description positions;
  positions.add("words", -1);
  variables_map values;
  try {
    namespace style = program_options::command_line_style;
    program_options::store(program_options::command_line_parser({arguments.begin(), arguments.end()})
                               .options(flags)
                               .positional(positions)
                               .style(style::unix_style & ~style::allow_guessing)
                               .run(),
                           values);
  } catch (const program_options::error& error) {
    throw UsageError(error.what());
  }
  return values;
}

std::string name_of(Command command) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.command == command; });
  return std::string(found->name);
}

void check_flags(const variables_map& values, Command command) {
  for (const FlagDescription& flag : command_flags()) {
    if (values.count(flag.name) == 0 || takes(flag, command)) continue;
    std::string owners;
    for (const Command owner : flag.commands) owners += (owners.empty() ? "" : ", ") + name_of(owner);
    throw UsageError("--" + std::string(flag.name) + " is a flag of " + owners + " only");
  }
}

Format parse_format(const std::string& text) {
  if (text == "table") return Format::kTable;
  if (text == "json") return Format::kJson;
  if (text == "simple") return Format::kSimple;
  throw UsageError("--output: found '" + text + "', expected table, json or simple");
}

std::chrono::milliseconds parse_timeout(const std::string& text) {
  const std::optional<std::chrono::microseconds> timeout = parse_duration(text);
  if (!timeout || *timeout < std::chrono::milliseconds(1) || *timeout > std::chrono::hours(24)) {
    throw UsageError("--timeout: found '" + text + "', expected a duration of 1ms to 24h, as 500ms or 10s");
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(*timeout);
}

// The end of a key or a session, of which the node knows the bounds.
std::chrono::milliseconds parse_life(const std::string& where, const std::string& text) {
  const std::optional<std::chrono::microseconds> life = parse_duration(text);
  if (!life || *life < std::chrono::milliseconds(1)) {
    throw UsageError(where + ": found '" + text + "', expected a duration of 1ms or more, as 500ms, 10s or 1h");
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(*life);
}

std::optional<std::string> text_of(const variables_map& values, const char* name) {
  if (values.count(name) == 0) return std::nullopt;
  return values[name].as<std::string>();
}

std::optional<std::int64_t> number_from(std::int64_t least, const std::string& text) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number || *number < least) return std::nullopt;
  return number;
}

// A flag whose value is a number from 1 on; 0: the flag is not there.
std::uint64_t count_of(const variables_map& values, const std::string& name) {
  const std::optional<std::string> text = text_of(values, name.c_str());
  if (!text) return 0;
  const std::optional<std::int64_t> number = number_from(1, *text);
  if (!number) throw UsageError("--" + name + ": found '" + *text + "', expected a number from 1 on");
  return static_cast<std::uint64_t>(*number);
}

client::ReadOptions parse_consistency(const std::string& text) {
  if (text == "linearizable") return {};
  if (text == "lease") return {client::Consistency::kLease, {}};
  if (text == "log") return {client::Consistency::kLog, {}};
  if (text == "stale") return {client::Consistency::kStale, {}};
  constexpr std::string_view kBounded = "stale=";
  const std::optional<std::chrono::microseconds> age =
      text.starts_with(kBounded) ? parse_duration(text.substr(kBounded.size())) : std::nullopt;
  if (!age || *age < std::chrono::milliseconds(1)) {
    throw UsageError("--consistency: found '" + text +
                     "', expected linearizable, lease, stale, stale=AGE with an AGE of 1ms or more, or log");
  }
  return {client::Consistency::kStale, std::chrono::duration_cast<std::chrono::milliseconds>(*age)};
}

void take_scan(const variables_map& values, Invocation& invocation) {
  const std::optional<std::string> from = text_of(values, "from");
  const std::optional<std::string> to = text_of(values, "to");
  if (!invocation.arguments.empty()) {
    if (from || to) throw UsageError("scan: found PREFIX and --from or --to; give the one or the others");
    invocation.scan.range.prefix = invocation.arguments.front();
  }
  invocation.scan.range.first_key = from.value_or("");
  invocation.scan.range.end_key = to.value_or("");
  if (values.count("keys") != 0 && values.count("count") != 0) {
    throw UsageError("scan: found --keys and --count; give one of them");
  }
  if (values.count("keys") != 0) invocation.scan.content = client::ScanContent::kKeys;
  if (values.count("count") != 0) invocation.scan.content = client::ScanContent::kCount;
  if (values.count("count") != 0 && values.count("limit") != 0) {
    throw UsageError("scan: found --count and --limit; a count is of the whole range");
  }
  invocation.scan.match = text_of(values, "match").value_or("");
  if (values.count("match") != 0 && invocation.scan.match.empty()) {
    throw UsageError("--match: found nothing, expected a pattern, for example 'user:*'");
  }
  invocation.scan.read = invocation.read;
  if (values.count("reverse") != 0) invocation.scan.order = client::ScanOrder::kBackward;
  invocation.scan_limit = count_of(values, "limit");
  if (const std::optional<std::string> text = text_of(values, "cursor")) {
    const std::optional<std::string> cursor = from_base64(*text);
    if (!cursor || cursor->empty()) {
      throw UsageError("--cursor: found '" + *text + "', expected the cursor that an earlier scan printed");
    }
    invocation.scan.cursor = *cursor;
  }
}

void take_write(const variables_map& values, Invocation& invocation) {
  if (values.count("previous") != 0) invocation.previous = client::Previous::kWanted;
  const std::optional<std::string> ttl = text_of(values, "ttl");
  if (ttl) invocation.ttl = parse_life("--ttl", *ttl);
  if (values.count("keep-ttl") != 0) {
    if (ttl) throw UsageError("put: found --ttl and --keep-ttl; give one of them");
    invocation.keeps_ttl = true;
  }
  const std::optional<std::string> session = text_of(values, "session");
  const std::optional<std::string> sequence = text_of(values, "sequence");
  if (session.has_value() != sequence.has_value()) {
    throw UsageError("--session and --sequence belong together; found only one of them");
  }
  if (!session) return;
  invocation.session = *session;
  invocation.sequence = count_of(values, "sequence");
}

// Of a command for one key, or with --prefix or --range for those of a range; nullopt: for one key.
std::optional<client::KeyRange> range_of(const variables_map& values, const Invocation& invocation) {
  const bool prefix = values.count("prefix") != 0;
  const bool range = values.count("range") != 0;
  if (prefix && range) throw UsageError("found --prefix and --range; give one of them");
  if (!prefix && !range) return std::nullopt;
  client::KeyRange made;
  if (prefix) {
    made.prefix = invocation.arguments[0];
  } else {
    made.first_key = invocation.arguments[0];
    made.end_key = invocation.arguments[1];
    // Both empty would be no range at all.
    if (made.first_key.empty() && made.end_key.empty()) made.prefix = "";
  }
  return made;
}

void take_del(const variables_map& values, Invocation& invocation) {
  invocation.range = range_of(values, invocation);
  if (!invocation.range) return;
  if (invocation.previous == client::Previous::kWanted) {
    throw UsageError("del: found --previous with a range; it is for one key");
  }
  if (invocation.sequence != 0) {
    throw UsageError("del: found --session with a range, which is removed in parts of their own; remove it without");
  }
}

void take_watch(const variables_map& values, Invocation& invocation) {
  const std::string& key = invocation.arguments[0];
  invocation.range = range_of(values, invocation);
  if (!invocation.range && key.empty()) {
    throw UsageError("watch: found an empty key, which no key is; --prefix with it watches all keys");
  }
  // The key alone is all between it and the least key above it.
  if (!invocation.range) invocation.range = client::KeyRange{std::nullopt, key, key + '\0'};
  invocation.from_revision = count_of(values, "from-revision");
  invocation.change_limit = count_of(values, "limit");
}

void take_command(const CommandDescription& command, const variables_map& values, Invocation& invocation) {
  check_flags(values, command.command);
  invocation.command = command.command;
  if (values.count("absent") != 0) invocation.expectation = Expectation::kAbsent;
  std::size_t min = command.arguments_min;
  std::size_t max = command.arguments_max;
  if (command.command == Command::kCas) min = max = invocation.expectation == Expectation::kAbsent ? 2 : 3;
  if (command.command == Command::kDel || command.command == Command::kWatch) {
    min = max = values.count("range") != 0 ? 2 : 1;
  }
  const std::size_t count = invocation.arguments.size();
  if (count < min || count > max) {
    throw UsageError(std::string(command.name) + ": found " + std::to_string(count) + " arguments, expected tenonctl " +
                     std::string(command.name) + " " + std::string(command.arguments));
  }
  take_write(values, invocation);
  if (const std::optional<std::string> text = text_of(values, "consistency")) {
    invocation.read = parse_consistency(*text);
  }
  if (command.command == Command::kScan) take_scan(values, invocation);
  if (command.command == Command::kDel) take_del(values, invocation);
  if (command.command == Command::kWatch) take_watch(values, invocation);
  if (command.command == Command::kExpire) invocation.ttl = parse_life("expire", invocation.arguments[1]);
  if (command.command == Command::kIncrement && count == 2) {
    const std::optional<std::int64_t> delta = parse_integer(invocation.arguments[1]);
    if (!delta) throw UsageError("increment: found '" + invocation.arguments[1] + "', expected a number of 64 bits");
    invocation.delta = *delta;
  }
  take_member_words([&](const char* flag) { return values.count(flag) != 0; }, invocation);
  invocation.since = text_of(values, "since");
  invocation.directories = text_of(values, "directory");
  if (command.command == Command::kLeaderTransfer && count == 1) {
    invocation.transfer_target = node_of("leader transfer", invocation.arguments.front());
  }
}

}  // namespace

Invocation parse_command_line(std::span<const std::string> arguments,
                              const std::optional<std::string>& endpoints_variable) {
  const variables_map values = parse_flags(arguments);
  Invocation invocation;
  if (values.count("version") != 0) {
    invocation.text = "tenonctl " TENON_VERSION "\n";
    return invocation;
  }
  if (values.count("words") != 0) invocation.arguments = values["words"].as<std::vector<std::string>>();
  bool wants_help = values.count("help") != 0;
  if (!invocation.arguments.empty() && invocation.arguments.front() == "help") {
    wants_help = true;
    invocation.arguments.erase(invocation.arguments.begin());
  }
  if (invocation.arguments.empty()) {
    if (!wants_help) throw UsageError("a command is missing; tenonctl --help lists them");
    invocation.text = general_help();
    return invocation;
  }
  const CommandDescription& command = take_name(invocation.arguments);
  if (wants_help) {
    invocation.text = command_help(command);
    return invocation;
  }
  if (const std::optional<std::string> format = text_of(values, "output")) invocation.format = parse_format(*format);
  invocation.timeout = parse_timeout(values["timeout"].as<std::string>());
  const std::optional<std::string> flag = text_of(values, "endpoints");
  try {
    invocation.endpoints = client::parse_endpoints(flag ? *flag : endpoints_variable.value_or("127.0.0.1:7101"));
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string(flag ? "--endpoints: " : "environment TENONCTL_ENDPOINTS: ") + error.what());
  }
  take_command(command, values, invocation);
  return invocation;
}

}  // namespace tenon::tenonctl
