// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "config/config.hpp"
#include "config/option_table.hpp"
#include "ini.hpp"
#include "refusal.hpp"
#include "tenon/check.hpp"
#include "values.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kVariablePrefix = "TENON_";

std::vector<std::string> option_names(std::string_view section) {
  std::vector<std::string> names;
  for (const Option& option : options()) {
    if (option.section == section) names.emplace_back(option.name);
  }
  return names;
}

std::vector<std::string> section_names() { return {sections().begin(), sections().end()}; }

bool is_section(std::string_view name) { return std::ranges::find(sections(), name) != sections().end(); }

bool is_plugin_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
  });
}

// "storage.filewal" -> storage, filewal; the second is empty when there is no point.
std::pair<std::string, std::string> split_section(std::string_view section) {
  const std::size_t point = section.find('.');
  if (point == std::string_view::npos) return {std::string(section), ""};
  return {std::string(section.substr(0, point)), std::string(section.substr(point + 1))};
}

// Collects the layers, the weakest first, and then judges what came together.
class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  // Beside what the sources choose. Throws ConfigError: it is no name of a plugin.
  void choose_storage(const std::string& name) {
    if (!is_plugin_name(name)) refuse_plugin_name({Source::kFlag, "storage convert", 0}, "storage", name);
    chosen_.insert("storage." + name);
  }

  Sections collect() {
    take_defaults();
    if (sources_.file) take_file(*sources_.file);
    take_environment();
    take_flags();
    choose_plugins();
    take_plugin_environment();
    check_plugin_sections();
    for (const Option& option : options()) {
      if (const Setting* setting = find(option.section, option.name)) check_value(option, *setting);
    }
    return std::move(settings_);
  }

  [[noreturn]] void refuse_missing(const Option& option) const {
    const std::string key = std::string(option.section) + "." + std::string(option.name);
    const std::string where = sources_.file ? sources_.file->name + ": " : std::string();
    throw ConfigError(where + key + ": not set, and there is no default; add it to [" + std::string(option.section) +
                      "], or set " + environment_name(option.section, option.name) + " or --set " + key + "=VALUE (" +
                      std::string(option.help) + ")");
  }

 private:
  const Setting* find(std::string_view section, std::string_view key) const {
    const auto in = settings_.find(section);
    if (in == settings_.end()) return nullptr;
    const auto found = in->second.find(key);
    return found == in->second.end() ? nullptr : &found->second;
  }

  void set(const std::string& section, const std::string& key, const std::string& value, Origin origin) {
    Setting& setting = settings_[section][key];
    if (setting.origin.source <= origin.source) setting = {value, std::move(origin)};
  }

  void take_defaults() {
    for (const Option& option : options()) {
      if (option.presence != Presence::kDefaulted) continue;
      set(std::string(option.section), std::string(option.name), std::string(option.default_value), {});
    }
  }

  void take_file(const File& file) {
    const Ini ini = read_ini(file);
    for (const IniSection& section : ini.sections) {
      const Origin origin{Source::kFile, file.name, section.line};
      check_section(section.name, origin, origin.text() + ": [" + section.name + "]");
      opened_.try_emplace(section.name, origin);
    }
    for (const IniEntry& entry : ini.entries) {
      const Origin origin{Source::kFile, file.name, entry.line};
      check_key(entry.section, entry.key, origin);
      set(entry.section, entry.key, entry.value, origin);
    }
  }

  void take_flags() {
    for (const Assignment& flag : sources_.flags) {
      const Origin origin{Source::kFlag, flag.section + "." + flag.key, 0};
      check_section(flag.section, origin, origin.text());
      check_key(flag.section, flag.key, origin);
      if (flag.section.find('.') != std::string::npos) opened_.try_emplace(flag.section, origin);
      set(flag.section, flag.key, flag.value, origin);
    }
  }

  // What is no option of the table may yet set one of a chosen plugin, which is not known before all layers are read.
  void take_environment() {
    for (const auto& [variable, value] : sources_.environment) {
      const Option* named = nullptr;
      for (const Option& option : options()) {
        if (environment_name(option.section, option.name) == variable) named = &option;
      }
      if (named == nullptr) {
        plugin_environment_.emplace(variable, value);
        continue;
      }
      set(std::string(named->section), std::string(named->name), value, {Source::kEnvironment, variable, 0});
    }
  }

  void check_section(const std::string& section, const Origin& origin, const std::string& place) const {
    const auto [kind, name] = split_section(section);
    if (section.find('.') == std::string::npos && is_section(section)) return;
    if ((kind != "storage" && kind != "transport" && kind != "api") || section == kind) {
      throw ConfigError(place + ": there is no section '" + section + "'." + nearest_hint(section, section_names()));
    }
    if (!is_plugin_name(name)) refuse_plugin_name(origin, kind, name);
  }

  void check_key(const std::string& section, const std::string& key, const Origin& origin) const {
    if (section.find('.') != std::string::npos || find_option(section, key) != nullptr) return;
    refuse(origin, section, key, "there is no such key." + nearest_hint(key, option_names(section)));
  }

  [[noreturn]] static void refuse_plugin_name(const Origin& origin, const std::string& kind, const std::string& name) {
    refuse(origin, kind, "plugin",
           "found '" + name + "', expected the name of a plugin: 1 to 64 of a-z 0-9 _ -, as in tenon-" + kind +
               "-NAME.so");
  }

  void choose_plugins() {
    for (const std::string kind : {"storage", "transport", "api"}) {
      const Setting* setting = find(kind, "plugin");
      if (setting == nullptr || setting->value.empty()) continue;
      const std::vector<std::string> names = list_items(kind, "plugin", *setting);
      if (kind == "storage" && names.size() > 1) {
        refuse(setting->origin, kind, "plugin", "found '" + setting->value + "', but a node has one storage plugin");
      }
      for (const std::string& name : names) {
        if (!is_plugin_name(name)) refuse_plugin_name(setting->origin, kind, name);
        const std::string section = kind + "." + name;
        const bool is_there = std::ranges::any_of(chosen_, [&](const std::string& other) {
          return kind != "storage" && environment_name(other, "") == environment_name(section, "");
        });
        if (is_there) {
          refuse(setting->origin, kind, "plugin",
                 "found '" + name + "' twice (in the names of variables '-' is '_'); name it once");
        }
        chosen_.insert(section);
      }
    }
    for (const std::string& section : chosen_) settings_[section];
  }

  // TENON_API_A_B_C is `c` of [api.a_b] when that plugin is chosen, else `b_c` of [api.a]: the longest name holds.
  void take_plugin_environment() {
    for (const auto& [variable, value] : plugin_environment_) {
      std::string section;
      for (const std::string& candidate : chosen_) {
        const std::string prefix = environment_name(candidate, "");
        if (variable.starts_with(prefix) && variable.size() > prefix.size() && candidate.size() > section.size()) {
          section = candidate;
        }
      }
      if (section.empty()) refuse_variable(variable);
      std::string key = variable.substr(environment_name(section, "").size());
      std::ranges::transform(key, key.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      });
      set(section, key, value, {Source::kEnvironment, variable, 0});
    }
  }

  [[noreturn]] void refuse_variable(const std::string& variable) const {
    std::vector<std::string> known;
    for (const Option& option : options()) known.push_back(environment_name(option.section, option.name));
    throw ConfigError("environment " + variable +
                      ": no option has this variable; unset it (options of a plugin can be set when it is chosen)." +
                      nearest_hint(variable, known));
  }

  void check_plugin_sections() const {
    for (const auto& [section, origin] : opened_) {
      const auto [kind, name] = split_section(section);
      if (name.empty() || chosen_.contains(section)) continue;
      const Setting* choice = find(kind, "plugin");
      const std::string now =
          choice == nullptr ? "nothing is chosen" : "'" + choice->value + "' is (" + choice->origin.text() + ")";
      const std::string line = kind != "storage" && choice != nullptr ? choice->value + "," + name : name;
      throw ConfigError(origin.text() + ": [" + section + "]: the plugin '" + name + "' is not chosen, " + now +
                        "; remove the section, or choose it by plugin = " + line + " in [" + kind + "]");
    }
  }

  const Sources& sources_;
  Sections settings_;
  Environment plugin_environment_;        // what is left for the plugins
  std::map<std::string, Origin> opened_;  // where each section of the file, and each plugin's of a flag, came first
  std::set<std::string> chosen_;          // "storage.filewal"
};

}  // namespace

const Section& Config::plugin_section(std::string_view kind, std::string_view name) const {
  const auto found = settings.find(std::string(kind) + "." + std::string(name));
  TENON_CHECK(found != settings.end());
  return found->second;
}

std::vector<std::string> changed_options(const Config& before, const Config& after) {
  std::map<std::string, std::pair<std::optional<std::string>, std::optional<std::string>>> values;
  for (const auto& [name, section] : before.settings) {
    for (const auto& [key, setting] : section) values[name + "." + key].first = setting.value;
  }
  for (const auto& [name, section] : after.settings) {
    for (const auto& [key, setting] : section) values[name + "." + key].second = setting.value;
  }
  std::vector<std::string> changed;
  for (const auto& [option, both] : values) {
    if (both.first != both.second) changed.push_back(option);
  }
  return changed;
}

File read_config_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw ConfigError(name + ": found a directory, expected a configuration file");
  }
  std::ifstream input(path, std::ios::binary);
  if (!input) {
    const std::string reason = std::error_code(errno, std::generic_category()).message();
    throw ConfigError(name + ": the configuration file cannot be opened: " + reason);
  }
  std::string text(kFileBytesMax + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (input.bad()) throw ConfigError(name + ": the configuration file cannot be read");
  text.resize(static_cast<std::size_t>(input.gcount()));
  if (text.size() > kFileBytesMax) throw ConfigError(name + ": found more than 1MiB, which no configuration needs");
  return {name, std::move(text)};
}

Environment tenon_environment(const char* const* environment) {
  Environment found;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || !variable.starts_with(kVariablePrefix)) continue;
    found.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return found;
}

Config load(const Sources& sources) {
  Loader loader(sources);
  Sections settings = loader.collect();
  for (const Option& option : options()) {
    if (option.presence != Presence::kRequired) continue;
    const auto in = settings.find(option.section);
    if (in == settings.end() || !in->second.contains(option.name)) loader.refuse_missing(option);
  }
  return make_config(std::move(settings));
}

Config load_conversion(const Sources& sources, std::span<const std::string> storage_plugins) {
  Loader loader(sources);
  for (const std::string& name : storage_plugins) loader.choose_storage(name);
  return make_partial_config(loader.collect());
}

PluginSearch load_plugin_search(const Sources& sources) {
  const Sections settings = Loader(sources).collect();
  PluginSearch search;
  const auto node = settings.find("node");
  if (node == settings.end()) return search;
  const auto directories = node->second.find("plugin_directories");
  if (directories != node->second.end()) {
    search.plugin_directories = parse_plugin_directories(directories->second);
  }
  return search;
}

}  // namespace tenon::config
