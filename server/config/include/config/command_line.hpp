// SPDX-License-Identifier: MIT
// The command line of tenond.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/storage_place.hpp"

namespace tenon::config {

enum class Action {
  kRun,
  kCheckConfig,
  kPrintConfig,
  kListPlugins,
  kHelpPlugin,
  kVersion,
  kHelp,
  kRestore,
  kConvert,
  kRecover
};

struct CommandLine {
  Action action = Action::kRun;
  std::optional<std::filesystem::path> config_file;
  std::vector<Assignment> assignments;
  std::string plugin_kind;  // of kHelpPlugin: storage, transport or api
  std::string plugin_name;
  std::vector<std::filesystem::path> backup_files;  // of kRestore; a full one first
  StoragePlace convert_from;                        // of kConvert, as is the next
  StoragePlace convert_to;
  std::string new_cluster_id;  // of kRecover; empty: one is to be made
  bool confirmed = false;      // of kRecover
};

// `arguments` are those after the program's name. Throws UsageError for what is no flag of tenond (with the nearest
// one), a flag without its value, an argument that is neither a flag nor a command, more than one action, and a
// malformed --set, --help-plugin, --from or --to. Opens nothing.
CommandLine parse_command_line(std::span<const std::string> arguments);

// What --help prints: usage, flags, and every option of the table with its type, default and meaning.
std::string help_text();

}  // namespace tenon::config
