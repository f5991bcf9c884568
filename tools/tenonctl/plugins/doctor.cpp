// SPDX-License-Identifier: MIT
#include "doctor.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "dynamic_linker.hpp"
#include "plugin/inspect.hpp"
#include "plugin/linkage.hpp"
#include "running_copies.hpp"

namespace tenon::tenonctl {
namespace {

using plugin::Linkage;
using plugin::Refusal;
using plugin::RefusalKind;
using Weight = Finding::Weight;

constexpr std::size_t kNamesShown = 8;

struct Sanitizer {
  std::string_view flag;    // of the compiler
  std::string_view prefix;  // of its symbols, which its library or the program has
  std::string_view library;
};
constexpr Sanitizer kSanitizers[] = {
    {"address", "__asan_", "libasan.so"},
    {"thread", "__tsan_", "libtsan.so"},
    {"memory", "__msan_", "libmsan.so"},
};

// The one that this program was built with, and so the server of the same build.
#if defined(__has_feature)
#define TENON_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TENON_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || TENON_HAS_FEATURE(address_sanitizer)
constexpr std::string_view kOwnSanitizer = "address";
#elif defined(__SANITIZE_THREAD__) || TENON_HAS_FEATURE(thread_sanitizer)
constexpr std::string_view kOwnSanitizer = "thread";
#else
constexpr std::string_view kOwnSanitizer;
#endif

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamesShown) text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  return text;
}

class Examination {
 public:
  explicit Examination(const std::filesystem::path& file) : file_(file) {}

  std::vector<Finding> run() {
    take_refusal([&] { plugin::resolve(plugin::Kind::storage, file_.string(), {}); });
    if (!look_inside()) return std::move(findings_);
    const Linkage linkage = plugin::read_linkage(file_);
    check_sanitizers(linkage);
    check_libraries();
    check_exports(linkage);
    check_flags(linkage);
    check_running();
    return std::move(findings_);
  }

 private:
  void add(Weight weight, const std::string& text) { findings_.push_back({weight, text}); }

  // Returns the refusal's kind; nullopt: there was none.
  template <class Body>
  std::optional<RefusalKind> take_refusal(Body body) {
    try {
      body();
      return std::nullopt;
    } catch (const Refusal& refusal) {
      add(Weight::refused, refusal.what());
      return refusal.kind();
    }
  }

  // Whether it is a library of this machine, so that more can be asked of it.
  bool look_inside() {
    const std::optional<RefusalKind> kind = take_refusal([&] {
      const plugin::Description description = plugin::inspect(file_);
      check_name(description.manifest.kind);
    });
    return !kind || *kind == RefusalKind::not_a_plugin || *kind == RefusalKind::other_abi ||
           *kind == RefusalKind::malformed_manifest;
  }

  // A server finds a plugin by the name of its file.
  void check_name(plugin::Kind kind) {
    const std::string name = file_.filename().string();
    const std::string begin = "tenon-" + std::string(plugin::file_word(kind)) + "-";
    if (name.starts_with(begin) && name.ends_with(".so") && name.size() > begin.size() + 3) return;
    add(Weight::risky, file_.string() + ": found the name " + name + ", expected " + begin +
                           "NAME.so, by which a config finds it as NAME. Rename it, or give its path in the config.");
  }

  void check_sanitizers(const Linkage& linkage) {
    for (const Sanitizer& sanitizer : kSanitizers) {
      const auto has_prefix = [&](const std::string& symbol) { return symbol.starts_with(sanitizer.prefix); };
      const auto is_library = [&](const std::string& library) { return library.starts_with(sanitizer.library); };
      if (std::none_of(linkage.undefined.begin(), linkage.undefined.end(), has_prefix) &&
          std::none_of(linkage.needed.begin(), linkage.needed.end(), is_library)) {
        continue;
      }
      sanitizer_prefix_ = sanitizer.prefix;
      if (sanitizer.flag == kOwnSanitizer) continue;
      add(Weight::refused, file_.string() + ": found a build with the " + std::string(sanitizer.flag) +
                               " sanitizer, which ends every process that was not built with it too. Build it without "
                               "-fsanitize=" +
                               std::string(sanitizer.flag) + ", or use a server that was built with it.");
    }
  }

  void check_libraries() {
    const Resolution resolution = resolve_libraries(file_);
    if (!resolution.missing_libraries.empty()) {
      add(Weight::refused, file_.string() +
                               ": needs libraries that are not found: " + joined(resolution.missing_libraries) +
                               ". Install the packages that have them (`apt-file search NAME` says which).");
    }
    std::vector<std::string> undefined = resolution.undefined_symbols;
    std::erase_if(undefined, [&](const std::string& symbol) {
      return !sanitizer_prefix_.empty() && symbol.starts_with(sanitizer_prefix_);
    });
    // What a missing library would have is no news.
    if (!undefined.empty() && resolution.missing_libraries.empty()) {
      add(Weight::refused, file_.string() + ": has symbols that are defined nowhere: " + joined(undefined) +
                               ". Link it with the libraries that have them; -Wl,-z,defs lets the linker say which "
                               "are missing.");
    }
    if (!resolution.other_troubles.empty()) {
      add(Weight::refused, file_.string() + ": the dynamic linker says: " + joined(resolution.other_troubles) +
                               ". Build it on this system, or on one that is as old.");
    }
  }

  void check_exports(const Linkage& linkage) {
    const std::string object = "tenon_plugin_v1";
    std::vector<std::string> others = linkage.exported;
    if (std::erase(others, object) == 0) {
      add(Weight::refused, file_.string() + ": does not export " + object +
                               ". Define the plugin with TENON_PLUGIN or a macro above it, and link with the version "
                               "script { global: tenon_plugin_v*; local: *; };");
    }
    if (!others.empty()) {
      add(Weight::risky, file_.string() + ": exports more than " + object + ": " + joined(others) +
                             ". Others in the process may come to use them, or it theirs. Link with the version script "
                             "that `pkg-config --variable=version_script tenon-plugin` names.");
    }
  }

  void check_flags(const Linkage& linkage) {
    if (!linkage.binds_now) {
      add(Weight::risky, file_.string() +
                             ": is not linked with -Wl,-z,now. Link it with -Wl,-z,defs,-z,now, so that "
                             "what is missing is said when it is built.");
    }
    if (linkage.has_text_relocations) {
      add(Weight::risky, file_.string() +
                             ": has code that is written to when it is loaded. Build every part of it with "
                             "-fPIC.");
    }
    if (linkage.has_executable_stack) {
      add(Weight::risky, file_.string() +
                             ": asks for an executable stack, which the whole process then gets. Link it "
                             "with -Wl,-z,noexecstack.");
    }
    for (const std::string& path : linkage.search_paths) {
      if (path.starts_with('/') || path.starts_with("$ORIGIN") || path.starts_with("${ORIGIN}")) continue;
      add(Weight::risky, file_.string() + ": looks for libraries in '" + path +
                             "', which depends on where the server is started. Link it without that -Wl,-rpath.");
    }
  }

  void check_running() {
    for (const RunningCopy& copy : running_copies(file_)) {
      const std::string process = "the process " + std::to_string(copy.process);
      if (copy.state == RunningCopy::State::overwritten) {
        add(Weight::risky, file_.string() + ": was overwritten in place while " + process +
                               " runs it, which may end at any moment. Restart it now, and install the next version by "
                               "renaming a whole file into place (`install`, `mv`), never with `cp`.");
      } else if (copy.state == RunningCopy::State::replaced) {
        add(Weight::risky,
            file_.string() + ": " + process + " runs the version that was here before. Restart it to use this one.");
      }
    }
  }

  const std::filesystem::path file_;
  std::vector<Finding> findings_;
  std::string_view sanitizer_prefix_;  // of the one it was built with
};

}  // namespace

std::vector<Finding> examine(const std::filesystem::path& file) { return Examination(file).run(); }

}  // namespace tenon::tenonctl
