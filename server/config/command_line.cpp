// SPDX-License-Identifier: MIT
#include "config/command_line.hpp"

#include <boost/program_options.hpp>
#include <sstream>
#include <utility>

#include "config/option_table.hpp"
#include "ini.hpp"
#include "refusal.hpp"

namespace tenon::config {
namespace {

namespace program_options = boost::program_options;

program_options::options_description flag_table() {
  using program_options::value;
  program_options::options_description flags("Flags");
  auto add = flags.add_options();
  add("config", value<std::string>()->value_name("FILE"), "the configuration file");
  add("set", value<std::vector<std::string>>()->value_name("SECTION.KEY=VALUE"),
      "sets one option; stronger than file and environment; may be given many times");
  add("check-config", "checks the configuration and exits; starts nothing");
  add("print-config", "prints every option with its value and where it comes from");
  add("list-plugins", "lists the plugins that are found, without running their code");
  add("help-plugin", value<std::string>()->value_name("KIND.NAME"),
      "prints the options of a plugin, storage.filewal for one, without running its code");
  add("from", value<std::string>()->value_name("PLUGIN:DIR"),
      "of storage convert: the storage plugin and the node.data_directory that hold the node");
  add("to", value<std::string>()->value_name("PLUGIN:DIR"),
      "of storage convert: the storage plugin and the directory that are to hold it; DIR may be the same");
  add("force-new-cluster", "of recover: says that it is meant");
  add("new-cluster-id", value<std::string>()->value_name("ID"),
      "of recover: the cluster.id of the new cluster; one is made of the old id otherwise");
  add("yes", "of recover: does it, and does not only say what would be done");
  add("version", "prints the version");
  add("help", "prints this text");
  return flags;
}

Assignment parse_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trimmed(std::string_view(text).substr(0, equals));
  const std::size_t point = name.rfind('.');
  if (equals == std::string::npos || point == std::string::npos || point == 0 || point + 1 == name.size()) {
    throw UsageError("--set: found '" + text + "', expected SECTION.KEY=VALUE, as in node.id=1");
  }
  const std::string_view value = trimmed(std::string_view(text).substr(equals + 1));
  return {std::string(name.substr(0, point)), std::string(name.substr(point + 1)), std::string(value)};
}

void take_plugin(const std::string& text, CommandLine& line) {
  const std::size_t point = text.find('.');
  line.plugin_kind = text.substr(0, point);
  if (point != std::string::npos) line.plugin_name = text.substr(point + 1);
  const bool known = line.plugin_kind == "storage" || line.plugin_kind == "transport" || line.plugin_kind == "api";
  if (!known || line.plugin_name.empty()) {
    throw UsageError("--help-plugin: found '" + text +
                     "', expected KIND.NAME with KIND storage, transport or api, as in storage.filewal");
  }
}

Action parse_action(const program_options::variables_map& values) {
  constexpr std::pair<const char*, Action> kActions[] = {
      {"check-config", Action::kCheckConfig}, {"print-config", Action::kPrintConfig},
      {"list-plugins", Action::kListPlugins}, {"help-plugin", Action::kHelpPlugin},
      {"version", Action::kVersion},          {"help", Action::kHelp},
  };
  Action action = Action::kRun;
  std::string given;
  for (const auto& [flag, meant] : kActions) {
    if (values.count(flag) == 0) continue;
    if (!given.empty()) throw UsageError("--" + given + " and --" + flag + " exclude each other; give one of them");
    given = flag;
    action = meant;
  }
  return action;
}

StoragePlace parse_place(const std::string& flag, const program_options::variables_map& values) {
  const std::string text = values.count(flag) == 0 ? std::string() : values[flag].as<std::string>();
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw UsageError("storage convert: --" + flag + ": found '" + text +
                     "', expected PLUGIN:DIR with the node.data_directory, as in filewal:/var/lib/tenon");
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void take_convert(const std::vector<std::string>& words, const program_options::variables_map& values,
                  CommandLine& line) {
  if (words.size() != 2 || words.back() != "convert") {
    throw UsageError("storage: expected 'storage convert --from PLUGIN:DIR --to PLUGIN:DIR' and no other word");
  }
  if (line.action != Action::kRun) throw UsageError("storage convert and another action exclude each other");
  line.action = Action::kConvert;
  line.convert_from = parse_place("from", values);
  line.convert_to = parse_place("to", values);
}

void take_recover(const std::vector<std::string>& words, const program_options::variables_map& values,
                  CommandLine& line) {
  if (words.size() != 1 || values.count("force-new-cluster") == 0) {
    throw UsageError(
        "recover: expected 'recover --force-new-cluster --config FILE'; it is for a cluster whose majority is lost for "
        "good, and gives up every write that this node does not have");
  }
  if (line.action != Action::kRun) throw UsageError("recover and another action exclude each other");
  line.action = Action::kRecover;
  line.confirmed = values.count("yes") != 0;
  if (values.count("new-cluster-id") != 0) line.new_cluster_id = values["new-cluster-id"].as<std::string>();
}

void take_restore(const std::vector<std::string>& words, CommandLine& line) {
  if (words.size() < 2) {
    throw UsageError(
        "restore: found no argument, expected the file that tenonctl backup has written, and behind it those of "
        "tenonctl backup --since, in the order in which they were taken");
  }
  if (line.action != Action::kRun) throw UsageError("restore and another action exclude each other; give one of them");
  line.action = Action::kRestore;
  line.backup_files.assign(words.begin() + 1, words.end());
}

// What is no flag: a command and what it works on.
void take_command(const std::vector<std::string>& words, const program_options::variables_map& values,
                  CommandLine& line) {
  if (words.front() == "restore") return take_restore(words, line);
  if (words.front() == "storage") return take_convert(words, values, line);
  if (words.front() == "recover") return take_recover(words, values, line);
  throw UsageError(
      "found '" + words.front() +
      "', which is no command; the commands are restore FILE.., storage convert and recover, everything else is "
      "a flag, the configuration file --config");
}

std::string nearest_flag(const program_options::options_description& flags, const std::string& unknown) {
  std::vector<std::string> names;
  for (const auto& flag : flags.options()) names.push_back("--" + flag->long_name());
  return nearest_hint(unknown, names);
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string> arguments) {
  namespace style = program_options::command_line_style;
  const program_options::options_description flags = flag_table();
  program_options::options_description accepted;
  accepted.add(flags).add_options()("words", program_options::value<std::vector<std::string>>());
  program_options::positional_options_description positions;  // the parser keeps a reference
  positions.add("words", -1);
  program_options::variables_map values;
  try {
    const auto parsed = program_options::command_line_parser({arguments.begin(), arguments.end()})
                            .options(accepted)
                            .positional(positions)
                            .style(style::unix_style & ~style::allow_guessing & ~style::allow_short)
                            .run();
    program_options::store(parsed, values);
  } catch (const program_options::unknown_option& error) {
    throw UsageError("'" + error.get_option_name() + "' is no flag of tenond." +
                     nearest_flag(flags, error.get_option_name()));
  } catch (const program_options::error& error) {
    throw UsageError(error.what());
  }
  CommandLine line;
  line.action = parse_action(values);
  if (values.count("config") != 0) line.config_file = values["config"].as<std::string>();
  if (values.count("set") != 0) {
    for (const std::string& text : values["set"].as<std::vector<std::string>>()) {
      line.assignments.push_back(parse_assignment(text));
    }
  }
  if (values.count("words") != 0) take_command(values["words"].as<std::vector<std::string>>(), values, line);
  if (line.action != Action::kConvert && values.count("from") + values.count("to") != 0) {
    throw UsageError("--from and --to are flags of the command storage convert; write it before them");
  }
  if (line.action != Action::kRecover &&
      values.count("force-new-cluster") + values.count("new-cluster-id") + values.count("yes") != 0) {
    throw UsageError(
        "--force-new-cluster, --new-cluster-id and --yes are flags of the command recover; write it before "
        "them");
  }
  if (line.action == Action::kHelpPlugin) take_plugin(values["help-plugin"].as<std::string>(), line);
  return line;
}

std::string help_text() {
  std::ostringstream text;
  text << "tenond --config FILE [--set SECTION.KEY=VALUE ...]\n"
          "Runs one node of a replicated key-value server.\n\n"
          "tenond restore FILE [INCREMENTAL..] --config FILE [--set SECTION.KEY=VALUE ...]\n"
          "Fills the empty data directory of a new cluster's member from a backup, and ends. Do it for each member, "
          "with\n"
          "the same cluster.id, which is not that of the backup, and the same cluster.initial_members.\n\n"
          "tenond storage convert --from PLUGIN:DIR --to PLUGIN:DIR [--config FILE] [--set SECTION.KEY=VALUE ...]\n"
          "Gives what a node that does not run keeps to another storage plugin, compares all of it, and ends.\n\n"
          "tenond recover --force-new-cluster [--new-cluster-id ID] [--yes] --config FILE [--set SECTION.KEY=VALUE "
          "...]\n"
          "Makes what a node that does not run has a new cluster of that node alone, when the majority of the old one "
          "is\n"
          "lost for good; without --yes it says what would be done. Acknowledged writes that only lost nodes had are "
          "gone.\n\n"
       << flag_table()
       << "\nOptions, of the file's sections; each is also set by the variable TENON_SECTION_KEY and by --set:\n";
  std::string_view section;
  for (const Option& option : options()) {
    if (option.section != section) text << "\n[" << option.section << "]\n";
    section = option.section;
    text << "  " << option.name << " (" << describe_type(option);
    if (option.presence == Presence::kDefaulted) text << "; default " << option.default_value;
    if (option.presence == Presence::kRequired) text << "; required";
    text << ")\n      " << option.help << "\n";
    if (!option.danger.empty()) text << "      Danger: " << option.danger << "\n";
  }
  text << "\nOptions of plugins are in [storage.NAME] and [api.NAME]; tenond --help-plugin KIND.NAME lists them.\n"
          "Signals: SIGTERM and SIGINT stop the node, SIGHUP reads the configuration again (levels of the logger).\n"
          "Exit codes: 0 stopped as told, 1 the node cannot start or go on, 64 the command line is wrong,\n"
          "78 the configuration is refused.\n";
  return text.str();
}

}  // namespace tenon::config
