// SPDX-License-Identifier: MIT
// What a node says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/channels.hpp"
#include "node/images/images.hpp"
#include "node/members/member_change.hpp"
#include "node/members/own_standing.hpp"
#include "node/watches.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

struct Status {
  raft::RoleName role = raft::RoleName::follower;
  raft::Term term;
  raft::NodeId leader;  // 0: not known
  raft::LogIndex last_index;
  raft::LogIndex durable_index;
  raft::LogIndex commit_index;
  raft::LogIndex applied_index;
  std::uint64_t revision = 0;
  std::uint64_t key_count = 0;
  std::uint64_t cluster_time_ms = 0;
  std::uint64_t inbox_bytes = 0;
  std::uint64_t state_hash = 0;  // equal on all nodes that have applied the same
  bool space_is_short = false;
  raft::LogIndex first_index;   // of the log; what is before it is in an image
  std::uint64_t log_bytes = 0;  // of the entries of the log that are applied
  bool is_compacting = false;   // an operator wants it cut, which is not done yet
  ImageStatus images;
  WatchStatus watches;
  ChannelStatus channels;
  raft::Membership membership;
  std::vector<raft::PeerStatus> peers;  // of a leader: the other members, ascending; else empty
  // The state includes everything that was acknowledged before this; nullopt: that is not known.
  std::optional<raft::Instant> state_as_of;
  std::vector<MemberLag> lags;  // of the same as peers
  OwnStanding own_standing;
  raft::Term last_term;  // of the last entry of the log, or of the image that it follows
  // The oldest write that is not durable was handed to storage then; nullopt: all are.
  std::optional<raft::Instant> unsynced_since;
  bool operator==(const Status&) const = default;
};

}  // namespace tenon::node
