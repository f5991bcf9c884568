// SPDX-License-Identifier: MIT
// Brings a plugin into the process, and makes instances of it.
//
// The order: location, note, ABI, manifest, kind, options, and only then the dynamic linker; then the exported object
// against the note. So a plugin that cannot work is refused before its constructors run. Nothing is ever unloaded: a
// plugin's library may have left threads or exit handlers behind that run its code until the process ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/inspect.hpp"
#include "plugin/options.hpp"
#include "tenon/plugin.h"

namespace tenon::plugin {

struct Request {
  Kind kind;
  std::string name;  // as resolve() takes it
  std::vector<std::filesystem::path> directories;
  Options options;  // as the config sets them
};

struct CheckedPlugin {
  std::string name;  // as messages call it
  Description description;
  Options options;  // with defaults
};

struct LoadedPlugin {
  std::string name;                      // as messages call it
  std::filesystem::path path;            // empty: it is linked into this program
  const tenon_plugin* object = nullptr;  // fits the manifest; every function of its tables is there. Never goes away
  Manifest manifest;
  Options options;                    // with defaults
  std::vector<std::string> warnings;  // what loading did that it should not; for the logger
};

// All checks that need no plugin code, as a config check makes them.
// Throws Refusal: what resolve(), inspect() and check_options() throw, wrong_kind.
CheckedPlugin check(const Request& request);

// check(), and then loads the library. Control thread: constructors of the plugin run here.
// Throws Refusal: what check() throws, undefined_symbol, not_loadable, not_a_plugin, object_does_not_fit. The library
// may stay in memory, unused.
LoadedPlugin load(const Request& request);

// The same for a plugin that is linked into this program, without file and note. Keeps: the object, for good.
// Throws Refusal: other_architecture, other_abi, malformed_manifest, wrong_kind, object_does_not_fit, and what
// check_options() throws.
LoadedPlugin adopt(const tenon_plugin& object, Kind kind, const Options& options);

// One instance, from create() to destroy(). Control thread. A plugin that lets an exception out ends the process.
class Instance {
 public:
  // Keeps: `host`, for the life of the instance. Throws Refusal(create_failed) with the plugin's own words; nothing of
  // the plugin is called any more then.
  Instance(const LoadedPlugin& plugin, const tenon_host* host);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  // Needs: closed or stopped, or never opened or started; none of its loans is out.
  ~Instance();

  void* self() const noexcept { return self_; }
  const tenon_plugin& object() const noexcept { return *object_; }
  // An extension of the instance; null: it is not offered. Any thread.
  const void* get_extension(const char* name) const noexcept;

 private:
  const tenon_plugin* const object_;
  void* self_ = nullptr;
};

}  // namespace tenon::plugin
