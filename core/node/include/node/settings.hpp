// SPDX-License-Identifier: MIT
// What a node is told at its birth: its bounds, its intervals, and where its peers are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/images/images.hpp"
#include "node/members/member_duties.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

struct ReportSettings {
  raft::Duration interval = std::chrono::seconds(10);  // between what a leader, and all in answer, tell of themselves
  raft::Duration clock_interval = std::chrono::minutes(1);  // the leader looks at the voters' wall clocks again
  std::uint64_t state_interval = 1024;                      // states are compared at indexes that are multiples; > 0
};

struct Settings {
  raft::Settings raft;
  std::string cluster_id;                     // that every frame carries
  raft::Incarnation incarnation;              // of this node's data directory, as storage found it
  std::uint64_t inbox_bytes_max = 64u << 20;  // of requests that are not yet in the log
  std::uint64_t entry_bytes_max = 1u << 20;   // of the commands that one entry carries, beyond the first
  std::size_t entry_commands_max = 4096;      // > 0
  // Handed to storage and not durable; above it nothing is proposed.
  std::uint64_t storage_backlog_bytes_max = 64u << 20;
  // In the log of a leader and not applied; above either nothing is proposed. What waits in the inbox meanwhile can be
  // refused, and surely is not applied; what waits in the log cannot. Entries: all; bytes: of what it proposed itself.
  std::uint64_t unapplied_entries_max = 16'384;  // > 0
  std::uint64_t unapplied_bytes_max = 64u << 20;
  std::uint64_t log_read_bytes_max = 4u << 20;      // that one read of the log asks storage for
  std::uint64_t answer_bytes_max = 8u << 20;        // of reads that one run() answers, beyond the first few
  std::size_t apply_entries_max = 64;               // that one run() applies, so that it stays short
  std::uint64_t forward_bytes_max = 1u << 20;       // of the commands that one forward carries, beyond the first
  std::size_t watch_history_bytes_max = 64u << 20;  // of changes that are kept for those who watch
  // A follower asks the leader at least as often how far it is, so that it knows how old its own state is.
  raft::Duration own_read_interval = std::chrono::seconds(1);
  ImageSettings images;
  ReportSettings reports;
  ConfiguredPeers peers;  // addresses that the config knows, perhaps with those of this node
  bool joins = false;     // an empty directory means that a cluster is to take this node in
};

}  // namespace tenon::node
