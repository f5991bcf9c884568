// SPDX-License-Identifier: MIT
// The composition root: makes every part of a node from a config, in the order in which they need each other, and ends
// them in the opposite order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "control.hpp"
#include "convert/directories.hpp"
#include "host/client_host.hpp"
#include "host/node_thread.hpp"
#include "host/peer_directory.hpp"
#include "host/peer_host.hpp"
#include "host/plugin_host.hpp"
#include "host/storage_session.hpp"
#include "part.hpp"
#include "periodic_thread.hpp"
#include "plugin_selection.hpp"

namespace tenon::server {

class Server {
 public:
  // Loads plugins, opens storage, starts the transports, then the node, and then its client APIs. Keeps: all of the
  // arguments. Throws config::ConfigError, plugin::Refusal or tenon::Error with what is wrong; nothing runs any more
  // then.
  Server(const config::Config& config, const PluginSelection& plugins, host::Logger& logger, Control& control);
  // Ends what is left without waiting for requests.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Hands leadership over when this node has it, so that the cluster need not wait for an election; then takes nothing
  // more from clients, and answers what is in flight. Both together for as long as the config allows.
  void drain();

  // For people: what the node does in its cluster. Any thread.
  std::string status_line() const;
  // How many rounds the node's thread has made, and a request for one more. Any thread.
  std::uint64_t node_rounds() const noexcept { return node_.rounds(); }
  void nudge_node() { node_.nudge(); }

 private:
  std::unique_ptr<Part> make_part(plugin::LoadedPlugin loaded, const std::string& room, const std::string& directory);
  void end() noexcept;
  void start_node();
  void take_data_directory();
  // Returns the port of what was opened.
  node::StoragePort open_storage();
  node::Recovered boot_storage(const node::Settings& settings);
  // Needs: storage was opened, whose incarnation is told to the peers.
  void start_transports(const raft::Membership& members);
  void start_api(const std::string& name);
  // Keeps the metric of the space that the data directory takes, on a thread of its own: a disk may stand still.
  void start_disk_meter();
  void hand_leadership_over(raft::Instant end);

  const config::Config& config_;
  const PluginSelection& plugins_;
  host::Logger& logger_;
  Control& control_;
  host::Metrics metrics_;
  validation::Threads plugin_threads_;
  host::PeerDirectory directory_;
  host::NodeThread node_;
  host::ClientHost clients_;
  host::PeerHost peers_;
  std::unique_ptr<DataDirectoryLock> data_directory_lock_;
  std::unique_ptr<Part> storage_;
  std::unique_ptr<host::StorageSession> storage_session_;
  std::vector<std::unique_ptr<Part>> transports_;
  std::vector<std::unique_ptr<Part>> apis_;
  std::optional<PeriodicThread> disk_meter_;
};

}  // namespace tenon::server
