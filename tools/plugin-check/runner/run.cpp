// SPDX-License-Identifier: MIT
#include "runner/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <system_error>

#include "plugin/inspect.hpp"
#include "plugin/nearest_name.hpp"
#include "runner/child.hpp"
#include "runner/command_line.hpp"
#include "runner/report.hpp"
#include "runner/subject.hpp"

namespace tenon::plugin_check {
namespace {

using Chosen = std::vector<const Check*>;

// A directory for all children of this run, removed at the end unless something in it is kept.
class WorkDirectory {
 public:
  WorkDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "tenon-plugin-check-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), path + ": cannot be made");
    }
    path_ = std::filesystem::canonical(path);
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory() {
    std::error_code ignored;  // what cannot be removed stays in the directory for temporary files
    if (std::filesystem::is_empty(path_, ignored)) std::filesystem::remove(path_, ignored);
  }

  std::filesystem::path new_child(const std::string& check) const {
    std::filesystem::path child = path_ / check;
    std::filesystem::create_directory(child);
    std::filesystem::permissions(child, std::filesystem::perms::owner_all);
    return child;
  }

 private:
  std::filesystem::path path_;
};

bool names(const std::string& given, const Check& check) { return check.name.starts_with(given); }

// What to run of the checks for this kind.
Chosen choose(const Checks& catalogue, std::optional<plugin::Kind> kind, const CommandLine& line) {
  Chosen chosen;
  for (const Check& check : catalogue) {
    if (check.kind && check.kind != kind) continue;
    const bool named =
        std::any_of(line.names.begin(), line.names.end(), [&](const std::string& name) { return names(name, check); });
    if (line.names.empty() ? line.list || check.suite <= line.suite : named) chosen.push_back(&check);
  }
  for (const std::string& name : line.names) {
    if (std::any_of(chosen.begin(), chosen.end(), [&](const Check* check) { return names(name, *check); })) continue;
    std::vector<std::string> known;
    for (const Check& check : catalogue) known.push_back(check.name);
    throw UsageError("found the check '" + name + "', expected one for a plugin of this kind; perhaps " +
                     plugin::nearest_name(name, known) + "; --list shows them");
  }
  return chosen;
}

// Runs one check in this process, which is a child made for that.
[[noreturn]] void run_one(const Checks& catalogue, const CommandLine& line) {
  const auto found =
      std::find_if(catalogue.begin(), catalogue.end(), [&](const Check& check) { return check.name == *line.run_one; });
  if (found == catalogue.end()) throw UsageError("--run-one: there is no check '" + *line.run_one + "'");
  Subject subject({line.plugin, line.options, line.directory, line.seed, line.suite, line.patience});
  try {
    found->run(subject);
  } catch (const std::exception& error) {
    subject.fail(std::string("the check itself failed: ") + error.what());
  }
  subject.pass();
}

void write_junit(const CommandLine& line, const std::vector<Reported>& all) {
  std::ofstream file(*line.junit, std::ios::trunc);
  file << junit_text(line.plugin.filename().string(), all);
  file.flush();
  if (!file) throw std::runtime_error(line.junit->string() + ": cannot be written; choose another --junit FILE");
}

Reported run_check(const Check& check, const CommandLine& line, const WorkDirectory& work) {
  const std::filesystem::path directory = work.new_child(check.name);
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(check.patience) * line.patience;
  Reported reported{&check,
                    run_child({child_arguments(line, check.name, directory), directory, patience}),
                    replay_command(line, check.name),
                    {}};
  const Verdict verdict = reported.outcome.result.verdict;
  if (line.keep && verdict != Verdict::pass && verdict != Verdict::skip) {
    reported.kept = directory.string();
  } else {
    std::error_code ignored;  // what cannot be removed stays in the directory for temporary files
    std::filesystem::remove_all(directory, ignored);
  }
  return reported;
}

int run_all(const Chosen& chosen, const CommandLine& line, std::ostream& output) {
  const WorkDirectory work;
  std::vector<Reported> all;
  for (const Check* const check : chosen) {
    all.push_back(run_check(*check, line, work));
    print(output, all.back());
    const bool ends_all = check->name == kNoteCheck || check->name == kLoadCheck;
    if (!ends_all || all.back().outcome.result.verdict == Verdict::pass) continue;
    output << "What cannot be loaded cannot be checked any further.\n";
    break;
  }
  output << summary(all) << "\n";
  if (line.junit) write_junit(line, all);
  return any_failed(all) ? kExitFailed : 0;
}

// A network plugin that is not told where to listen does so at a port that is free.
void set_listen(const plugin::Manifest& manifest, plugin::Options& options) {
  for (const plugin::OptionDeclaration& option : manifest.options) {
    if (option.name == "listen") options.emplace("listen", "127.0.0.1:0");
  }
}

int run_line(const Checks& catalogue, CommandLine line, std::ostream& output) {
  line.plugin = std::filesystem::absolute(line.plugin).lexically_normal();
  std::optional<plugin::Kind> kind;  // nullopt: the check of the note will say why
  try {
    const plugin::Description description = plugin::inspect(line.plugin);
    kind = description.manifest.kind;
    set_listen(description.manifest, line.options);
    plugin::check_options(description.manifest.options, line.options, line.plugin.filename().string());
    output << line.plugin.filename().string() << ": " << description.manifest.id << " " << description.manifest.version
           << ", seed " << line.seed << "\n";
  } catch (const plugin::Refusal& refusal) {
    if (kind) throw UsageError(std::string("--set: ") + refusal.what());
    line.names = {kNoteCheck};
  }
  const Chosen chosen = choose(catalogue, kind, line);
  if (!line.list) return run_all(chosen, line, output);
  print_list(output, chosen);
  return 0;
}

}  // namespace

int run(const Checks& catalogue, std::span<const std::string> words, std::ostream& output, std::ostream& errors) {
  try {
    const std::optional<CommandLine> line = parse_command_line(words);
    if (!line) {
      output << help_text();
      return 0;
    }
    if (line->run_one) run_one(catalogue, *line);
    return run_line(catalogue, *line, output);
  } catch (const UsageError& error) {
    errors << "tenon-plugin-check: " << error.what() << "; --help lists the flags\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    errors << "tenon-plugin-check: " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace tenon::plugin_check
