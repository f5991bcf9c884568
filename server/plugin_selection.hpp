// SPDX-License-Identifier: MIT
// The plugins that a config chooses, checked against it: where they are, which options they get, and where the operator
// wrote an option that they refuse.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "plugin/load.hpp"

namespace tenon::server {

// Where plugins are looked for when the config names no directory.
std::vector<std::filesystem::path> default_plugin_directories();

// Where a transport or a client API listens: its option of that name, whose items are separated by commas.
struct ListenSetting {
  std::string option;  // "api.thrift.listen"
  std::vector<std::string> addresses;
  config::Origin origin;
};

class PluginSelection {
 public:
  explicit PluginSelection(const config::Config& config);

  // Checks the storage, every transport and every client API without running plugin code.
  // Throws config::ConfigError: the refusal, with the place in the config that led to it.
  void check() const;
  // Throws the same, and what loading refuses.
  plugin::LoadedPlugin load_storage() const;
  // Of a plugin that has a section in the config. The same; the first runs no plugin code.
  plugin::CheckedPlugin check_storage(const std::string& name) const;
  plugin::LoadedPlugin load_storage(const std::string& name) const;
  plugin::LoadedPlugin load_transport(const std::string& name) const;
  plugin::LoadedPlugin load_api(const std::string& name) const;
  // Where clients reach this node, as URLs: what the config advertises, else by the `listen` of each client API. Throws
  // as check().
  std::vector<std::string> client_addresses() const;
  // Of every transport and client API that has the option, with its default. Throws as check().
  std::vector<ListenSetting> listen_settings() const;
  // The settings of the config with what each plugin's defaults add; secrets are masked. Throws as check().
  config::Sections effective_settings() const;

 private:
  template <class Use>
  auto use(plugin::Kind kind, const std::string& name, Use what) const;
  std::vector<std::pair<plugin::Kind, std::string>> chosen() const;

  const config::Config& config_;
  const std::vector<std::filesystem::path> directories_;
};

}  // namespace tenon::server
