// SPDX-License-Identifier: MIT
#include "values.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "cluster.hpp"
#include "faults.hpp"
#include "ini.hpp"
#include "refusal.hpp"
#include "settings.hpp"
#include "tenon/check.hpp"
#include "tenon/option.hpp"

namespace tenon::config {
namespace {

// The number that a text of this type stands for; nullopt for another form.
std::optional<std::int64_t> parse_number(OptionType type, std::string_view text) {
  if (type == OptionType::kInteger) return parse_integer(text);
  if (type == OptionType::kSize) {
    const std::optional<std::uint64_t> size = parse_size(text);
    if (!size) return std::nullopt;
    return static_cast<std::int64_t>(*size);
  }
  const std::optional<std::chrono::microseconds> duration = parse_duration(text);
  if (!duration) return std::nullopt;
  return duration->count();
}

bool has_choice(std::string_view choices, std::string_view wanted) {
  while (true) {
    const std::size_t end = choices.find('|');
    if (choices.substr(0, end) == wanted) return true;
    if (end == std::string_view::npos) return false;
    choices.remove_prefix(end + 1);
  }
}

std::string parse_cluster_id(const Setting& setting) {
  const std::string& id = setting.value;
  const bool right = !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '_' || letter == '-';
  });
  if (!right) {
    refuse(setting.origin, "cluster", "id", "found '" + id + "', expected 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  return id;
}

void check_limits(const Settings& settings, const Limits& limits) {
  if (limits.request_bytes_max < limits.value_bytes_max + kRequestOverheadBytes) {
    const Setting& request = settings.get("limits", "request_bytes_max");
    const Setting& value = settings.get("limits", "value_bytes_max");
    refuse(request.origin, "limits", "request_bytes_max",
           "found " + request.value + ", but a request with one value of limits.value_bytes_max (" + value.value +
               ", " + value.origin.text() + ") needs " +
               std::to_string(limits.value_bytes_max + kRequestOverheadBytes) +
               " bytes; raise the one or lower the other");
  }
  if (limits.inbox_bytes_max < limits.request_bytes_max) {
    const Setting& inbox = settings.get("limits", "inbox_bytes_max");
    const Setting& request = settings.get("limits", "request_bytes_max");
    refuse(inbox.origin, "limits", "inbox_bytes_max",
           "found " + inbox.value + ", which does not hold one request of limits.request_bytes_max (" + request.value +
               ", " + request.origin.text() + "); raise the one or lower the other");
  }
}

Limits make_limits(const Settings& settings) {
  Limits limits;
  limits.value_bytes_max = settings.count("limits", "value_bytes_max");
  limits.request_bytes_max = settings.count("limits", "request_bytes_max");
  limits.scan_records_max = settings.count("limits", "scan_records_max");
  limits.scan_bytes_max = settings.count("limits", "scan_bytes_max");
  limits.inbox_bytes_max = settings.count("limits", "inbox_bytes_max");
  limits.watch_history_bytes = settings.count("limits", "watch_history_bytes");
  limits.timeout_default = settings.duration("limits", "timeout_default");
  limits.slow_operation = settings.duration("limits", "slow_operation");
  check_limits(settings, limits);
  return limits;
}

Snapshots make_snapshots(const Settings& settings) {
  Snapshots snapshots;
  snapshots.log_bytes = settings.count("snapshot", "log_bytes");
  snapshots.interval = settings.duration("snapshot", "interval");
  snapshots.compression_level = settings.count("snapshot", "compression_level");
  snapshots.take_bytes_per_second = settings.count("snapshot", "take_bytes_per_second");
  snapshots.log_held_bytes_max = settings.count("snapshot", "log_held_bytes_max");
  snapshots.send_bytes_per_second = settings.count("snapshot", "send_bytes_per_second");
  return snapshots;
}

std::optional<LoggerLevel> parse_logger_level(std::string_view text) {
  if (text == "debug") return LoggerLevel::kDebug;
  if (text == "info") return LoggerLevel::kInfo;
  if (text == "warning") return LoggerLevel::kWarning;
  if (text == "error") return LoggerLevel::kError;
  return std::nullopt;
}

PluginValidation parse_plugin_validation(std::string_view text) {
  if (text == "report") return PluginValidation::kReport;
  return text == "abort" ? PluginValidation::kAbort : PluginValidation::kOff;
}

// Needs: the plugins of `config` are set.
std::vector<std::string> logger_rooms(const Config& config) {
  std::vector<std::string> rooms = {"raft", "node", "server", "logger", "storage", "transport", "api"};
  rooms.push_back("storage." + config.storage_plugin);
  for (const std::string& name : config.transport_plugins) rooms.push_back("transport." + name);
  for (const std::string& name : config.api_plugins) rooms.push_back("api." + name);
  return rooms;
}

LoggerLevels make_logger_levels(const Settings& settings, const Config& config) {
  LoggerLevels levels;
  const std::optional<LoggerLevel> general = parse_logger_level(settings.get("logger", "level").value);
  TENON_CHECK(general.has_value());
  levels.general = *general;
  const Setting* of_rooms = settings.find("logger", "levels");
  if (of_rooms == nullptr) return levels;
  const std::vector<std::string> rooms = logger_rooms(config);
  for (const std::string& item : list_items("logger", "levels", *of_rooms)) {
    const std::size_t equals = item.find('=');
    const std::string room(trimmed(std::string_view(item).substr(0, equals)));
    std::optional<LoggerLevel> level;
    if (equals != std::string::npos) level = parse_logger_level(trimmed(std::string_view(item).substr(equals + 1)));
    if (!level) {
      refuse(of_rooms->origin, "logger", "levels",
             "found '" + item + "', expected ROOM=LEVEL with LEVEL debug, info, warning or error, as in raft=debug");
    }
    if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) {
      refuse(of_rooms->origin, "logger", "levels",
             "there is no room '" + room + "' in this configuration." + nearest_hint(room, rooms));
    }
    if (!levels.of_rooms.emplace(room, *level).second) {
      refuse(of_rooms->origin, "logger", "levels", "'" + room + "' is named twice; name it once");
    }
  }
  return levels;
}

RaftTimes make_raft_times(const Settings& settings) {
  RaftTimes times;
  times.heartbeat_interval = settings.duration("raft", "heartbeat_interval");
  times.election_timeout_min = settings.duration("raft", "election_timeout_min");
  times.election_timeout_max = settings.duration("raft", "election_timeout_max");
  const Setting& heartbeat = settings.get("raft", "heartbeat_interval");
  const Setting& min = settings.get("raft", "election_timeout_min");
  const Setting& max = settings.get("raft", "election_timeout_max");
  if (times.election_timeout_min < 3 * times.heartbeat_interval) {
    refuse(min.origin, "raft", "election_timeout_min",
           "found " + min.value + ", but it is at least three times raft.heartbeat_interval (" + heartbeat.value +
               ", " + heartbeat.origin.text() +
               "), so that one late heartbeat deposes nobody; raise the one or lower "
               "the other");
  }
  if (times.election_timeout_max <= times.election_timeout_min) {
    refuse(max.origin, "raft", "election_timeout_max",
           "found " + max.value + ", but it is more than raft.election_timeout_min (" + min.value + ", " +
               min.origin.text() + "); about twice that is good");
  }
  if (settings.get("raft", "lease_reads").value == "on") {
    const auto percent = static_cast<std::int64_t>(settings.count("raft", "lease_drift_percent"));
    times.lease_drift = times.election_timeout_min * percent / 100;
  }
  return times;
}

}  // namespace

const Setting* Settings::find(std::string_view section, std::string_view key) const {
  const auto in = sections_.find(section);
  if (in == sections_.end()) return nullptr;
  const auto found = in->second.find(key);
  return found == in->second.end() ? nullptr : &found->second;
}

const Setting& Settings::get(std::string_view section, std::string_view key) const {
  const Setting* setting = find(section, key);
  TENON_CHECK(setting != nullptr);
  return *setting;
}

std::int64_t Settings::number(std::string_view section, std::string_view key) const {
  const Option* option = find_option(section, key);
  TENON_CHECK(option != nullptr);
  const std::optional<std::int64_t> value = parse_number(option->type, get(section, key).value);
  TENON_CHECK(value.has_value());
  return *value;
}

std::uint64_t Settings::count(std::string_view section, std::string_view key) const {
  return static_cast<std::uint64_t>(number(section, key));
}

std::chrono::microseconds Settings::duration(std::string_view section, std::string_view key) const {
  return std::chrono::microseconds(number(section, key));
}

void check_value(const Option& option, const Setting& setting) {
  const std::string found = "found '" + setting.value + "', expected ";
  switch (option.type) {
    case OptionType::kInteger:
    case OptionType::kSize:
    case OptionType::kDuration: {
      const std::optional<std::int64_t> value = parse_number(option.type, setting.value);
      const std::optional<std::int64_t> min = parse_number(option.type, option.min);
      const std::optional<std::int64_t> max = parse_number(option.type, option.max);
      TENON_CHECK(min.has_value() && max.has_value());
      if (!value || *value < *min || *value > *max) {
        refuse(setting.origin, option.section, option.name, found + describe_type(option));
      }
      return;
    }
    case OptionType::kChoice:
      if (!has_choice(option.choices, setting.value)) {
        refuse(setting.origin, option.section, option.name, found + describe_type(option));
      }
      return;
    case OptionType::kText:
    case OptionType::kList:
      if (setting.value.empty()) {
        refuse(setting.origin, option.section, option.name,
               "the value is empty; give one, or remove the key to leave it unset");
      }
      return;
  }
}

std::vector<std::string> list_items(std::string_view section, std::string_view key, const Setting& setting) {
  std::vector<std::string> items;
  std::string_view rest = setting.value;
  while (true) {
    const std::size_t end = rest.find(',');
    const std::string_view item = trimmed(rest.substr(0, end));
    if (item.empty()) {
      refuse(setting.origin, section, key,
             "found '" + setting.value + "', which has an empty item; write a single comma between two items");
    }
    items.emplace_back(item);
    if (end == std::string_view::npos) return items;
    rest.remove_prefix(end + 1);
  }
}

std::vector<std::filesystem::path> parse_plugin_directories(const Setting& setting) {
  std::vector<std::filesystem::path> directories;
  std::string_view rest = setting.value;
  while (true) {
    const std::size_t end = rest.find(':');
    const std::filesystem::path directory(rest.substr(0, end));
    if (!directory.is_absolute()) {
      refuse(setting.origin, "node", "plugin_directories",
             "found '" + directory.string() +
                 "', expected absolute directories separated by ':', so that what is "
                 "loaded does not depend on where the server was started");
    }
    directories.push_back(directory);
    if (end == std::string_view::npos) return directories;
    rest.remove_prefix(end + 1);
  }
}

namespace {

// Needs: the names of the plugins, which have rooms.
void take_logger(const Settings& settings, Config& config) {
  config.logger_levels = make_logger_levels(settings, config);
  config.logger_format = settings.get("logger", "format").value == "json" ? LoggerFormat::kJson : LoggerFormat::kText;
  if (const Setting* file = settings.find("logger", "file")) {
    if (file->value.empty()) refuse(file->origin, "logger", "file", "found nothing, expected the path of a file");
    config.logger_file = file->value;
  }
}

}  // namespace

Config make_config(Sections given) {
  const Settings settings(given);
  Config config;
  config.node_id = settings.count("node", "id");
  config.data_directory = settings.get("node", "data_directory").value;
  if (const Setting* directories = settings.find("node", "plugin_directories")) {
    config.plugin_directories = parse_plugin_directories(*directories);
  }
  config.drain_timeout = settings.duration("node", "drain_timeout");
  config.plugin_validation = parse_plugin_validation(settings.get("node", "plugin_validation").value);
  const bool inherits = settings.get("node", "scheduling").value == "inherit";
  config.scheduling = inherits ? Scheduling::kInherit : Scheduling::kBatch;
  config.cluster_id = parse_cluster_id(settings.get("cluster", "id"));
  config.raft = make_raft_times(settings);
  config.snapshots = make_snapshots(settings);
  config.storage_plugin = settings.get("storage", "plugin").value;
  if (const Setting* transports = settings.find("transport", "plugin")) {
    config.transport_plugins = list_items("transport", "plugin", *transports);
  }
  config.api_plugins = list_items("api", "plugin", settings.get("api", "plugin"));
  read_cluster(settings, config);
  config.limits = make_limits(settings);
  take_logger(settings, config);
  read_faults(settings, config);
  config.settings = std::move(given);
  return config;
}

Config make_partial_config(Sections given) {
  const Settings settings(given);
  Config config;
  if (settings.find("node", "id") != nullptr) config.node_id = settings.count("node", "id");
  if (const Setting* cluster = settings.find("cluster", "id")) config.cluster_id = parse_cluster_id(*cluster);
  if (const Setting* directories = settings.find("node", "plugin_directories")) {
    config.plugin_directories = parse_plugin_directories(*directories);
  }
  if (const Setting* storage = settings.find("storage", "plugin")) config.storage_plugin = storage->value;
  for (const auto& [kind, names] : {std::pair{"transport", &config.transport_plugins}, {"api", &config.api_plugins}}) {
    if (const Setting* chosen = settings.find(kind, "plugin")) *names = list_items(kind, "plugin", *chosen);
  }
  take_logger(settings, config);
  config.settings = std::move(given);
  return config;
}

}  // namespace tenon::config
