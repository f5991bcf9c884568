// SPDX-License-Identifier: MIT
// One cluster of bare cores whose members change while messages are lost, repeated and reordered, and nodes crash and
// come back. All that happens is drawn from a seed. RaftCluster looks at every invariant of docs/invariants.md that it
// knows after every step; in the end all faults cease, and the cluster must come to rest. In some runs it has to do so
// where nobody can be elected but a node that has come back, and by the vote of one that knows of its removal only.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "raft/random.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {

class Churn {
 public:
  // What a run has reached, so that a test can tell that it says something.
  struct Reached {
    std::uint64_t changes = 0;  // memberships that a leader has appended
    std::uint64_t joint = 0;    // those of them that are joint
    std::uint64_t reads = 0;    // answered
    std::uint64_t images = 0;   // received
    std::uint64_t behind = 0;   // rests that had to come by the vote of a node that was behind
  };

  explicit Churn(std::uint64_t seed);
  // Throws std::logic_error, whose text begins with the number of the invariant that is broken, or with `liveness`,
  // `rest` or `removed`.
  void run();

  const Reached& reached() const noexcept { return reached_; }
  // What the nodes have done since the last call, a line each. Also after run() has thrown.
  std::vector<std::string> take_lines() { return cluster_.take_lines(); }

 private:
  std::vector<raft::NodeId> all() const;
  raft::NodeId any() { return raft::NodeId(1 + random_.below(cluster_.size())); }
  bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
  std::optional<raft::NodeId> newest_leader() const;

  void begin_stretch();
  void move();
  void pass_message();
  void trouble(raft::NodeId node);
  void end_isolation();
  void restart(raft::NodeId node);
  void send_images_again();
  void ask(raft::NodeId node);
  void take_image(raft::NodeId node);
  void change(raft::NodeId node);
  raft::Token propose_change(raft::NodeId node);
  raft::Membership any_membership(const raft::Membership& from);

  void leave_one_behind();
  bool make_voters(raft::NodeId leader, const std::vector<raft::NodeId>& voters);
  void calm_down();
  std::optional<raft::NodeId> settle();
  raft::NodeId come_to_rest();
  void check_rest(raft::NodeId leader);

  raft::Random random_;
  RaftCluster cluster_;
  bool is_calm_ = true;
  std::vector<raft::NodeId> isolated_;
  std::vector<raft::Token> reads_;
  Reached reached_;
};

}  // namespace tenon::support
