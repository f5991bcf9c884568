// SPDX-License-Identifier: MIT
// A plugin instance, with the services that it sees.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "decoration/decoration.hpp"
#include "host/logger.hpp"
#include "host/metrics.hpp"
#include "host/plugin_host.hpp"
#include "host/status_text.hpp"
#include "plugin/load.hpp"

namespace tenon::server {

// Makes a directory that only this user may enter, durable on return, and returns its absolute path. Throws IO.
std::string private_directory(const std::filesystem::path& path);

struct PartSurroundings {
  const config::Config& config;
  host::Logger& logger;
  host::Metrics& metrics;
  validation::Threads& threads;
  std::function<void(const std::string& why)> on_failed;  // any thread: the instance cannot go on
  std::map<std::string, const void*> extensions = {};     // that the instance is offered
};

struct Part {
  Part(plugin::LoadedPlugin loaded_plugin, host::PluginSurroundings plugin_surroundings,
       const PartSurroundings& surroundings);
  const std::string room;  // "storage.filewal"
  plugin::LoadedPlugin loaded;
  host::PluginHost host;
  Decoration decoration;
  plugin::Instance instance;
  const RoleTables tables;  // what the node calls
  bool started = false;     // a client API: start() has succeeded
};

// What an operator may know of it: the values of secret options are masked.
host::LoadedPart description_of(const plugin::LoadedPlugin& loaded, const std::string& room);

// Makes an instance, whose directory `directory` is below the data directory and is made when it is not there. Keeps:
// what the surroundings refer to, for the life of the instance. Throws tenon::Error. Control thread.
std::unique_ptr<Part> make_part(const PartSurroundings& surroundings, plugin::LoadedPlugin loaded,
                                const std::string& room, const std::string& directory);

}  // namespace tenon::server
