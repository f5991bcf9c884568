// SPDX-License-Identifier: MIT
// What only a view of all nodes can check of bare cores, numbered as in docs/invariants.md. Each check throws
// std::logic_error, which names the number.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/raft.hpp"
#include "support/raft_disk.hpp"

namespace tenon::support {

class Invariants {
 public:
  struct View {
    raft::NodeId id;
    const raft::Raft* raft;  // null: stopped
    const Disk* disk;
  };
  // Of every node, after each round.
  void check(const std::vector<View>& nodes);
  // Of each message as it leaves: what it rests on is durable.
  static void check_sent(raft::NodeId from, const Disk& disk, const raft::Send& send);
  // How much any node has known to be committed: a read that is asked for now must see that.
  raft::LogIndex committed() const noexcept { return raft::LogIndex(committed_.size()); }
  // It may have forgotten what it knew to be committed, but no promise.
  void restarted(raft::NodeId node) { seen_.erase(node); }

 private:
  struct Seen {
    raft::Term term;
    raft::LogIndex commit;
    raft::LogIndex boundary;
  };
  void check_log(const View& node);
  void check_image(const View& node);
  void check_memberships(const View& node);
  void check_leader(const View& node);
  void check_commit(const View& node, const std::vector<View>& nodes);

  std::map<raft::NodeId, Seen> seen_;
  std::map<raft::Term, raft::NodeId> leaders_;
  // Of each entry that any log ever had: its data, and the term of the entry before it.
  std::map<std::pair<raft::LogIndex, raft::Term>, std::pair<std::string, raft::Term>> entries_;
  std::set<std::pair<raft::LogIndex, raft::Term>> judged_;  // memberships that were compared with that before them
  std::vector<raft::Term> committed_;                       // of each entry that is decided, from index 1 on
};

}  // namespace tenon::support
