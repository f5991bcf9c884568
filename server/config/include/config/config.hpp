// SPDX-License-Identifier: MIT
// The configuration of a node, read once at the start and never changed.
//
// A value comes from the strongest source that sets it: defaults < file < environment < flags. Its origin stays with
// it, so that whoever finds a fault later, the check of plugin options for one, can say where it was written.
//
// The file is INI. A line is `[section]`, `key = value`, blank or a comment, which begins with '#' or ';'; a '#' after
// white space ends a value too. The sections are those of option_table.hpp, and for each chosen plugin [KIND.NAME],
// whose keys are the plugin's own: they are kept here as text and checked against its manifest by core/plugin.
//
// All functions here may be called from any thread; nothing is global.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.hpp"
#include "fault/faults.hpp"

namespace tenon::config {

enum class Source { kDefault, kFile, kEnvironment, kFlag };  // the later is the stronger

struct Origin {
  Source source = Source::kDefault;
  std::string name;      // the file's path, the variable, or the flag with its key
  std::size_t line = 0;  // of a file, from 1

  // "default", "FILE:LINE", "environment NAME" or "flag --set KEY".
  std::string text() const;
};

struct Setting {
  std::string value;
  Origin origin;
};
using Section = std::map<std::string, Setting, std::less<>>;   // by key
using Sections = std::map<std::string, Section, std::less<>>;  // by section: "limits", "storage.filewal"
using Environment = std::map<std::string, std::string>;        // by variable

struct File {
  std::string name;  // as the user gave it
  std::string text;
};

// One --set section.key=value.
struct Assignment {
  std::string section;
  std::string key;
  std::string value;
};

struct Sources {
  std::optional<File> file;
  Environment environment;
  std::vector<Assignment> flags;  // of two for the same key the later holds
};

enum class Start { kNew, kJoin };
enum class PluginValidation { kOff, kReport, kAbort };
enum class Scheduling { kBatch, kInherit };
enum class LoggerLevel { kDebug, kInfo, kWarning, kError };
enum class LoggerFormat { kText, kJson };

// The least grave diagnostics that are written: of a room that is named, or of a part of it, and of the others.
struct LoggerLevels {
  LoggerLevel general = LoggerLevel::kInfo;
  std::map<std::string, LoggerLevel, std::less<>> of_rooms;  // by room: "raft", "storage", "storage.filewal"
  bool operator==(const LoggerLevels&) const = default;
};

struct Limits {
  std::uint64_t value_bytes_max = 0;
  std::uint64_t request_bytes_max = 0;  // >= value_bytes_max + kRequestOverheadBytes
  std::uint64_t scan_records_max = 0;
  std::uint64_t scan_bytes_max = 0;
  std::uint64_t inbox_bytes_max = 0;  // >= request_bytes_max
  std::uint64_t watch_history_bytes = 0;
  std::chrono::microseconds timeout_default{0};
  std::chrono::microseconds slow_operation{0};
};

// When images of the state are taken, and how they travel.
struct Snapshots {
  std::uint64_t log_bytes = 0;
  std::chrono::microseconds interval{0};  // 0: age is no reason
  std::uint64_t compression_level = 0;
  std::uint64_t take_bytes_per_second = 0;  // 0: no bound
  std::uint64_t log_held_bytes_max = 0;
  std::uint64_t send_bytes_per_second = 0;  // 0: no bound
};

// 3 * heartbeat_interval <= election_timeout_min < election_timeout_max
struct RaftTimes {
  std::chrono::microseconds heartbeat_interval{0};
  std::chrono::microseconds election_timeout_min{0};
  std::chrono::microseconds election_timeout_max{0};
  std::optional<std::chrono::microseconds> lease_drift;  // < election_timeout_min; nullopt: no lease reads
};

constexpr std::size_t kMembersMax = 16;

// What a request holds beside a largest value: a largest key (64 KiB) and room for its own encoding.
constexpr std::uint64_t kRequestOverheadBytes = std::uint64_t{68} * 1024;

// Addresses of nodes, by id: at least one each, URLs that passed is_url().
using Peers = std::map<std::uint64_t, std::vector<std::string>>;

struct Config {
  std::uint64_t node_id = 0;                              // 1 .. 2^63-1
  std::filesystem::path data_directory;                   // as written: relative to the working directory
  std::vector<std::filesystem::path> plugin_directories;  // absolute; empty: the program's own default
  std::chrono::microseconds drain_timeout{0};
  PluginValidation plugin_validation = PluginValidation::kOff;
  Scheduling scheduling = Scheduling::kBatch;
  std::string cluster_id;
  std::optional<Start> start;                  // absent: only a directory that holds a node already can be served
  std::vector<std::uint64_t> initial_members;  // ascending, node_id among them; empty when not set, never with kNew
  Peers peers;                                 // of every initial member but node_id, which may be there too
  Peers join;                                  // members that are asked to take this node in; only with kJoin
  RaftTimes raft;
  Snapshots snapshots;
  std::string storage_plugin;
  std::vector<std::string> transport_plugins;  // in order of preference, no name twice; not empty when there are peers
  std::vector<std::string> api_plugins;        // at least one, no name twice
  std::optional<std::vector<std::string>> advertise;  // URLs, whose schemes are of api_plugins; absent: by `listen`
  Limits limits;
  LoggerLevels logger_levels;
  LoggerFormat logger_format = LoggerFormat::kText;
  std::optional<std::filesystem::path> logger_file;  // absent: standard error
  fault::StorageFaults storage_faults;
  fault::TransportFaults transport_faults;

  // Every option of the table that has a value, defaults too, and the section of every chosen plugin, present though it
  // may be empty.
  Sections settings;

  // The options given for a chosen plugin; `kind` is storage, transport or api. Lives as long as this Config.
  const Section& plugin_section(std::string_view kind, std::string_view name) const;
};

// What --list-plugins and --help-plugin need of a configuration: it may lack required options.
struct PluginSearch {
  std::vector<std::filesystem::path> plugin_directories;
};

// Reads a whole file. Throws ConfigError naming it when it cannot be read, is a directory, or is larger than 1 MiB.
File read_config_file(const std::filesystem::path& path);

// Those of `environment` (NAME=VALUE, ended by a null pointer, as the C library's environ) that begin with TENON_.
Environment tenon_environment(const char* const* environment);

// Throws ConfigError for the first fault: an unknown section, key or variable (with the nearest name), a key twice in
// the file, a malformed or missing value, a value out of range, a section of a plugin that is not chosen, and what is
// not in this version. Reads nothing but its argument.
Config load(const Sources& sources);

// As load(), but what is missing is not a fault.
PluginSearch load_plugin_search(const Sources& sources);

// As load(), but what is missing is not a fault: of the members, node_id and cluster_id where they are set, the plugin
// directories, the logger's and the settings count. `storage_plugins` are chosen beside what the sources choose, so
// that each may have its section.
Config load_conversion(const Sources& sources, std::span<const std::string> storage_plugins);

// The options, as section.key, whose values differ, those of plugins too.
std::vector<std::string> changed_options(const Config& before, const Config& after);

// Every option with its value and origin, one a line, in sections, those of the table first; an option without a value
// is a comment that says so. Give it Config::settings, with plugin defaults added and secrets masked by the caller.
std::string print_settings(const Sections& settings);

}  // namespace tenon::config
