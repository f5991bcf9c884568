// SPDX-License-Identifier: MIT
#include "runner/command_line.hpp"

#include <boost/program_options.hpp>
#include <sstream>

#include "tenon/option.hpp"

namespace tenon::plugin_check {
namespace {

namespace program_options = boost::program_options;

constexpr std::int64_t kPatienceMax = 1000;

program_options::options_description flags() {
  using program_options::value;
  program_options::options_description all("Flags");
  auto add = all.add_options();
  add("set", value<std::vector<std::string>>()->value_name("NAME=VALUE")->composing(),
      "an option of the plugin, as its section of the config would have it; may be given often");
  add("suite", value<std::string>()->value_name("smoke|full")->default_value("smoke"),
      "smoke: seconds; full: minutes, with every check and many more rounds");
  add("seed", value<std::string>()->value_name("N")->default_value("1"), "of all that is drawn at random");
  add("patience", value<std::string>()->value_name("FACTOR")->default_value("1"),
      "multiplies the time after which a check is taken to hang");
  add("list", "prints the checks for this plugin with what they promise, and runs none");
  add("keep", "keeps the directories of the checks that did not pass, and says where they are");
  add("junit", value<std::string>()->value_name("FILE"), "also writes the verdicts to FILE, as JUnit XML");
  add("help", "prints this text");
  return all;
}

program_options::options_description inner_flags() {
  using program_options::value;
  program_options::options_description all;
  auto add = all.add_options();
  add("words", value<std::vector<std::string>>());
  add("run-one", value<std::string>());
  add("directory", value<std::string>());
  return all;
}

std::uint64_t number(const program_options::variables_map& given, const char* name, std::int64_t min,
                     std::int64_t max) {
  const std::string& text = given[name].as<std::string>();
  const std::optional<std::int64_t> value = parse_integer(text);
  if (!value || *value < min || *value > max) {
    throw UsageError("--" + std::string(name) + ": found '" + text + "', expected " + std::to_string(min) + " to " +
                     std::to_string(max));
  }
  return static_cast<std::uint64_t>(*value);
}

plugin::Options settings(const std::vector<std::string>& texts) {
  plugin::Options options;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError("--set: found '" + text + "', expected NAME=VALUE");
    }
    if (!options.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      throw UsageError("--set: found '" + text.substr(0, equals) + "' twice, expected each option once");
    }
  }
  return options;
}

CommandLine line_of(const program_options::variables_map& given) {
  CommandLine line;
  if (given.count("words") == 0) throw UsageError("found no plugin, expected the path of a .so");
  line.names = given["words"].as<std::vector<std::string>>();
  line.plugin = line.names.front();
  line.names.erase(line.names.begin());
  if (given.count("set") != 0) line.options = settings(given["set"].as<std::vector<std::string>>());
  const std::string& suite = given["suite"].as<std::string>();
  if (suite != "smoke" && suite != "full") {
    throw UsageError("--suite: found '" + suite + "', expected smoke or full");
  }
  line.suite = suite == "full" ? Suite::full : Suite::smoke;
  line.seed = number(given, "seed", 0, std::numeric_limits<std::int64_t>::max());
  line.patience = number(given, "patience", 1, kPatienceMax);
  line.list = given.count("list") != 0;
  line.keep = given.count("keep") != 0;
  if (given.count("junit") != 0) line.junit = given["junit"].as<std::string>();
  if (given.count("run-one") != 0) line.run_one = given["run-one"].as<std::string>();
  if (given.count("directory") != 0) line.directory = given["directory"].as<std::string>();
  if (line.run_one.has_value() == line.directory.empty()) {
    throw UsageError("--run-one and --directory go together");
  }
  return line;
}

std::vector<std::string> shared_arguments(const CommandLine& line) {
  std::vector<std::string> words = {line.plugin.string()};
  for (const auto& [name, value] : line.options) {
    words.push_back("--set");
    words.push_back(name + "=" + value);
  }
  if (line.suite == Suite::full) words.insert(words.end(), {"--suite", "full"});
  words.insert(words.end(), {"--seed", std::to_string(line.seed)});
  if (line.patience != 1) words.insert(words.end(), {"--patience", std::to_string(line.patience)});
  return words;
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char character : word) quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
  return quoted + "'";
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text << "tenon-plugin-check PLUGIN.so [flags] [CHECK..]\n"
          "Finds out whether a plugin keeps the promises of tenon/plugin.h. Each check runs in a process of its own.\n"
          "CHECK is the name of a check, or how the names of several begin: storage. or storage.images\n"
          "Exit status: 0 nothing failed; 1 something failed, crashed or hung; 64 the command line is wrong.\n\n"
       << flags();
  return text.str();
}

std::optional<CommandLine> parse_command_line(std::span<const std::string> words) {
  program_options::options_description known = flags();  // what is parsed refers to it
  known.add(inner_flags());
  program_options::positional_options_description positions;
  positions.add("words", -1);
  program_options::variables_map given;
  try {
    const auto parsed = program_options::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
                            .options(known)
                            .positional(positions)
                            .run();
    program_options::store(parsed, given);
  } catch (const program_options::error& error) {
    throw UsageError(error.what());
  }
  if (given.count("help") != 0) return std::nullopt;
  return line_of(given);
}

std::vector<std::string> child_arguments(const CommandLine& line, const std::string& check,
                                         const std::filesystem::path& directory) {
  std::vector<std::string> words = shared_arguments(line);
  words.insert(words.end(), {"--run-one", check, "--directory", directory.string()});
  return words;
}

std::string replay_command(const CommandLine& line, const std::string& check) {
  std::string command = "tenon-plugin-check";
  for (const std::string& word : shared_arguments(line)) command += " " + quoted(word);
  return command + " " + check;
}

}  // namespace tenon::plugin_check
