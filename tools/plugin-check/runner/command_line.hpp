// SPDX-License-Identifier: MIT
// The flags of tenon-plugin-check.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugin/options.hpp"
#include "runner/check.hpp"

namespace tenon::plugin_check {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CommandLine {
  std::filesystem::path plugin;    // as given
  std::vector<std::string> names;  // checks or the beginning of their names; empty: those of the suite
  plugin::Options options;
  Suite suite = Suite::smoke;
  std::uint64_t seed = 1;
  std::uint64_t patience = 1;  // times the patience of each check
  bool list = false;
  bool keep = false;
  std::optional<std::filesystem::path> junit;
  std::optional<std::string> run_one;  // in a child: the check
  std::filesystem::path directory;     // in a child: its own
};

std::string help_text();

// nullopt: help is asked for. Throws UsageError.
std::optional<CommandLine> parse_command_line(std::span<const std::string> words);

// The arguments that make a child of `line` run this check in this directory.
std::vector<std::string> child_arguments(const CommandLine& line, const std::string& check,
                                         const std::filesystem::path& directory);

// The command that runs this check alone again, for a shell.
std::string replay_command(const CommandLine& line, const std::string& check);

}  // namespace tenon::plugin_check
