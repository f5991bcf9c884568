// SPDX-License-Identifier: MIT
#include "config/option_table.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "fault_options.hpp"
#include "limit_options.hpp"

namespace tenon::config {
namespace {

constexpr Option kServerOptions[] = {
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
    {.section = "node",
     .name = "plugin_validation",
     .type = OptionType::kChoice,
     .presence = Presence::kDefaulted,
     .default_value = "off",
     .choices = "off|report|abort",
     .help = "Whether each call between node and plugins is held against their contract: `report` counts and logs what "
             "breaks it, `abort` ends the process.",
     .danger = "It takes time in each call. With `abort` one wrong call of a plugin stops the node."},
    {.section = "node",
     .name = "scheduling",
     .type = OptionType::kChoice,
     .presence = Presence::kDefaulted,
     .default_value = "batch",
     .choices = "batch|inherit",
     .help = "What the system's scheduler is told of this node's threads: `batch`, one that is woken lets the running "
             "one end its turn, so that more requests go together; `inherit`, nothing.",
     .danger =
         "With `batch` on a machine whose processors others use up, each step of a request may wait for the end of "
         "such a turn, some milliseconds."},
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
     .help = "What an empty data directory means: `new`, a cluster begins here; `join`, a cluster takes this node in. "
             "Not set: an empty directory is refused. It has no effect on a directory that holds a node.",
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
    {.section = "cluster",
     .name = "join",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help = "Members that a node with start = join asks to take it in, in the form of peers, which has to say where "
             "this node is reached itself. Not set: the node waits for `tenonctl member add`.",
     .danger = "Whoever may start a node with this may become a voter of the cluster."},
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
    {.section = "raft",
     .name = "lease_reads",
     .type = OptionType::kChoice,
     .presence = Presence::kDefaulted,
     .default_value = "off",
     .choices = "off|on",
     .help = "Whether this node, when it leads, answers reads that ask for it by its lease: without a message to the "
             "others, because a majority has promised a short time ago to help no other to lead. Off: such a read is "
             "served like every other.",
     .danger = "With `on` a clock that is further off than lease_drift_percent says, or stands still while a virtual "
               "machine is paused, makes such reads stale. Others never are."},
    {.section = "raft",
     .name = "lease_drift_percent",
     .type = OptionType::kInteger,
     .presence = Presence::kDefaulted,
     .default_value = "10",
     .min = "1",
     .max = "90",
     .unit = "percent",
     .help =
         "How much more than the leader's any voter's clock may advance in election_timeout_min. A lease is shorter "
         "than that timeout by as much, and counts from when the leader has asked.",
     .danger = "With less than the clocks differ by, lease reads may be stale."},
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
};

constexpr Option kLoggerOptions[] = {
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

constexpr auto kOptions = [] {
  std::array<Option, std::size(kServerOptions) + std::size(kLimitOptions) + std::size(kLoggerOptions) +
                         std::size(kFaultOptions)>
      all;
  auto end = std::copy(std::begin(kServerOptions), std::end(kServerOptions), all.begin());
  end = std::copy(std::begin(kLimitOptions), std::end(kLimitOptions), end);
  end = std::copy(std::begin(kLoggerOptions), std::end(kLoggerOptions), end);
  std::copy(std::begin(kFaultOptions), std::end(kFaultOptions), end);
  return all;
}();

constexpr std::array<std::string_view, 10> kSections = {"node",      "cluster", "raft",   "snapshot", "storage",
                                                        "transport", "api",     "limits", "logger",   "fault"};

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view section, std::string_view name) {
  const auto found = std::find_if(std::begin(kOptions), std::end(kOptions), [&](const Option& option) {
    return option.section == section && option.name == name;
  });
  return found == std::end(kOptions) ? nullptr : found;
}

std::span<const std::string_view> sections() { return kSections; }

}  // namespace tenon::config
