// SPDX-License-Identifier: MIT
// What the control thread does while the node runs: it waits for signals and failures, reads the configuration again,
// and tells the service manager how the node is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "control.hpp"
#include "logger/server_logger.hpp"
#include "server.hpp"
#include "service_notifier.hpp"

namespace tenon::server {

class Supervisor {
 public:
  // Loads and checks the configuration anew. Throws config::ConfigError with why it is refused.
  using ReadConfig = std::function<config::Config()>;

  // Keeps: all but the last, for its life. `watchdog`: how often the service manager wants to hear of the node.
  Supervisor(const config::Config& config, Server& server, ServerLogger& logger, Control& control,
             const ServiceNotifier& notifier, ReadConfig read_config,
             std::optional<std::chrono::microseconds> watchdog);

  // Returns when the node is to stop. nullopt: it was asked to; otherwise why it must.
  std::optional<std::string> run();

 private:
  void reload();
  // Lets the levels take effect, and says in one line what a configuration changes.
  void apply(const config::Config& now);
  void report();

  const config::Config& config_;  // with which the node was started
  Server& server_;
  ServerLogger& logger_;
  Control& control_;
  const ServiceNotifier& notifier_;
  const ReadConfig read_config_;
  const std::optional<std::chrono::microseconds> watchdog_;
  config::LoggerLevels levels_;  // that hold
  std::string told_status_;
  std::optional<std::uint64_t> rounds_seen_;
};

// The levels as a person writes them: "info, raft=debug".
std::string levels_text(const config::LoggerLevels& levels);

}  // namespace tenon::server
