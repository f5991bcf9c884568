// SPDX-License-Identifier: MIT
// Cores of one cluster with disks, messages and a clock that a test moves by hand. Nothing moves by itself: a message
// stays under way until it is delivered or dropped, a write until it is made durable, and the clock until it is
// advanced. A node is stepped as core/node does it: what happened, then a Tick, then its effects.
//
// A node notices that its election deadline has passed only in timeout() and advance(): the other verbs leave out its
// Tick then, so that a test decides who stands.
//
// After every round Invariants looks at all nodes; a broken one throws std::logic_error.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/raft.hpp"
#include "support/raft_invariants.hpp"

namespace tenon::support {

inline constexpr raft::NodeId kNode1{1};
inline constexpr raft::NodeId kNode2{2};
inline constexpr raft::NodeId kNode3{3};
inline constexpr raft::NodeId kNode4{4};
inline constexpr raft::NodeId kNode5{5};

struct InFlight {
  raft::NodeId from;
  raft::NodeId to;
  raft::Message message;
};
struct ImageInFlight {
  raft::NodeId from;
  raft::NodeId to;
  Image image;
};

// Which of the messages under way are meant, oldest first. What is empty or 0 admits all.
struct Selection {
  raft::NodeId from = {};
  raft::NodeId to = {};
  std::string kind = {};                  // as kind_of()
  std::size_t skip = 0;                   // so many of the oldest are passed over
  std::optional<std::size_t> count = {};  // at most so many after these
};

// Those of the product, but that followers hear of a commit at once: what a test sees then follows from what it does.
inline raft::Settings immediate_settings() {
  raft::Settings settings;
  settings.commit_notice_delay = raft::Duration::zero();
  return settings;
}

struct ClusterOptions {
  std::size_t voters = 3;                          // >= 1
  raft::Settings settings = immediate_settings();  // of every node, but for self
  // What a node's disk holds when it starts: the term of each entry, from index 1 on. Its own term is that of the last.
  std::map<raft::NodeId, std::vector<std::uint64_t>> logs = {};
  std::size_t joining = 0;  // nodes behind the voters that know of nobody and have no log; at most 9 nodes in all
};

class RaftCluster {
 public:
  explicit RaftCluster(ClusterOptions options = {});
  RaftCluster(const RaftCluster&) = delete;
  RaftCluster& operator=(const RaftCluster&) = delete;

  // The clock goes to the node's deadline, if that is to come, and the node alone notices. Needs: it has one.
  void timeout(raft::NodeId node);
  // The clock goes on, and each node is ticked at each of its deadlines.
  void advance(raft::Duration by);
  // The clock goes on, and what is under way arrives, and becomes durable, within 10 ms.
  void run(raft::Duration by);
  // Every one of the messages that are under way now is handed over, each in a round of its own. Returns how many.
  std::size_t deliver(const Selection& which = {});
  std::size_t drop(const Selection& which = {});
  // The oldest of the writes under way become durable, and the core is told, once. Returns how many.
  std::size_t write_durable(raft::NodeId node, std::size_t count = std::size_t(-1));
  // The node takes an image of what it has committed up to `index`, which is durable at once. Needs: behind the one
  // that it has.
  void take_image(raft::NodeId node, raft::LogIndex index);
  // Needs: the node's image ends at `up_to` or later.
  void compact(raft::NodeId node, raft::LogIndex up_to);
  // Every image on its way to the node is there as a whole, durable when the node lacks it. Returns how many.
  std::size_t deliver_images(raft::NodeId to);
  std::size_t drop_images(raft::NodeId to);

  // Delivers and makes durable until nothing is under way. Time stands still.
  void stabilize();

  // The process ends. Of the writes under way the oldest `kept` are on the disk afterwards.
  void crash(raft::NodeId node, std::size_t kept);
  // The power fails: only what was durable is left.
  void lose_unsynced(raft::NodeId node) { crash(node, 0); }
  // A write fails: the node stops and does not start again.
  void fail_write(raft::NodeId node);
  // Needs: the node is stopped, and not by a failed write.
  void restart(raft::NodeId node);

  // What the answer to it is called in outcome().
  raft::Token propose(raft::NodeId node, const std::string& text);
  raft::Token read(raft::NodeId node, raft::ReadProof proof = raft::ReadProof::round);
  raft::Token propose_membership(raft::NodeId node, raft::Membership membership);
  // An entry after which `member` is known to have the data directory `number`.
  raft::Token pin(raft::NodeId node, raft::NodeId member, std::uint8_t number);
  raft::Token add_learner(raft::NodeId node, raft::NodeId learner);
  raft::Token remove_learner(raft::NodeId node, raft::NodeId learner);
  raft::Token enter_joint(raft::NodeId node, const std::vector<raft::NodeId>& voters);
  raft::Token leave_joint(raft::NodeId node);
  void transfer(raft::NodeId node, raft::NodeId target);
  void disconnected(raft::NodeId node, raft::NodeId peer);
  // A message that no core has sent: one that was delayed beyond what the test did, repeated or forged.
  void inject(raft::NodeId from, raft::NodeId to, raft::Message message);
  // The image that `from` has is on its way, whether it was wanted or not.
  void inject_image(raft::NodeId from, raft::NodeId to) { images_.push_back({from, to, at(from).disk.image}); }
  // Nothing goes in or out, and what was under way is lost, but for images: of these what is lost is sent again.
  void isolate(raft::NodeId node);
  void heal() { isolated_.clear(); }

  // timeout() and stabilize().
  void elect(raft::NodeId node);

  raft::Instant now() const noexcept { return now_; }
  std::size_t size() const noexcept { return nodes_.size(); }
  bool is_running(raft::NodeId node) const { return at(node).raft != nullptr; }
  const raft::Raft& raft(raft::NodeId node) const;  // Needs: it is running
  const Disk& disk(raft::NodeId node) const { return at(node).disk; }
  const std::deque<raft::Write>& writes_under_way(raft::NodeId node) const { return at(node).queue; }
  // The messages of this selection that are under way, oldest first.
  std::vector<InFlight> under_way(const Selection& which = {}) const;
  // Of which a node that lacks something has said so; a new one to the same node takes the place of that before.
  const std::vector<ImageInFlight>& images_under_way() const noexcept { return images_; }
  std::size_t dropped(raft::NodeId node, raft::Drop why) const;  // since the beginning
  // Empty: none yet.
  struct Outcome {
    std::optional<raft::Proposed> proposed;
    std::optional<raft::Rejection> rejected;
    std::optional<raft::LogIndex> read_index;
    raft::LogIndex must_see = {};  // of a read
  };
  const Outcome& outcome(raft::Token token) const { return outcomes_.at(token); }
  // The data of the entries that the node's log holds, from its boundary on; those without are "-".
  std::vector<std::string> texts(raft::NodeId node) const;
  std::vector<std::uint64_t> terms(raft::NodeId node) const;

  // What the nodes have done since the last call, a line each.
  std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

 private:
  struct Node {
    raft::NodeId id;
    std::unique_ptr<raft::Raft> raft;  // null: stopped
    Disk disk;
    std::deque<raft::Write> queue;  // not durable yet
    std::map<raft::Drop, std::size_t> drops;
    std::uint64_t lives = 0;
    bool failed = false;
  };
  Node& at(raft::NodeId node) { return nodes_.at(node.value() - 1); }
  const Node& at(raft::NodeId node) const { return nodes_.at(node.value() - 1); }
  std::vector<std::size_t> select(const Selection& which) const;
  std::vector<InFlight> take(const Selection& which);
  void start(Node& node);
  void stop(Node& node, std::size_t kept);
  void round(Node& node, raft::Happening what);
  void perform(Node& node, const raft::Effects& effects, raft::LogIndex committed_before);
  void describe(const Node& node, const raft::Effects& effects, raft::LogIndex committed_before);
  void read_entries(Node& node, const raft::EntriesWanted& wanted);
  void send_image(const Node& node, raft::NodeId peer);
  raft::Token propose(raft::NodeId node, raft::Propose propose);
  const raft::Entry& entry(const Node& node, raft::LogIndex index) const;
  void say(const Node& node, const std::string& what);
  void check();

  ClusterOptions options_;
  raft::Instant now_;
  std::vector<Node> nodes_;  // ascending from 1
  std::deque<InFlight> under_way_;
  std::vector<ImageInFlight> images_;
  std::set<raft::NodeId> isolated_;
  std::map<raft::Token, Outcome> outcomes_;
  raft::Token last_token_;
  Invariants invariants_;
  std::vector<std::string> lines_;
};

}  // namespace tenon::support
