// SPDX-License-Identifier: MIT
// `tenond storage convert`: gives what a node keeps to another storage plugin, through the waist alone, compares all of
// it there, and takes the source out of service. The node must not run. Until the copy is whole and compared nothing
// of the source is changed beyond what opening it does.
#pragma once

#include <optional>

#include "config/config.hpp"
#include "convert/copy.hpp"
#include "convert/directories.hpp"
#include "host/logger.hpp"
#include "plugin_selection.hpp"

namespace tenon::server {

struct ConversionOutcome {
  Conversion conversion;         // with absolute directories
  std::optional<Copied> copied;  // nullopt: what was left to do of an interrupted conversion is done
};

// `wanted` is what the operator wrote; a directory `storage` that a plugin has stamped stands for the one above it. Of
// the config counts what config::load_conversion() gives: a node id and a cluster that the source must be of, where
// they are set. Blocks, and shows its progress. Throws tenon::Error, with the plugin's words where it is the plugin's:
// BUSY: a node or a conversion runs on one of the directories. INVALID: the source is of another plugin, node or
// cluster, or holds none; the target is not empty; another user. NO_SPACE, IO, CORRUPT, UNSUPPORTED. After an error the
// node can be started in the source as before, or the message says what to do. Also throws plugin::Refusal,
// config::ConfigError.
ConversionOutcome convert_storage(const config::Config& config, const PluginSelection& plugins,
                                  const Conversion& wanted, host::Logger& logger, const ShowProgress& show,
                                  const BeforeStep& before_step = {});

}  // namespace tenon::server
