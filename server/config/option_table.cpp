// SPDX-License-Identifier: MIT
#include "config/option_table.hpp"

#include <algorithm>
#include <array>

namespace tenon::config {
namespace {

constexpr Option kOptions[] = {
    {.section = "node",
     .name = "id",
     .type = OptionType::kInteger,
     .presence = Presence::kRequired,
     .min = "1",
     .max = "9223372036854775807",
     .help = "This node's number, unlike that of every other node of the cluster, for ever.",
     .danger = "Two nodes with one id, or one node that changes its id, break the promises of the cluster."},
    {.section = "node",
     .name = "data_directory",
     .type = OptionType::kText,
     .presence = Presence::kRequired,
     .help = "The directory of this node's data, made when it is missing. A relative path is relative to the working "
             "directory.",
     .danger = "What was acknowledged is in there and nowhere else. Never copy it to start a second node."},
    {.section = "node",
     .name = "plugin_directories",
     .type = OptionType::kText,
     .presence = Presence::kOptional,
     .help = "Absolute directories, separated by ':', that are searched for tenon-KIND-NAME.so in this order. Not set: "
             "the directory of the installation.",
     .danger = "A plugin runs with all rights of the server: nobody else may be able to write there."},
    {.section = "node",
     .name = "drain_timeout",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "4s",
     .min = "0s",
     .max = "5s",
     .unit = "time",
     .help = "How long a stopping node goes on answering what it has already taken.",
     .danger = "With too short a time clients see unknown outcomes at every restart."},
    {.section = "cluster",
     .name = "id",
     .type = OptionType::kText,
     .presence = Presence::kRequired,
     .help = "The cluster's name: 1 to 64 of A-Z a-z 0-9 . _ -. A data directory belongs to one cluster for ever."},
    {.section = "cluster",
     .name = "start",
     .type = OptionType::kChoice,
     .presence = Presence::kOptional,
     .choices = "new|join",
     .help = "What an empty data directory means: `new`, a cluster begins here; `join`, not in this version. Not set: "
             "an empty directory is refused. It has no effect on a directory that holds a node.",
     .danger = "`new` together with a data directory that was lost begins an empty cluster: leave it out once the node "
               "has started, and a lost disk is noticed."},
    {.section = "cluster",
     .name = "initial_members",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help = "The ids of the nodes with which a new cluster begins, this one among them, at most 16; required with "
             "start = new. The same on every one of them.",
     .danger = "Nodes that begin with different lists are different clusters under one name."},
    {.section = "cluster",
     .name = "peers",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help =
         "Where the other nodes are reached: ID=SCHEME://HOST:PORT for each, separated by commas, several addresses "
         "of one node by '|', the preferred first. The scheme says which transport it is for. Required for every "
         "member but this node, which may be named too.",
     .danger = "Under a wrong address a node cannot be reached, and a majority may be missing."},
    {.section = "raft",
     .name = "heartbeat_interval",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "50ms",
     .min = "1ms",
     .max = "10s",
     .unit = "time",
     .help = "How often a leader shows that it is there. At most a third of election_timeout_min."},
    {.section = "raft",
     .name = "election_timeout_min",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "500ms",
     .min = "3ms",
     .max = "60s",
     .unit = "time",
     .help = "A node that has heard of no leader for a random time from this on to election_timeout_max asks to be "
             "elected. The same on every node.",
     .danger = "With less than the slowest round trip and disk sync together, leaders are deposed for nothing."},
    {.section = "raft",
     .name = "election_timeout_max",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "1s",
     .min = "4ms",
     .max = "120s",
     .unit = "time",
     .help = "More than election_timeout_min: about twice that, so that two nodes rarely ask at once.",
     .danger = "While no leader is there, nothing is written; this is about how long that takes."},
    {.section = "snapshot",
     .name = "log_bytes",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "256MiB",
     .min = "1MiB",
     .max = "1024GiB",
     .unit = "bytes",
     .help = "An image of the state is taken when the log has grown by this much since the last one, or by the size of "
             "that one if it is larger. The log before it is then removed.",
     .danger = "With much, a restart reads a long log; with little, images are taken again and again."},
    {.section = "snapshot",
     .name = "interval",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "0s",
     .min = "0s",
     .max = "720h",
     .unit = "time",
     .help = "An image is taken at least so often, if anything was written since the last one. 0s: only the growth of "
             "the log counts."},
    {.section = "snapshot",
     .name = "compression_level",
     .type = OptionType::kInteger,
     .presence = Presence::kDefaulted,
     .default_value = "1",
     .min = "1",
     .max = "19",
     .help = "The zstd level of images. Higher ones are smaller and take much longer."},
    {.section = "snapshot",
     .name = "take_bytes_per_second",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "32MiB",
     .min = "0",
     .max = "64GiB",
     .unit = "bytes",
     .help = "How much of the state is encoded into an image in a second, and how much of the image is then read back "
             "to verify it. 0: no bound.",
     .danger = "With much, writes wait longer while an image is taken; with little, the log grows longer until it is."},
    {.section = "snapshot",
     .name = "log_held_bytes_max",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "1GiB",
     .min = "8MiB",
     .max = "1024GiB",
     .unit = "bytes",
     .help = "How much of the log a leader keeps beyond its image for nodes that are behind; a node that is farther "
             "behind is sent an image."},
    {.section = "snapshot",
     .name = "send_bytes_per_second",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "0",
     .min = "0",
     .max = "64GiB",
     .unit = "bytes",
     .help = "What a leader sends of images in a second, to all nodes together. 0: as much as the network takes.",
     .danger = "An image that is sent more slowly than the log grows by log_held_bytes_max has to be sent again."},
    {.section = "storage",
     .name = "plugin",
     .type = OptionType::kText,
     .presence = Presence::kRequired,
     .help = "The storage plugin: NAME stands for tenon-storage-NAME.so. Its options are in [storage.NAME].",
     .danger = "A data directory can be read by the plugin that wrote it and by no other."},
    {.section = "transport",
     .name = "plugin",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help = "The transports between nodes, separated by commas, the preferred first: NAME stands for "
             "tenon-transport-NAME.so. The options of each, where it listens for one, are in [transport.NAME]. "
             "Required when the cluster has more than one member.",
     .danger = "Whoever reaches the address of a transport can speak as a node of the cluster."},
    {.section = "api",
     .name = "plugin",
     .type = OptionType::kList,
     .presence = Presence::kRequired,
     .help = "The client APIs, separated by commas: NAME stands for tenon-api-NAME.so. The options of each, where it "
             "listens for one, are in [api.NAME].",
     .danger = "Whoever reaches the address of an API can read and write everything."},
    {.section = "api",
     .name = "advertise",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help =
         "Where clients reach this node: NAME://HOST:PORT, NAME being a client API, separated by commas, at most 16. "
         "Other nodes send clients here when this one leads. Not set: the `listen` of each client API, when it "
         "names a host and a port.",
     .danger = "Clients are sent to an address that they cannot reach."},
    {.section = "limits",
     .name = "value_bytes_max",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "1MiB",
     .min = "1KiB",
     .max = "4MiB",
     .unit = "bytes",
     .help = "The largest value; a larger one is refused. request_bytes_max must be at least 68KiB more.",
     .danger =
         "Large values hold up the small ones behind them. Lower it and values that are there can still be read."},
    {.section = "limits",
     .name = "request_bytes_max",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "4MiB",
     .min = "128KiB",
     .max = "7MiB",
     .unit = "bytes",
     .help =
         "The largest request, a transaction with all its keys and values; a larger one is refused. A log entry must "
         "fit into a frame between nodes, which is at most 8 MiB."},
    {.section = "limits",
     .name = "scan_records_max",
     .type = OptionType::kInteger,
     .presence = Presence::kDefaulted,
     .default_value = "1000",
     .min = "1",
     .max = "10000",
     .unit = "records",
     .help = "The most records in one answer of a scan; the rest is reached by its cursor.",
     .danger = "A long answer is made while everyone else waits."},
    {.section = "limits",
     .name = "scan_bytes_max",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "1MiB",
     .min = "1KiB",
     .max = "8MiB",
     .unit = "bytes",
     .help = "The most bytes of keys and values in one answer of a scan, which holds at least one record; the rest is "
             "reached by its cursor."},
    {.section = "limits",
     .name = "inbox_bytes_max",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "64MiB",
     .min = "1MiB",
     .max = "4GiB",
     .unit = "bytes",
     .help = "The most bytes of requests that wait for the node; beyond it a request is refused as overloaded, surely "
             "not applied. At least request_bytes_max.",
     .danger = "More means longer waits under overload, not more throughput."},
    {.section = "limits",
     .name = "watch_history_bytes",
     .type = OptionType::kSize,
     .presence = Presence::kDefaulted,
     .default_value = "64MiB",
     .min = "64KiB",
     .max = "16GiB",
     .unit = "bytes",
     .help = "The most bytes of latest changes that are kept in memory for watches, with the values before them.",
     .danger = "A watch that falls behind what is kept ends as compacted. A step that changes more than this at once, "
               "as a removal of many large values, leaves no watch but those that begin after it."},
    {.section = "limits",
     .name = "timeout_default",
     .type = OptionType::kDuration,
     .presence = Presence::kDefaulted,
     .default_value = "5s",
     .min = "1ms",
     .max = "1h",
     .unit = "time",
     .help = "How long a request may take when the client states no time.",
     .danger = "A write that runs into it may have been applied: its outcome is unknown to the client."},
    {.section = "logger",
     .name = "level",
     .type = OptionType::kChoice,
     .presence = Presence::kDefaulted,
     .default_value = "info",
     .choices = "debug|info|warning|error",
     .help = "The least grave diagnostics that are written. Read again on SIGHUP."},
    {.section = "logger",
     .name = "levels",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help = "Levels of single rooms, as ROOM=LEVEL separated by commas, ROOM being raft, node, server, storage, "
             "transport, api, or one plugin as storage.filewal. Read again on SIGHUP.",
     .danger = "A room at debug may write a line for each request."},
    {.section = "logger",
     .name = "format",
     .type = OptionType::kChoice,
     .presence = Presence::kDefaulted,
     .default_value = "text",
     .choices = "text|json",
     .help = "The form of a line: text for people, or one JSON object with time, level, room and message."},
    {.section = "logger",
     .name = "file",
     .type = OptionType::kText,
     .presence = Presence::kOptional,
     .help = "The file to which diagnostics are appended, made when it is missing and opened again on SIGHUP. Not set: "
             "standard error.",
     .danger = "Nothing shortens it but you: rotate it and send SIGHUP."},
};

std::string capitals(std::string_view text) {
  std::string made(text);
  for (char& letter : made) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (letter == '.' || letter == '-') letter = '_';
  }
  return made;
}

constexpr std::array<std::string_view, 9> kSections = {"node",      "cluster", "raft",   "snapshot", "storage",
                                                       "transport", "api",     "limits", "logger"};

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view section, std::string_view name) {
  const auto found = std::find_if(std::begin(kOptions), std::end(kOptions), [&](const Option& option) {
    return option.section == section && option.name == name;
  });
  return found == std::end(kOptions) ? nullptr : found;
}

std::span<const std::string_view> sections() { return kSections; }

std::string environment_name(std::string_view section, std::string_view name) {
  return "TENON_" + capitals(section) + "_" + capitals(name);
}

std::string describe_type(const Option& option) {
  const std::string range = std::string(option.min) + " to " + std::string(option.max);
  switch (option.type) {
    case OptionType::kInteger:
      return option.unit.empty() ? "integer, " + range : "integer, " + range + " " + std::string(option.unit);
    case OptionType::kSize:
      return "size (bytes, B, KiB, MiB, GiB), " + range;
    case OptionType::kDuration:
      return "duration (us, ms, s, m, h), " + range;
    case OptionType::kText:
      return "text";
    case OptionType::kList:
      return "list, separated by commas";
    case OptionType::kChoice:
      break;
  }
  std::string choices = "one of ";
  for (const char letter : option.choices) {
    if (letter == '|') {
      choices += ", ";
    } else {
      choices += letter;
    }
  }
  return choices;
}

}  // namespace tenon::config
