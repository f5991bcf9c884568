// SPDX-License-Identifier: MIT
#include "part.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "host/metrics/prometheus_text.hpp"
#include "tenon/host.hpp"

namespace tenon::server {
namespace {

// Makes the name of a directory survive power loss: without it all that is durable below would be gone. A parent that
// this user may not read was made by somebody else, long before.
void make_name_durable(const std::filesystem::path& directory) {
  const std::filesystem::path parent = directory.parent_path();
  const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 && (errno == EACCES || errno == EPERM)) return;
  const bool is_durable = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (is_durable) return;
  throw Error(TENON_ERROR_IO, "the directory " + parent.string() + " cannot be synced: " + std::strerror(error) +
                                  "; look at the disk, or set node.data_directory to another place");
}

}  // namespace

std::string private_directory(const std::filesystem::path& path) {
  const std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
  std::error_code error;
  // This one always: a start before this one may have ended between making it and making it durable.
  std::vector<std::filesystem::path> made = {absolute};
  for (std::filesystem::path above = absolute.parent_path(); !std::filesystem::exists(above, error);) {
    made.push_back(above);
    above = above.parent_path();
  }
  std::filesystem::create_directories(absolute.parent_path(), error);
  if (error || (::mkdir(absolute.c_str(), 0700) != 0 && errno != EEXIST)) {
    const std::string why = error ? error.message() : std::strerror(errno);
    throw Error(TENON_ERROR_IO, "the directory " + absolute.string() + " cannot be made: " + why +
                                    "; make it, or set node.data_directory to another place");
  }
  struct stat found {};
  if (::stat(absolute.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    throw Error(TENON_ERROR_IO, absolute.string() + " is not a directory; set node.data_directory to one");
  }
  if ((found.st_mode & 0077) != 0 && ::chmod(absolute.c_str(), 0700) != 0) {
    throw Error(TENON_ERROR_IO,
                "the directory " + absolute.string() +
                    " may be entered by others, and its mode cannot be changed to 0700: " + std::strerror(errno));
  }
  for (const std::filesystem::path& one : made) make_name_durable(one);
  return absolute.string();
}

namespace {

std::vector<host::DeclaredMetric> declared_metrics(const plugin::Manifest& manifest) {
  std::vector<host::DeclaredMetric> metrics;
  for (const plugin::MetricDeclaration& metric : manifest.metrics) {
    const host::MetricKind kind = metric.kind == plugin::MetricKind::counter ? host::MetricKind::counter
                                  : metric.kind == plugin::MetricKind::gauge ? host::MetricKind::gauge
                                                                             : host::MetricKind::histogram;
    metrics.push_back({kind, metric.name, metric.help});
  }
  return metrics;
}

std::string abi_text(const plugin::LoadedPlugin& loaded) {
  return std::to_string(loaded.object->abi[0]) + "." + std::to_string(loaded.object->abi[1]);
}

}  // namespace

host::LoadedPart description_of(const plugin::LoadedPlugin& loaded, const std::string& room) {
  host::LoadedPart part{
      room, loaded.manifest.id, loaded.manifest.version, abi_text(loaded), loaded.path.string(), loaded.options,
  };
  for (const plugin::OptionDeclaration& option : loaded.manifest.options) {
    const auto found = part.options.find(option.name);
    if (option.secret && found != part.options.end()) found->second = "(secret)";
  }
  return part;
}

Part::Part(plugin::LoadedPlugin loaded_plugin, host::PluginSurroundings plugin_surroundings,
           const PartSurroundings& surroundings)
    : room(plugin_surroundings.room),
      loaded(std::move(loaded_plugin)),
      host(std::move(plugin_surroundings), surroundings.logger, surroundings.metrics),
      decoration(surroundings.config, surroundings.logger, surroundings.metrics, surroundings.threads, room,
                 *host.table()),
      instance(loaded, decoration.host()),
      tables(decoration.decorate(*loaded.object, instance.self())) {}

std::unique_ptr<Part> make_part(const PartSurroundings& surroundings, plugin::LoadedPlugin loaded,
                                const std::string& room, const std::string& directory) {
  const config::Config& config = surroundings.config;
  host::Logger& logger = surroundings.logger;
  host::Metrics& metrics = surroundings.metrics;
  for (const std::string& warning : loaded.warnings) logger.write(TENON_SEVERITY_WARNING, room, warning);
  if (!loaded.manifest.is_durable) {
    logger.write(TENON_SEVERITY_WARNING, room,
                 room +
                     " is not durable: what it acknowledges is lost when this process ends, a cluster loses "
                     "acknowledged writes when a majority of such members restart, and a member that has restarted "
                     "must be replaced");
  }
  const std::string abi = abi_text(loaded);
  logger.write(TENON_SEVERITY_INFO, room,
               "loaded " + loaded.path.string() + ": " + loaded.manifest.id + ", version " + loaded.manifest.version +
                   ", ABI " + abi);
  metrics.record(
      metrics.create(host::MetricKind::gauge, "tenon_plugin_info",
                     host::metric_label("plugin", room) + "," + host::metric_label("version", loaded.manifest.version) +
                         "," + host::metric_label("abi", abi),
                     "1; its labels say which plugins are loaded."),
      1);
  host::PluginSurroundings of_plugin{
      room,
      config.node_id,
      config.cluster_id,
      private_directory(private_directory(config.data_directory) + "/" + directory),
      loaded.options,
      declared_metrics(loaded.manifest),
      [room, on_failed = surroundings.on_failed](tenon_error error, const std::string& message) {
        on_failed(room + " has failed with error " + std::to_string(error) + ": " + message);
      },
      surroundings.extensions,
  };
  return std::make_unique<Part>(std::move(loaded), std::move(of_plugin), surroundings);
}

}  // namespace tenon::server
