// SPDX-License-Identifier: MIT
#include "convert/convert.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "part.hpp"
#include "tenon/host.hpp"
#include "tenon/stamp.hpp"

namespace tenon::server {
namespace {

// One side of a conversion: a plugin instance, and its storage from open() to close().
class Side {
 public:
  Side(const config::Config& config, const PluginSelection& plugins, host::Logger& logger, const StoragePlace& place,
       const char* directory, const Incarnation& birth)
      : config_(config_of(config, place)),
        part_(make_part({config_, logger, metrics_, threads_, [this](const std::string& why) { fail(why); }},
                        plugins.load_storage(place.plugin), "storage." + place.plugin, directory)),
        end_({part_->tables.storage, part_->tables.self}, birth, [this] { return failure(); }) {}

  StorageEnd& end() noexcept { return end_; }

 private:
  static config::Config config_of(config::Config config, const StoragePlace& place) {
    config.data_directory = place.data_directory;
    return config;
  }
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = why;
  }
  std::optional<std::string> failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  const config::Config config_;
  host::Metrics metrics_;
  validation::Threads threads_;
  std::mutex mutex_;
  std::optional<std::string> failure_;
  const std::unique_ptr<Part> part_;
  StorageEnd end_;
};

std::optional<Stamp> read_stamp(const std::filesystem::path& storage_directory) {
  const std::filesystem::path path = storage_directory / kStampName;
  std::ifstream input(path, std::ios::binary);
  if (!input) return std::nullopt;
  std::string content(kStampBytesMax + 1, '\0');
  input.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(input.gcount()));
  try {
    return decode_stamp(content);
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
}

// Absolute and without symbolic links, so that two names of one directory are found to be one.
std::filesystem::path data_directory_of(const std::filesystem::path& given) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::weakly_canonical(std::filesystem::absolute(given), error);
  if (error) throw Error(TENON_ERROR_IO, given.string() + " cannot be looked at: " + error.message());
  if (!path.has_filename()) path = path.parent_path();
  const bool is_storage = path.filename() == kStorageName && std::filesystem::exists(path / kStampName, error);
  return is_storage ? path.parent_path() : path;
}

// What this makes must belong to the user that runs the node.
void check_user(const std::filesystem::path& data_directory) {
  struct stat found {};
  if (::stat(data_directory.c_str(), &found) != 0 || found.st_uid == ::geteuid()) return;
  throw Error(TENON_ERROR_INVALID, data_directory.string() + " belongs to user " + std::to_string(found.st_uid) +
                                       ", and this runs as " + std::to_string(::geteuid()) +
                                       "; run it as that user, so that the node can use what it makes");
}

// The config with the identity that the source has, where it does not say one itself.
config::Config identified(config::Config config, const std::optional<Stamp>& stamp,
                          const std::filesystem::path& source) {
  if (!stamp && (config.node_id == 0 || config.cluster_id.empty())) {
    throw Error(TENON_ERROR_INVALID,
                source.string() +
                    " has no file 'stamp' that says of which node and cluster it is; give the node's "
                    "configuration by --config FILE");
  }
  if (config.node_id == 0) config.node_id = stamp->node_id;
  if (config.cluster_id.empty()) config.cluster_id = stamp->cluster_id;
  return config;
}

void check_plugin(const std::optional<Stamp>& stamp, const Conversion& conversion, const PluginSelection& plugins) {
  plugins.check_storage(conversion.to.plugin);
  const std::string id = plugins.check_storage(conversion.from.plugin).description.manifest.id;
  if (!stamp || stamp->plugin_id == id) return;
  const std::filesystem::path source = conversion.from.data_directory / kStorageName;
  throw Error(TENON_ERROR_INVALID, source.string() + " was written by the storage plugin " + stamp->plugin_id +
                                       ", and --from names " + conversion.from.plugin + ", which is " + id +
                                       "; name the plugin that wrote it");
}

Copied copy_and_compare(const config::Config& config, const PluginSelection& plugins, const Conversion& conversion,
                        host::Logger& logger, const ShowProgress& show) {
  Side from(config, plugins, logger, conversion.from, kStorageName, {});
  const Incarnation& incarnation = from.end().found().incarnation;
  {
    Side to(config, plugins, logger, conversion.to, kConvertingName, incarnation);
    if (to.end().found().incarnation != incarnation) {
      throw Error(TENON_ERROR_INVALID, "the storage plugin " + conversion.to.plugin +
                                           " gave the new directory an incarnation of its own, with which the node's "
                                           "peers would not know it; this plugin cannot be converted to");
    }
    copy_node(from.end(), to.end(), show);
  }
  Side to(config, plugins, logger, conversion.to, kConvertingName, {});
  return compare_nodes(from.end(), to.end(), show);
}

void finish(ConversionDirectories& directories, const Conversion& conversion) {
  try {
    directories.finish();
  } catch (const Error& error) {
    throw Error(error.code(), error.what() + std::string("; the copy is whole. Go on with: ") + command_of(conversion));
  }
}

}  // namespace

ConversionOutcome convert_storage(const config::Config& config, const PluginSelection& plugins,
                                  const Conversion& wanted, host::Logger& logger, const ShowProgress& show,
                                  const BeforeStep& before_step) {
  const Conversion conversion{{wanted.from.plugin, data_directory_of(wanted.from.data_directory)},
                              {wanted.to.plugin, data_directory_of(wanted.to.data_directory)}};
  const std::filesystem::path& source = conversion.from.data_directory;
  const std::filesystem::path& target = conversion.to.data_directory;
  const DataDirectoryLock source_lock(source);
  check_user(source);
  std::optional<DataDirectoryLock> target_lock;
  if (target != source) {
    private_directory(target);
    check_user(target);
    target_lock.emplace(target);
  }
  ConversionDirectories directories(conversion, before_step);
  if (directories.stage() == ConversionStage::source_retired) {
    finish(directories, conversion);
    return {conversion, std::nullopt};
  }
  const std::optional<Stamp> stamp = read_stamp(source / kStorageName);
  check_plugin(stamp, conversion, plugins);
  const config::Config of_node = identified(config, stamp, source / kStorageName);
  directories.begin();
  Copied copied;
  try {
    copied = copy_and_compare(of_node, plugins, conversion, logger, show);
  } catch (...) {
    directories.abandon();
    throw;
  }
  finish(directories, conversion);
  return {conversion, copied};
}

}  // namespace tenon::server
