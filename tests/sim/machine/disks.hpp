// SPDX-License-Identifier: MIT
// Whose disk holds an entry, as far as that may count for anybody. A membership knows a node by its data directory, or
// by none: what another directory of the same number holds counts for nothing. What was on a directory that is lost
// counts as far as its node had acknowledged it, and for the leadership that it had told so.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "checks/logs.hpp"
#include "raft/membership.hpp"

namespace tenon::sim {

using Leadership = std::pair<raft::Term, raft::NodeId>;

// The data directory of a node, with what is durable there.
struct DiskView {
  raft::Incarnation incarnation;
  raft::Term term;                        // of its hard state
  std::span<const raft::Term> log_terms;  // of the entries of its log, from index 1 on; 0: it came within an image
};

// What became of one that its node has no more.
struct LostDisk {
  raft::Incarnation incarnation;
  raft::Term term;
  Terms log_terms;
};

struct DisksOfNode {
  DiskView present;
  std::span<const LostDisk> lost;
};

class Disks {
 public:
  // `committed` has the term of each entry that is committed, and outlives it.
  explicit Disks(const Terms& committed) : committed_(committed) {}

  // The node with this directory tells a leader that its log is the leader's up to there. A leader tells itself what it
  // has committed.
  void acknowledged(const raft::Incarnation& disk, const Leadership& leadership, raft::LogIndex match);

  struct Entry {
    raft::LogIndex index;
    raft::Term term;
  };
  // Whether the directory by which a node is known, or any where that is zero, holds the entry; one that is lost, as
  // far as this leadership was told, or any where that is nullopt.
  bool hold(const DisksOfNode& disks, const raft::Incarnation& known, const Entry& entry,
            const std::optional<Leadership>& leadership) const;
  // Whether that directory has gone on to a term behind this one.
  static bool have_gone_on(const DisksOfNode& disks, const raft::Incarnation& known, raft::Term term);

 private:
  bool has(std::span<const raft::Term> log_terms, const Entry& entry) const;
  bool was_told(const raft::Incarnation& disk, const Entry& entry, const std::optional<Leadership>& leadership) const;

  const Terms& committed_;
  std::map<raft::Incarnation, std::map<Leadership, raft::LogIndex>> acknowledged_;
};

}  // namespace tenon::sim
