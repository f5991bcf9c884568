// SPDX-License-Identifier: MIT
// What can be found out about the file of a plugin, and by loading it.
#include <filesystem>

#include "lifecycle/checks.hpp"
#include "plugin/linkage.hpp"
#include "plugin/refusal.hpp"
#include "runner/run.hpp"
#include "runner/subject.hpp"

namespace tenon::plugin_check {
namespace {

std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t word = 0; word < words.size() && word < kShown; ++word)
    text += (word == 0 ? "" : ", ") + words[word];
  if (words.size() > kShown) text += " and " + std::to_string(words.size() - kShown) + " more";
  return words.empty() ? "none" : text;
}

void check_note(Subject& subject) { subject.description(); }

plugin::Linkage linkage_of(Subject& subject) {
  try {
    return plugin::read_linkage(subject.task().plugin);
  } catch (const plugin::Refusal& refusal) {
    subject.fail(refusal.what());
  }
}

void check_exports(Subject& subject) {
  const plugin::Linkage file = linkage_of(subject);
  subject.expect(file.unique.empty(),
                 "symbols that the dynamic linker merges over the process: " + joined(file.unique) +
                     "; expected none, for two plugins would share what each believes to be its own. Build with "
                     "-fno-gnu-unique (define_plugin.h)");
  subject.expect(file.exported == std::vector<std::string>{"tenon_plugin_v1"},
                 "exported symbols: " + joined(file.exported) +
                     "; expected tenon_plugin_v1 alone. Link with the version script { global: tenon_plugin_v*; local: "
                     "*; }; (define_plugin.h)");
}

void check_link(Subject& subject) {
  const plugin::Linkage file = linkage_of(subject);
  subject.expect(!file.has_text_relocations,
                 "it has text relocations; expected code that is not written to when it is "
                 "loaded. Build every part with -fPIC");
  subject.expect(!file.has_executable_stack,
                 "it asks for an executable stack; expected none. Link with "
                 "-Wl,-z,noexecstack, and mark assembly sources so");
  subject.expect(file.binds_now,
                 "it binds symbols lazily; expected all of them when it is loaded, not the process to "
                 "die at the first call. Link with -Wl,-z,defs,-z,now (define_plugin.h)");
  for (const std::string& path : file.search_paths) {
    const bool sound = path.starts_with("/") || path.starts_with("$ORIGIN");
    subject.expect(sound, "it searches libraries in '" + path +
                              "', which depends on the working directory; expected "
                              "an absolute path or $ORIGIN, or no path");
  }
}

void check_loads(Subject& subject) {
  const plugin::LoadedPlugin& loaded = subject.plugin();
  for (const std::string& warning : loaded.warnings) subject.fail(warning);
}

}  // namespace

Checks static_checks() {
  return {
      {kNoteCheck,
       {},
       Suite::smoke,
       "the note is there and its manifest keeps the grammar (define_plugin.h)",
       std::chrono::seconds(10),
       check_note},
      {"plugin.exports",
       {},
       Suite::smoke,
       "it exports tenon_plugin_v1 and nothing else (define_plugin.h)",
       std::chrono::seconds(10),
       check_exports},
      {"plugin.link",
       {},
       Suite::smoke,
       "it is linked without text relocations, executable stack, lazy binding and relative search paths",
       std::chrono::seconds(10),
       check_link},
      {kLoadCheck,
       {},
       Suite::smoke,
       "it loads with every library and symbol found, and its object fits its note (define_plugin.h)",
       std::chrono::seconds(20),
       check_loads},
  };
}

}  // namespace tenon::plugin_check
