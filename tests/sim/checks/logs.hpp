// SPDX-License-Identifier: MIT
// What the logs of all nodes say of each other. Each is looked at again as far as it has changed:
//
//   I17  an index and a term name one entry, and all before it: each entry that any log ever had is known by its hash
//        and by the term before it, which for all of them together is a chain (Raft paper, section 5.3)
//   I18  who begins to lead has all that was committed in an earlier term (section 5.4)
//   I27  a log begins behind nothing but what was committed
//   I39  a leader only appends (section 5.3)
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "raft/log.hpp"
#include "trace.hpp"

namespace tenon::sim {

// The term of every entry of a log, from index 1 on; 0: of an entry that came within an image.
using Terms = std::vector<raft::Term>;

class Logs {
 public:
  // What is known of the node beside its log.
  struct Node {
    raft::NodeId id;
    raft::LogIndex commit_index;  // that it had when it was last looked at
    bool has_led_on;              // ever since, in one term
  };
  explicit Logs(Trace& trace) : trace_(trace) {}

  // Returns the entries that no log had before. Throws Violation.
  std::vector<raft::LogIndex> look(const Node& node, const raft::Log& log, const Terms& committed);
  // The node begins to lead in the term. `committed_in` has the term in which each entry was first known to be
  // committed, and does not fall. Throws Violation.
  static void check_leader(raft::NodeId node, const raft::Log& log, raft::Term term, const Terms& committed,
                           const Terms& committed_in);
  // It may have forgotten what was in memory.
  void restarted(raft::NodeId node) { seen_[node] = {}; }

 private:
  struct Seen {
    Terms terms;               // when it was last looked at; what an image holds is known by what was decided
    std::size_t boundary = 0;  // of its log
  };
  static void check_image(raft::NodeId node, const raft::Log& log, const Terms& committed, Seen& seen);
  // Returns whether no log had it before.
  bool check_entry(raft::NodeId node, const raft::Log& log, raft::LogIndex index, raft::Term before);

  Trace& trace_;
  std::map<raft::NodeId, Seen> seen_;
  // Of each entry that any log ever had: what it is, and the term before it.
  std::map<std::pair<raft::LogIndex, raft::Term>, std::pair<std::uint64_t, raft::Term>> entries_;
};

}  // namespace tenon::sim
