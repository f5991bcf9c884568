// SPDX-License-Identifier: MIT
#include "tenonctl/command_line.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "plugin/nearest_name.hpp"
#include "tenon/option.hpp"
#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

namespace program_options = boost::program_options;
using program_options::options_description;
using program_options::variables_map;

struct CommandDescription {
  std::string_view name;
  Command command;
  std::string_view arguments;
  std::size_t arguments_min;
  std::size_t arguments_max;
  std::string_view summary;
  std::string_view details;
};

constexpr std::size_t kUsageWidth = 22;  // of a command with its arguments, in the list of commands

constexpr std::string_view kValueForms =
    "A value of `-` is read from standard input, one of @FILE from that file; a value that is a single '-' or begins\n"
    "with '@' is given on standard input.";

constexpr CommandDescription kCommands[] = {
    {"put", Command::kPut, "KEY VALUE", 2, 2, "sets a key; prints the new revision", kValueForms},
    {"get", Command::kGet, "KEY", 1, 1, "prints a value; exit code 3 when there is no such key",
     "With -o simple the bytes of the value and nothing else; a line end is added on a terminal only."},
    {"del", Command::kDel, "KEY", 1, 1, "removes a key; exit code 3 when there is no such key", ""},
    {"scan", Command::kScan, "[PREFIX]", 0, 1, "prints the keys of a range in order, with their values",
     "The range is the keys that begin with PREFIX, or those of --from and --to, or all. A long range is read in\n"
     "pages, each of its own moment. With -o simple a line is KEY, a tabulator, VALUE, both escaped as in the table."},
    {"cas", Command::kCas, "KEY EXPECTED NEW | --absent KEY NEW", 2, 3,
     "sets a key to NEW if its value is EXPECTED, in one step; exit code 3 when it is not", kValueForms},
    {"status", Command::kStatus, "", 0, 0, "prints a line for each endpoint: what its node says of itself",
     "All endpoints are asked at once. The exit code is 0 when one of them answers. With -o json everything that a\n"
     "node tells is there, otherwise the most important."},
    {"members", Command::kMembers, "", 0, 0, "prints a line for each voter of the cluster",
     "As the leader sees it, when one of the endpoints leads: then with how far each voter has got."},
    {"metrics", Command::kMetrics, "", 0, 0, "prints what the node at each endpoint counts and measures",
     "In the text format of Prometheus. Of several endpoints each begins with a comment line that names it, so give a\n"
     "single one to a program that reads that format."},
    {"leader show", Command::kLeaderShow, "", 0, 0, "prints which node leads; exit code 3 when no endpoint knows",
     "All endpoints are asked at once, and the word of the latest term counts."},
    {"leader transfer", Command::kLeaderTransfer, "[NODE]", 0, 1,
     "hands leadership to NODE, or to the voter that is furthest, and waits for it",
     "Prints the new leader. When no other node leads within --timeout, that is an error, and nothing is broken."},
};

// What people look for and a later version brings.
constexpr std::string_view kLaterCommands[] = {
    "alarm",    "append",    "backup", "bench",  "completion", "expire",  "health", "import", "increment",
    "lease",    "lock",      "member", "plugin", "publish",    "restore", "role",   "shell",  "session",
    "snapshot", "subscribe", "token",  "top",    "txn",        "user",    "watch"};

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

options_description scan_flags() {
  using program_options::value;
  options_description flags("Flags of scan");
  auto add = flags.add_options();
  add("from", value<std::string>()->value_name("KEY"), "begins with this key");
  add("to", value<std::string>()->value_name("KEY"), "ends before this key");
  add("limit", value<std::string>()->value_name("N"), "prints at most N records");
  add("keys", "prints keys only");
  add("cursor", value<std::string>()->value_name("CURSOR"),
      "goes on where an earlier scan of the same range stopped at its limit");
  return flags;
}

options_description cas_flags() {
  options_description flags("Flags of cas");
  flags.add_options()("absent", "the condition is that there is no such key");
  return flags;
}

std::string general_help() {
  std::ostringstream text;
  text << "tenonctl [flags] COMMAND [arguments]\nReads and writes a Tenon cluster.\n\nCommands\n";
  for (const CommandDescription& command : kCommands) {
    std::string usage = std::string(command.name) + " " + std::string(command.arguments);
    if (usage.size() >= kUsageWidth) usage += "\n  " + std::string(kUsageWidth, ' ');
    usage.resize(std::max(usage.size(), kUsageWidth), ' ');
    text << "  " << usage << command.summary << "\n";
  }
  text << "\nNot in this version\n ";
  std::size_t column = 1;
  for (const std::string_view name : kLaterCommands) {
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
  if (command.command == Command::kScan) text << scan_flags() << "\n";
  if (command.command == Command::kCas) text << cas_flags() << "\n";
  text << general_flags();
  return text.str();
}

// Takes the words that name the command from the arguments. Needs: there is one.
const CommandDescription& take_name(std::vector<std::string>& words) {
  const std::string name = words.front();
  const std::string two_words = words.size() > 1 ? name + " " + words[1] : name;
  for (const CommandDescription& command : kCommands) {
    if (command.name != name && command.name != two_words) continue;
    words.erase(words.begin(), words.begin() + (command.name == name ? 1 : 2));
    return command;
  }
  if (name == "leader") throw UsageError("found '" + two_words + "', expected leader show or leader transfer");
  for (const std::string_view later : kLaterCommands) {
    if (later == name) throw NotInThisVersion(name + ": not in this version");
  }
  std::vector<std::string> names(std::begin(kLaterCommands), std::end(kLaterCommands));
  for (const CommandDescription& command : kCommands) names.emplace_back(command.name);
  throw UsageError("there is no command '" + name + "'; the nearest name is '" + plugin::nearest_name(name, names) +
                   "', and tenonctl --help lists all");
}

variables_map parse_flags(std::span<const std::string> arguments) {
  options_description flags;
  flags.add(general_flags()).add(scan_flags()).add(cas_flags());
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

void check_flags(const variables_map& values, Command command) {
  const auto check = [&](const options_description& flags, Command owner, std::string_view name) {
    for (const auto& flag : flags.options()) {
      if (command != owner && values.count(flag->long_name()) != 0) {
        throw UsageError("--" + flag->long_name() + " is a flag of " + std::string(name) + " only");
      }
    }
  };
  const options_description of_scan = scan_flags();
  const options_description of_cas = cas_flags();
  check(of_scan, Command::kScan, "scan");
  check(of_cas, Command::kCas, "cas");
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

std::optional<std::string> text_of(const variables_map& values, const char* name) {
  if (values.count(name) == 0) return std::nullopt;
  return values[name].as<std::string>();
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
  if (values.count("keys") != 0) invocation.scan.content = client::ScanContent::kKeys;
  if (const std::optional<std::string> limit = text_of(values, "limit")) {
    const std::optional<std::int64_t> number = parse_integer(*limit);
    if (!number || *number < 1) throw UsageError("--limit: found '" + *limit + "', expected a number from 1 on");
    invocation.scan_limit = static_cast<std::uint64_t>(*number);
  }
  if (const std::optional<std::string> text = text_of(values, "cursor")) {
    const std::optional<std::string> cursor = from_base64(*text);
    if (!cursor || cursor->empty()) {
      throw UsageError("--cursor: found '" + *text + "', expected the cursor that an earlier scan printed");
    }
    invocation.scan.cursor = *cursor;
  }
}

void take_command(const CommandDescription& command, const variables_map& values, Invocation& invocation) {
  check_flags(values, command.command);
  invocation.command = command.command;
  if (values.count("absent") != 0) invocation.expectation = Expectation::kAbsent;
  std::size_t min = command.arguments_min;
  std::size_t max = command.arguments_max;
  if (command.command == Command::kCas) min = max = invocation.expectation == Expectation::kAbsent ? 2 : 3;
  const std::size_t count = invocation.arguments.size();
  if (count < min || count > max) {
    throw UsageError(std::string(command.name) + ": found " + std::to_string(count) + " arguments, expected tenonctl " +
                     std::string(command.name) + " " + std::string(command.arguments));
  }
  if (command.command == Command::kScan) take_scan(values, invocation);
  if (command.command == Command::kLeaderTransfer && count == 1) {
    const std::optional<std::int64_t> target = parse_integer(invocation.arguments.front());
    if (!target || *target < 1) {
      throw UsageError("leader transfer: found '" + invocation.arguments.front() + "', expected the number of a node");
    }
    invocation.transfer_target = static_cast<std::uint64_t>(*target);
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
