// SPDX-License-Identifier: MIT
#include "configuration.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "glob.hpp"
#include "service.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// In the order of their names. Every write is synced before it is answered, which Redis calls appendfsync always.
Parameters parameters(const Settings& settings, const NodeIdentity& identity) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(settings.channel.idle_timeout);
  return {
      {"appendfsync", "always"},
      {"appendonly", "yes"},
      {"cluster-enabled", settings.redirect == Redirect::kMoved ? "yes" : "no"},
      {"databases", "1"},
      {"maxclients", std::to_string(settings.connections_max)},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"notify-keyspace-events", settings.keyspace_events},
      {"port", std::to_string(identity.port)},
      {"proto-max-bulk-len", std::to_string(settings.request.bulk_bytes_max)},
      {"requirepass", ""},
      {"save", ""},
      {"timeout", std::to_string(seconds.count())},
  };
}

}  // namespace

void config_get(const Execution& execution) {
  const Arguments patterns = execution.arguments.subspan(2);
  Parameters found = parameters(execution.service.settings(), execution.service.identity());
  std::erase_if(found, [&](const auto& parameter) {
    return std::none_of(patterns.begin(), patterns.end(),
                        [&](std::string_view pattern) { return matches(lower(pattern), parameter.first); });
  });
  execution.reply.map(found.size());
  for (const auto& [name, value] : found) {
    execution.reply.bulk(name);
    execution.reply.bulk(value);
  }
}

void config_set(const Execution& execution) {
  const std::string name = lower(execution.arguments[2]);
  const Parameters known = parameters(execution.service.settings(), execution.service.identity());
  const bool is_known =
      std::any_of(known.begin(), known.end(), [&](const auto& parameter) { return parameter.first == name; });
  if (!is_known) {
    return execution.reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                                 std::string(execution.arguments[2]) + "'");
  }
  execution.reply.error("ERR CONFIG SET failed (possibly related to argument '" + std::string(execution.arguments[2]) +
                        "') - can't set immutable config: set it in the configuration file of tenond");
}

void config_reset_statistics(const Execution& execution) {
  execution.service.counters() = {};
  execution.reply.ok();
}

void config_rewrite(const Execution& execution) {
  execution.reply.error("ERR The server is running without a config file that it may write");
}

}  // namespace tenon::api_resp
