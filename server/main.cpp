// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <span>

#include "config/command_line.hpp"
#include "config/config.hpp"
#include "convert/convert.hpp"
#include "convert/progress.hpp"
#include "logger/server_logger.hpp"
#include "periodic_thread.hpp"
#include "plugin/inspect.hpp"
#include "plugin_selection.hpp"
#include "recover/recover.hpp"
#include "restore/restore.hpp"
#include "scheduling.hpp"
#include "server.hpp"
#include "service_notifier.hpp"
#include "supervisor.hpp"
#include "surroundings_check.hpp"
#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr unsigned kStopSecondsMax = 5;  // from the signal to the end of the process
// While the node starts, the service manager is told each interval that it takes as much longer; but not for ever, so
// that a start that hangs is ended.
constexpr std::chrono::seconds kExtensionInterval(5);
constexpr std::chrono::seconds kExtension(30);
constexpr std::chrono::hours kStartMax(2);

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

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Loads the plugins and reads the log, which may take minutes, and meanwhile asks the service manager for more time.
std::unique_ptr<Server> start_server(const config::Config& config, const PluginSelection& plugins, host::Logger& logger,
                                     Control& control, const ServiceNotifier& notifier) {
  const auto give_up_at = std::chrono::steady_clock::now() + kStartMax;
  const PeriodicThread extension(kExtensionInterval, [&notifier, give_up_at] {
    if (std::chrono::steady_clock::now() < give_up_at) notifier.extend_start(kExtension);
  });
  return std::make_unique<Server>(config, plugins, logger, control);
}

// Runs a node until it is told to stop, or cannot go on.
int run_node(const config::Config& config, const PluginSelection& plugins, const Supervisor::ReadConfig& read_config) {
  // Before there is any other thread, the logger's too.
  std::optional<std::string> why_not;
  if (config.scheduling == config::Scheduling::kBatch) why_not = schedule_as_batch();
  Control control;
  ServerLogger logger(config.logger_levels, config.logger_format, config.logger_file);
  const ServiceNotifier notifier(variable("NOTIFY_SOCKET"));
  if (why_not) logger.write(TENON_SEVERITY_WARNING, "server", "node.scheduling = batch has no effect: " + *why_not);
  int exit_code = kExitOk;
  try {
    const std::unique_ptr<Server> server = start_server(config, plugins, logger, control, notifier);
    logger.write(TENON_SEVERITY_INFO, "server",
                 "node " + std::to_string(config.node_id) + " of cluster " + config.cluster_id +
                     " runs, version " TENON_VERSION);
    Supervisor supervisor(
        config, *server, logger, control, notifier, read_config,
        watchdog_interval(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), static_cast<std::uint64_t>(::getpid())));
    const std::optional<std::string> failure = supervisor.run();
    end_process_after(kStopSecondsMax);
    notifier.stopping();
    if (failure) {
      logger.write(TENON_SEVERITY_ERROR, "server", "the node stops: " + *failure);
      exit_code = kExitFailed;
    } else {
      logger.write(TENON_SEVERITY_INFO, "server", "asked to stop: answering what is in flight");
      server->drain();
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

int restore_node(const config::Config& config, const PluginSelection& plugins,
                 const std::vector<std::filesystem::path>& files) {
  ServerLogger logger(config.logger_levels, config.logger_format, config.logger_file);
  const Backup restored = restore_data_directory(config, plugins, files, logger);
  std::cout << "restored " << restored.store->key_count() << " keys at revision " << restored.store->revision()
            << ", from index " << restored.position.index << " of the cluster " << restored.position.cluster_id << "\n"
            << "start the node without cluster.start, once every member is restored\n";
  return kExitOk;
}

// Of the plugins' lines an operator at a terminal wants the warnings, unless the config says another thing.
config::LoggerLevels conversion_levels(const config::Config& config) {
  config::LoggerLevels levels = config.logger_levels;
  if (config.settings.at("logger").at("level").origin.source != config::Source::kDefault) return levels;
  levels.general = config::LoggerLevel::kWarning;
  levels.of_rooms.try_emplace("server", config::LoggerLevel::kInfo);
  return levels;
}

constexpr char kRecoveryDangers[] =
    "DANGER: this is for a cluster whose majority is lost for good, and for nothing else.\n"
    "  - Acknowledged writes that only the lost nodes had are gone, and nobody can tell which they were.\n"
    "  - What this node had and was not committed becomes part of the new cluster.\n"
    "  - If a majority of the old cluster still runs, or comes back, there are two clusters with two histories. They\n"
    "    refuse each other by their ids, but clients do not know it: stop every node of the old cluster first, for "
    "good.\n"
    "  - Of several nodes that are left take the one of the greatest term, and of those the one of the greatest "
    "index.\n";

int recover(const config::Config& config, const PluginSelection& plugins, const config::CommandLine& command_line) {
  ServerLogger logger(conversion_levels(config), config.logger_format, config.logger_file);
  const std::string cluster_id =
      command_line.new_cluster_id.empty() ? new_cluster_id(config.cluster_id) : command_line.new_cluster_id;
  // The same rules as for any other id.
  config::Sources sources = read_sources(command_line);
  sources.flags.push_back({"cluster", "id", cluster_id});
  static_cast<void>(config::load(sources));
  const RecoveryMode mode = command_line.confirmed ? RecoveryMode::perform : RecoveryMode::look;
  const Recovery done = recover_data_directory(config, plugins, cluster_id, mode, logger);
  std::cout << kRecoveryDangers << "node " << config.node_id << " of the cluster " << config.cluster_id << " (members "
            << done.members << ") has everything up to term " << done.position.term << ", index " << done.position.index
            << ": " << done.key_count << " keys at revision " << done.revision << "\n";
  if (!command_line.confirmed) {
    std::cout << "nothing was changed; to make it the new cluster of node " << config.node_id
              << " alone, repeat the command with --yes\n";
    return kExitOk;
  }
  std::cout << "it is the cluster " << done.cluster_id << " of node " << config.node_id << " alone now\n"
            << "start it with cluster.id = " << done.cluster_id
            << " and without cluster.start, then take in new nodes, "
            << "with empty\ndata directories, by tenonctl member add\n"
            << "what was there before is kept in " << done.put_away.string() << "\n";
  return kExitOk;
}

int convert(const config::CommandLine& command_line) {
  const StoragePlace& from = command_line.convert_from;
  const StoragePlace& to = command_line.convert_to;
  const std::vector<std::string> names = {from.plugin, to.plugin};
  const config::Config config = config::load_conversion(read_sources(command_line), names);
  const PluginSelection plugins(config);
  ServerLogger logger(conversion_levels(config), config.logger_format, config.logger_file);
  std::optional<ConversionProgress> progress(std::in_place, progress_device(), logger);
  const ConversionOutcome outcome =
      convert_storage(config, plugins, {from, to}, logger,
                      [&](std::string_view what, ProgressUnit unit, std::uint64_t done, std::uint64_t total) {
                        progress->show(what, unit, done, total);
                      });
  progress.reset();
  const Conversion& conversion = outcome.conversion;
  std::cout << "converted " << conversion.from.text() << " to " << conversion.to.text();
  if (outcome.copied) {
    const Copied& copied = *outcome.copied;
    std::cout << ", all compared: " << copied.last_index + 1 - copied.first_index << " entries";
    if (copied.image) {
      std::cout << ", an image of " << copied.image->bytes << " bytes at index " << copied.image->index.value();
    }
  } else {
    std::cout << ": what was left to do of an interrupted conversion is done";
  }
  std::cout << "\nstart the node with storage.plugin = " << conversion.to.plugin
            << " and node.data_directory = " << conversion.to.data_directory.string()
            << "\nwhat was there before is kept in " << retired_directory(conversion).string()
            << "; remove it when the node runs well\n";
  return kExitOk;
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
    case config::Action::kConvert:
      return convert(command_line);
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
  if (command_line.action == config::Action::kRestore) {
    return restore_node(config, plugins, command_line.backup_files);
  }
  if (command_line.action == config::Action::kRecover) return recover(config, plugins, command_line);
  check_surroundings(config, plugins);
  if (command_line.action == config::Action::kRun) {
    return run_node(config, plugins, [&command_line] {
      config::Config again = config::load(read_sources(command_line));
      PluginSelection(again).check();
      return again;
    });
  }
  std::cout << "the configuration is good\n"
               "Only a start can tell: whether the data directory belongs to this node, cluster and storage plugin,\n"
               "whether each member by its log has an address, and whether the addresses to listen on are free.\n";
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
