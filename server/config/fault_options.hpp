// SPDX-License-Identifier: MIT
// The options of section [fault]: what a node is made to suffer on purpose.
#pragma once

#include "config/option_table.hpp"

namespace tenon::config {

constexpr Option fault_option(std::string_view name, OptionType type, std::string_view default_value,
                              std::string_view help) {
  return {.section = "fault",
          .name = name,
          .type = type,
          .presence = Presence::kDefaulted,
          .default_value = default_value,
          .help = help};
}

constexpr Option fault_count(std::string_view name, std::string_view default_value, std::string_view max,
                             std::string_view help) {
  Option option = fault_option(name, OptionType::kInteger, default_value, help);
  option.min = "0";
  option.max = max;
  return option;
}

// A write of the run, by its number.
constexpr Option fault_at_write(std::string_view name, std::string_view help) {
  return fault_count(name, "0", "9223372036854775807", help);
}

constexpr Option fault_percent(std::string_view name, std::string_view default_value, std::string_view help,
                               std::string_view danger = {}) {
  Option option = fault_count(name, default_value, "100", help);
  option.unit = "percent";
  option.danger = danger;
  return option;
}

constexpr Option fault_duration(std::string_view name, std::string_view max, std::string_view help) {
  Option option = fault_option(name, OptionType::kDuration, "0s", help);
  option.min = "0s";
  option.max = max;
  option.unit = "time";
  return option;
}

constexpr Option fault_choice(std::string_view name, std::string_view default_value, std::string_view choices,
                              std::string_view help) {
  Option option = fault_option(name, OptionType::kChoice, default_value, help);
  option.choices = choices;
  return option;
}

inline constexpr Option kFaultOptions[] = {
    fault_count("seed", "1", "9223372036854775807",
                "What chances are drawn from: the same seed and the same calls suffer the same faults."),
    fault_duration("storage_sync_delay", "1h", "A slow disk: what is durable is reported so much later."),
    fault_percent("storage_sync_delay_percent", "100",
                  "How many of the reports storage_sync_delay concerns. What is reported later waits behind them."),
    fault_at_write("storage_stall_at_write",
                   "A disk that hangs: from this write of the run on nothing is reported durable. 0: never."),
    fault_duration("storage_stall_time", "1h", "How long the disk hangs. 0s: for ever."),
    fault_at_write("storage_fail_at_write",
                   "A disk that breaks: this write of the run fails as by EIO, and the node stops. 0: never."),
    fault_count("storage_fail_per_million", "0", "1000000", "How many of a million writes fail so, by chance."),
    fault_at_write(
        "storage_full_at_write",
        "A disk that is full: from this write of the run on room is short, and no image can be written. 0: never."),
    fault_duration("storage_read_delay", "1h", "Reads of the log are answered so much later."),
    {.section = "fault",
     .name = "transport_peers",
     .type = OptionType::kList,
     .presence = Presence::kOptional,
     .help = "The ids of the nodes to and from which frames suffer. Not set: all."},
    fault_choice("transport_lanes", "both", "both|control|bulk",
                 "The lanes whose frames suffer: control has the messages of Raft, bulk the images."),
    fault_choice("transport_isolation", "none", "none|incoming|outgoing|both",
                 "A partition: every frame of this direction is lost, though the connections stay."),
    fault_percent("transport_loss_percent", "0", "How many frames are lost, of those sent and of those received."),
    fault_duration("transport_delay", "1m", "Frames are received so much later."),
    fault_duration("transport_delay_jitter", "1m",
                   "A part of it, by chance, is added to the delay. The order of a lane stays."),
    fault_percent("transport_duplicate_percent", "0", "How many of the frames received come twice.",
                  "No transport may do that: a forwarded write that has no session can take effect twice."),
    fault_percent("transport_reorder_percent", "0",
                  "How many of the frames received come after the next of their lane.",
                  "No transport may do that: writes that were forwarded in order can take effect in another."),
};

}  // namespace tenon::config
