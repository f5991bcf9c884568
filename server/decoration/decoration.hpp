// SPDX-License-Identifier: MIT
// What stands between the node and one plugin instance when the config asks for it: validation next to the plugin, and
// before that the faults that its calls suffer. Without either the tables are the plugin's own.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "decoration/finding_reporter.hpp"
#include "fault/storage_table.hpp"
#include "fault/transport_table.hpp"
#include "tenon/plugin.h"
#include "validation/host_table.hpp"
#include "validation/plugin_tables.hpp"

namespace tenon::server {

// The tables of an instance, and what goes with each; null: it is not of that role.
struct RoleTables {
  const tenon_storage* storage = nullptr;
  const tenon_transport* transport = nullptr;
  const tenon_client_api* client_api = nullptr;
  void* self = nullptr;
};

class Decoration {
 public:
  // Keeps: config, logger, metrics, threads and host, for its life, which is longer than that of the instance. `room`
  // is "storage.filewal". Control thread.
  Decoration(const config::Config& config, host::Logger& logger, host::Metrics& metrics, validation::Threads& threads,
             std::string room, const tenon_host& host);
  Decoration(const Decoration&) = delete;
  Decoration& operator=(const Decoration&) = delete;

  // What create() is given.
  const tenon_host* host() const noexcept { return validated_host_ ? validated_host_->table() : &host_; }
  // The tables of what create() has made. Once.
  RoleTables decorate(const tenon_plugin& object, void* self);

 private:
  void inject_faults(RoleTables& tables);
  // Warns of it, and returns who counts what is suffered.
  fault::OnFault announce_faults();

  const config::Config& config_;
  host::Logger& logger_;
  host::Metrics& metrics_;
  const std::string room_;
  const tenon_host& host_;
  std::optional<FindingReporter> reporter_;  // as are the subject and its tables: when there is validation
  std::optional<validation::Subject> subject_;
  std::optional<validation::HostTable> validated_host_;
  std::optional<validation::PluginTables> validated_;
  std::optional<fault::StorageTable> faulty_storage_;
  std::optional<fault::TransportTable> faulty_transport_;
};

// "none", or the kinds of plugin that suffer faults by this config: "storage,transport".
std::string faults_text(const config::Config& config);

}  // namespace tenon::server
