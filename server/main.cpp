// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <iostream>
#include <span>

#include "config/command_line.hpp"
#include "config/config.hpp"
#include "plugin/inspect.hpp"
#include "plugin_selection.hpp"
#include "server.hpp"
#include "server_logger.hpp"
#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr unsigned kStopSecondsMax = 5;  // from the signal to the end of the process

config::Sources read_sources(const config::CommandLine& command_line) {
  config::Sources sources;
  if (command_line.config_file) sources.file = config::read_config_file(*command_line.config_file);
  sources.environment = config::tenon_environment(::environ);
  sources.flags = command_line.assignments;
  return sources;
}

std::vector<std::filesystem::path> search_directories(const config::CommandLine& command_line) {
  config::PluginSearch search = config::load_plugin_search(read_sources(command_line));
  return search.plugin_directories.empty() ? default_plugin_directories() : std::move(search.plugin_directories);
}

std::uint32_t severity_of(config::LoggerLevel level) noexcept {
  switch (level) {
    case config::LoggerLevel::kDebug:
      return TENON_SEVERITY_DEBUG;
    case config::LoggerLevel::kInfo:
      return TENON_SEVERITY_INFO;
    case config::LoggerLevel::kWarning:
      return TENON_SEVERITY_WARNING;
    default:
      return TENON_SEVERITY_ERROR;
  }
}

// Runs a node until it is told to stop, or cannot go on.
int run_node(const config::Config& config, const PluginSelection& plugins) {
  Control control;
  ServerLogger logger(severity_of(config.logger_level));
  int exit_code = kExitOk;
  try {
    Server server(config, plugins, logger, control);
    logger.write(TENON_SEVERITY_INFO, "server",
                 "node " + std::to_string(config.node_id) + " of cluster " + config.cluster_id +
                     " runs, version " TENON_VERSION);
    const std::optional<std::string> failure = control.wait();
    end_process_after(kStopSecondsMax);
    if (failure) {
      logger.write(TENON_SEVERITY_ERROR, "server", "the node stops: " + *failure);
      exit_code = kExitFailed;
    } else {
      logger.write(TENON_SEVERITY_INFO, "server", "asked to stop: answering what is in flight");
      server.drain();
    }
  } catch (const config::ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    logger.write(TENON_SEVERITY_ERROR, "server", std::string("the node cannot start: ") + error.what());
    return kExitFailed;
  }
  logger.write(TENON_SEVERITY_INFO, "server", "stopped");
  return exit_code;
}

int perform(const config::CommandLine& command_line) {
  switch (command_line.action) {
    case config::Action::kHelp:
      std::cout << config::help_text();
      return kExitOk;
    case config::Action::kVersion:
      std::cout << "tenond " TENON_VERSION "\n";
      return kExitOk;
    case config::Action::kListPlugins:
      std::cout << plugin::format_list(plugin::list(search_directories(command_line)));
      return kExitOk;
    case config::Action::kHelpPlugin: {
      const std::vector<std::filesystem::path> directories = search_directories(command_line);
      std::cout << plugin::help(command_line.plugin_kind + "." + command_line.plugin_name, directories);
      return kExitOk;
    }
    default:
      break;
  }
  const config::Config config = config::load(read_sources(command_line));
  const PluginSelection plugins(config);
  if (command_line.action == config::Action::kPrintConfig) {
    std::cout << config::print_settings(plugins.effective_settings());
    return kExitOk;
  }
  plugins.check();
  if (command_line.action == config::Action::kRun) return run_node(config, plugins);
  std::cout << "the configuration is good\n";
  return kExitOk;
}

int main(std::span<const std::string> arguments) {
  try {
    return perform(config::parse_command_line(arguments));
  } catch (const config::UsageError& error) {
    std::cerr << "tenond: " << error.what() << "\n";
    return config::kExitUsage;
  } catch (const config::ConfigError& error) {
    std::cerr << "tenond: " << error.what() << "\n";
    return config::kExitConfig;
  } catch (const std::exception& error) {
    std::cerr << "tenond: " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace
}  // namespace tenon::server

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  const int exit_code = tenon::server::main(words);
  std::cout.flush();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return exit_code;  // so that what is leaked at the end is reported
#else
  // Everything of ours has ended in order. Exit handlers of plugins' libraries may presume threads or plugins that are
  // gone, and have nothing to do that the end of the process does not.
  ::_exit(exit_code);
#endif
}
