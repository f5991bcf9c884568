// SPDX-License-Identifier: MIT
// Raft paper, section 7: what an image holds need not be in the log.
#include <algorithm>

#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

// A read of what goes would come too late, if it was asked for and has not begun: the peer needs an image now.
void Raft::on(const Compact& compact, Effects& effects) {
  if (compact.up_to <= log_.boundary()) return;
  TENON_CHECK(compact.up_to <= commit_index_);
  current_write(effects).compact_to = compact.up_to;
  log_.compact(compact.up_to);
  std::erase_if(effects.entries_wanted, [&](const EntriesWanted& wanted) {
    if (wanted.first > compact.up_to) return false;
    std::erase_if(log_reads_, [&](const LogRead& one) { return one.peer == wanted.peer; });
    return true;
  });
}

// What the image holds is committed, so it may be taken whoever leads by now. A log that has the entry at its end has
// all before it, and what follows may have been acknowledged: it is kept. Another log is of no use at all, and to keep
// what follows would be to believe it.
void Raft::on(const ImageReceived& image, Effects& effects) {
  if (image.index > commit_index_) {
    const bool has_it = log_.term(image.index) == image.term ||
                        (mutant("longer-log-taken-for-image") && log_.last_index() >= image.index);
    if (!has_it) empty_log(image, effects);
    commit_index_ = image.index;
  }
  acknowledge_image(image.leader, effects);
}

void Raft::empty_log(const ImageReceived& image, Effects& effects) {
  // A node that was elected holds every committed entry.
  TENON_CHECK(!std::holds_alternative<Leader>(role_));
  TENON_CHECK(image.term <= hard_state_.term);
  if (!std::holds_alternative<Follower>(role_)) {
    become_follower(NodeId(), "its log was replaced by an image", effects);
  }
  if (log_.last_index() >= image.index) truncate(image.index, effects);
  Write& write = current_write(effects);
  write.compact_to = image.index;
  reset_sequence_ = write.sequence;
  const auto members =
      mutant("image-without-members") ? std::make_shared<const Membership>(membership()) : image.membership;
  log_.reset(image.index, image.term, members, write.sequence);
}

// Only to the leader of this term, and when the log that goes on from the image is durable. Every leader holds what is
// committed, also where no Append has shown it: that much is acknowledged, for the image may have come late.
void Raft::acknowledge_image(NodeId sender, Effects& effects) {
  auto* following = std::get_if<Follower>(&role_);
  if (following == nullptr) return;
  following->verified_index = std::max(following->verified_index, commit_index_);
  if (following->leader == NodeId() || following->leader != sender) return;
  WriteSequence rests_on = std::max(hard_state_sequence_, log_.durable_with(commit_index_));
  if (mutant("install-acked-unsynced")) rests_on = {};
  send_when_durable(sender, AppendAccepted{hard_state_.term, commit_index_}, rests_on, effects);
}

}  // namespace tenon::raft
