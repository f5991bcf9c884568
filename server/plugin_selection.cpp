// SPDX-License-Identifier: MIT
#include "plugin_selection.hpp"

#include <sstream>
#include <utility>

#include "config/addresses.hpp"

namespace tenon::server {

std::vector<std::filesystem::path> default_plugin_directories() { return plugin::default_directories("../plugins"); }

PluginSelection::PluginSelection(const config::Config& config)
    : config_(config),
      directories_(config.plugin_directories.empty() ? default_plugin_directories() : config.plugin_directories) {}

std::vector<std::pair<plugin::Kind, std::string>> PluginSelection::chosen() const {
  std::vector<std::pair<plugin::Kind, std::string>> all = {{plugin::Kind::storage, config_.storage_plugin}};
  for (const std::string& name : config_.transport_plugins) all.emplace_back(plugin::Kind::transport, name);
  for (const std::string& name : config_.api_plugins) all.emplace_back(plugin::Kind::client_api, name);
  return all;
}

// Runs `what` with the request for one plugin, and says where the fault was written when it is refused.
template <class Use>
auto PluginSelection::use(plugin::Kind kind, const std::string& name, Use what) const {
  const std::string word(plugin::file_word(kind));
  const config::Section& section = config_.plugin_section(word, name);
  plugin::Request request{kind, name, directories_, {}};
  for (const auto& [key, setting] : section) request.options.emplace(key, setting.value);
  try {
    return what(request);
  } catch (const plugin::Refusal& refusal) {
    std::string where;
    const auto option = section.find(refusal.option());
    if (option != section.end()) {
      where = option->second.origin.text() + ": " + word + "." + name + "." + option->first + ": ";
    } else {
      const auto chosen_by = config_.settings.find(word);
      if (chosen_by != config_.settings.end() && chosen_by->second.contains("plugin")) {
        where = chosen_by->second.find("plugin")->second.origin.text() + ": " + word + ".plugin: ";
      }
    }
    throw config::ConfigError(where + refusal.what());
  }
}

void PluginSelection::check() const {
  for (const auto& [kind, name] : chosen()) use(kind, name, plugin::check);
}

plugin::LoadedPlugin PluginSelection::load_storage() const { return load_storage(config_.storage_plugin); }

plugin::CheckedPlugin PluginSelection::check_storage(const std::string& name) const {
  return use(plugin::Kind::storage, name, plugin::check);
}

plugin::LoadedPlugin PluginSelection::load_storage(const std::string& name) const {
  return use(plugin::Kind::storage, name, plugin::load);
}

plugin::LoadedPlugin PluginSelection::load_transport(const std::string& name) const {
  return use(plugin::Kind::transport, name, plugin::load);
}

plugin::LoadedPlugin PluginSelection::load_api(const std::string& name) const {
  return use(plugin::Kind::client_api, name, plugin::load);
}

std::vector<std::string> PluginSelection::client_addresses() const {
  if (config_.advertise) return *config_.advertise;
  std::vector<std::string> urls;
  for (const std::string& name : config_.api_plugins) {
    const plugin::CheckedPlugin checked = use(plugin::Kind::client_api, name, plugin::check);
    const auto listen = checked.options.find("listen");
    if (listen == checked.options.end() || urls.size() == config::kAddressesMax) continue;
    if (std::optional<std::string> url = config::url_of_listen(name, listen->second)) urls.push_back(*std::move(url));
  }
  return urls;
}

std::vector<ListenSetting> PluginSelection::listen_settings() const {
  std::vector<ListenSetting> settings;
  for (const auto& [kind, name] : chosen()) {
    const plugin::CheckedPlugin checked = use(kind, name, plugin::check);
    const auto listen = checked.options.find("listen");
    if (kind == plugin::Kind::storage || listen == checked.options.end()) continue;
    const std::string word(plugin::file_word(kind));
    const config::Section& section = config_.plugin_section(word, name);
    const auto given = section.find("listen");
    ListenSetting& setting = settings.emplace_back(ListenSetting{word + "." + name + ".listen", {}, {}});
    if (given != section.end()) setting.origin = given->second.origin;
    std::istringstream items(listen->second);
    for (std::string item; std::getline(items, item, ',');) {
      const std::size_t begin = item.find_first_not_of(" \t");
      const std::size_t end = item.find_last_not_of(" \t");
      if (begin != std::string::npos) setting.addresses.push_back(item.substr(begin, end + 1 - begin));
    }
  }
  return settings;
}

config::Sections PluginSelection::effective_settings() const {
  config::Sections settings = config_.settings;
  for (const auto& [kind, name] : chosen()) {
    const plugin::CheckedPlugin checked = use(kind, name, plugin::check);
    config::Section& section = settings[std::string(plugin::file_word(kind)) + "." + name];
    for (const auto& [option, value] : checked.options) section.try_emplace(option, config::Setting{value, {}});
    for (const plugin::OptionDeclaration& option : checked.description.manifest.options) {
      const auto found = section.find(option.name);
      if (option.secret && found != section.end()) found->second.value = "(secret)";
    }
  }
  return settings;
}

}  // namespace tenon::server
