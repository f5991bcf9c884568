// SPDX-License-Identifier: MIT
// What the nodes of a RaftCluster have done, as lines for people.
#include "support/raft_cluster.hpp"
#include "support/raft_text.hpp"

namespace tenon::support {

using namespace raft;

void RaftCluster::say(const Node& node, const std::string& what) { lines_.push_back(to_text(node.id) + " " + what); }

void RaftCluster::describe(const Node& node, const Effects& effects, LogIndex committed_before) {
  for (const RoleChanged& change : effects.roles) {
    const std::string behind =
        change.leader == NodeId() || change.leader == node.id ? "" : " of " + to_text(change.leader);
    say(node, std::string(to_text(change.role)) + behind + " in term " + to_text(change.term) + ": " +
                  std::string(change.cause));
  }
  for (const Proposed& proposed : effects.proposed) {
    say(node, "appends #" + to_text(proposed.token) + " at " + to_text(proposed.index) + "/" + to_text(proposed.term));
  }
  if (effects.write) say(node, "writes" + to_text(*effects.write));
  for (const Send& send : effects.sends) say(node, "to " + to_text(send.to) + ": " + to_text(send.message));
  if (node.raft->commit_index() > committed_before) say(node, "commits up to " + to_text(node.raft->commit_index()));
  for (const ReadReady& ready : effects.reads) {
    say(node, "may answer #" + to_text(ready.token) + " from " + to_text(ready.index) +
                  (ready.proof == ReadProof::lease ? " by its lease" : ""));
  }
  for (const Rejected& rejected : effects.rejected) {
    say(node, "rejects #" + to_text(rejected.token) + ": " + std::string(to_text(rejected.why)) + ", leader " +
                  to_text(rejected.leader) + (rejected.reason.empty() ? "" : ": " + std::string(rejected.reason)));
  }
  if (effects.removed) say(node, "knows that it was removed, as of " + to_text(*effects.removed));
  for (const Drop why : effects.drops) say(node, "drops: " + std::string(to_text(why)));
}

}  // namespace tenon::support
