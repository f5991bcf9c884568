// SPDX-License-Identifier: MIT
// What a check function works with: the plugin, the options, a seed, a directory of its own, and the ways to end.
//
// A check that fails ends the process at once, from whichever thread: a plugin that broke a promise is not to be torn
// down in good order, and what it does then must not hide the reason.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/load.hpp"
#include "runner/check.hpp"
#include "runner/progress.hpp"
#include "runner/verdict.hpp"
#include "tenon/plugin.h"

namespace tenon::plugin_check {

struct Task {
  std::filesystem::path plugin;     // absolute
  plugin::Options options;          // as --set gives them
  std::filesystem::path directory;  // of this run of this check alone
  std::uint64_t seed = 1;
  Suite suite = Suite::smoke;
  std::uint64_t patience = 1;  // a factor: how much slower than usual this machine or build may be
};

class Subject {
 public:
  explicit Subject(Task task);
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  const Task& task() const noexcept { return task_; }
  bool full() const noexcept { return task_.suite == Suite::full; }
  // How long to wait for what a sound plugin does in `usual` at most.
  std::chrono::milliseconds patience(std::chrono::milliseconds usual) const {
    return usual * static_cast<std::int64_t>(task_.patience);
  }
  // A generator whose numbers follow from the seed and the salt.
  std::mt19937_64 generator(std::uint64_t salt = 0) const;
  Progress& progress() noexcept { return progress_; }

  // Without running any code of the plugin. Fails the check when the note is not valid.
  const plugin::Description& description();
  // Loads the library at the first call. Fails the check when it cannot be loaded. Control thread.
  const plugin::LoadedPlugin& plugin();

  // A new empty directory of mode 0700 below the check's own; absolute. A second one of the same name gets a number.
  std::filesystem::path new_directory(std::string_view name);

  // Keeps a line to be shown beside the verdict when the check passes: something that was measured. Any thread.
  void measured(const std::string& line);
  // Appends a line to what is shown when the check does not pass. Any thread.
  void note(std::string_view line);
  // Keeps an object until the process ends, so that a late call finds it. Any thread.
  void keep(std::shared_ptr<void> object);

  // Each ends the process. Any thread. The reason says what was found and what was expected.
  [[noreturn]] void pass();
  [[noreturn]] void fail(const std::string& reason);
  [[noreturn]] void skip(const std::string& reason);
  void expect(bool holds, const std::string& reason) {
    if (!holds) fail(reason);
  }

 private:
  [[noreturn]] void end(Verdict verdict, const std::string& reason);

  const Task task_;
  Progress progress_;
  std::optional<plugin::Description> description_;
  std::optional<plugin::LoadedPlugin> plugin_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<void>> kept_;
  std::string measurements_;
  int logger_descriptor_ = -1;
};

// "-13 (IO): words of the plugin", for messages.
std::string text_of(tenon_error error, const tenon_detail& why);
std::string text_of(tenon_error error);
// A detail as a caller hands it over.
tenon_detail new_detail() noexcept;

}  // namespace tenon::plugin_check
