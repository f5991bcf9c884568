// SPDX-License-Identifier: MIT
#include <algorithm>
#include <tuple>
#include <utility>

#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

Progress* Raft::find_progress(NodeId peer) noexcept {
  auto* leading = std::get_if<Leader>(&role_);
  if (leading == nullptr) return nullptr;
  const auto found = std::find_if(leading->followers.begin(), leading->followers.end(),
                                  [&](const Progress& one) { return one.peer() == peer; });
  return found == leading->followers.end() ? nullptr : &*found;
}

void Raft::receive(NodeId from, const AppendAccepted& accepted, Effects& effects) {
  Progress* follower = find_progress(from);
  if (follower == nullptr || accepted.match_index > log_.last_index()) {
    effects.drops.push_back(follower == nullptr ? Drop::stale : Drop::malformed);
    return;
  }
  follower->heard(now_);
  if (follower->accepted(accepted.match_index, log_.boundary())) advance_commit();
}

// Goes back to the last entry that may agree: what the follower has named, or before it when the term there is later
// than what the follower has.
void Raft::receive(NodeId from, const AppendRejected& rejected, Effects& effects) {
  Progress* follower = find_progress(from);
  const LogIndex previous = rejected.previous_index;
  if (follower == nullptr || !follower->is_news(previous)) {
    effects.drops.push_back(Drop::stale);
    return;
  }
  if (previous == LogIndex() || rejected.hint_index > previous) {
    effects.drops.push_back(Drop::malformed);
    return;
  }
  follower->heard(now_);
  LogIndex agreed = std::min({rejected.hint_index, previous.previous(), log_.last_index()});
  if (agreed >= log_.boundary()) agreed = log_.last_not_after(agreed, rejected.hint_term);
  follower->probe_from(std::max(agreed, follower->match()).next());
}

void Raft::on(const Disconnected& disconnected, Effects&) {
  Progress* follower = find_progress(disconnected.peer);
  if (follower == nullptr) return;
  follower->disconnected();
  auto& handover = std::get<Leader>(role_).handover;
  if (handover && handover->target == disconnected.peer) handover.reset();
}

void Raft::on(const EntriesRead& read, Effects& effects) {
  const std::size_t answered = std::erase_if(log_reads_, [&](const LogRead& one) { return one.peer == read.peer; });
  Progress* follower = find_progress(read.peer);
  if (follower == nullptr || answered == 0) return;
  // The follower may have gone on meanwhile, or back, or be another node of that number; and the log may begin later:
  // the next Tick sends what it needs then.
  if (read.entries.empty() || read.entries.front().index != follower->next() || follower->next() <= log_.boundary() ||
      !follower->may_send(settings_.window_bytes_max, settings_.window_appends_max)) {
    return;
  }
  const bool are_ours = std::all_of(read.entries.begin(), read.entries.end(),
                                    [&](const Entry& entry) { return log_.term(entry.index) == entry.term; });
  if (are_ours) send_entries(*follower, read.entries, effects);
}

void Raft::on(const Transfer& transfer, Effects&) {
  auto* leading = std::get_if<Leader>(&role_);
  if (leading != nullptr && !leading->handover) hand_over_to(*leading, transfer.target);
}

// Only a voter that stays one can lead.
void Raft::hand_over_to(Leader& leading, NodeId target) {
  const auto is_eligible = [&](NodeId node) {
    const Member* member = membership().find(node);
    return node != settings_.self && member != nullptr && counts_after(member->standing);
  };
  // By itself the leader chooses among those that it hears of, for another could not take over in time.
  const auto rank = [&](const Progress& one) {
    return std::tuple(is_eligible(one.peer()), one.is_connected(), is_heard(one), one.match());
  };
  if (target == NodeId() && !leading.followers.empty()) {
    target = std::max_element(leading.followers.begin(), leading.followers.end(),
                              [&](const Progress& left, const Progress& right) { return rank(left) < rank(right); })
                 ->peer();
  }
  if (!is_eligible(target)) return;
  leading.handover = Leader::Handover{target, now_ + settings_.election_timeout_max, false};
}

// All that goes to followers, composed once for everything that has happened since the last time.
void Raft::replicate(Leader& leading, Effects& effects) {
  if ((now_ >= leading.heartbeat_due && !leading.followers.empty()) || wants_round(leading))
    begin_round(leading, effects);
  for (Progress& follower : leading.followers) replicate_to(follower, effects);
  tell_commit(leading, effects);
  hand_over(leading, effects);
  release_reads(leading, effects);
}

void Raft::replicate_to(Progress& progress, Effects& effects) {
  if (progress.state() != ProgressState::snapshot && progress.next() <= log_.boundary()) progress.wait_for_image();
  // An image is much to send, and nothing to send to a peer that is gone.
  if (is_heard(progress) && progress.take_image_request()) effects.images_wanted.push_back({progress.peer()});
  while (progress.may_send(settings_.window_bytes_max, settings_.window_appends_max)) {
    if (!send_append(progress, effects)) break;
  }
  // An empty Append at the end of what was sent is refused when something before it was lost.
  if (progress.take_question()) send_entries(progress, {}, effects);
}

// Only when no Append has told it for a while: each message wakes threads on both sides.
void Raft::tell_commit(Leader& leading, Effects& effects) {
  const bool sends_entries = std::any_of(effects.sends.begin(), effects.sends.end(),
                                         [](const Send& send) { return std::holds_alternative<Append>(send.message); });
  const bool is_untold = std::any_of(leading.followers.begin(), leading.followers.end(),
                                     [&](const Progress& one) { return lacks_commit(one); });
  if (!is_untold || sends_entries) leading.notice_due.reset();
  if (!is_untold) return;
  if (!leading.notice_due) leading.notice_due = now_ + settings_.commit_notice_delay;
  if (now_ < *leading.notice_due) return;
  for (Progress& follower : leading.followers) {
    if (lacks_commit(follower)) send_heartbeat(follower, 0, effects);
  }
  leading.notice_due.reset();
}

bool Raft::is_heard(const Progress& progress) const noexcept {
  return progress.is_connected() && progress.has_answered() &&
         now_ - progress.last_contact() < settings_.election_timeout_min;
}

bool Raft::lacks_commit(const Progress& progress) const noexcept {
  return progress.told_commit() < std::min(progress.match(), commit_index_);
}

// Returns whether an Append was sent, and so perhaps another can be.
bool Raft::send_append(Progress& progress, Effects& effects) {
  const bool probes = progress.state() == ProgressState::probe;
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  for (LogIndex index = progress.next(); index <= log_.last_index(); index = index.next()) {
    const Entry* entry = log_.cached(index);
    if (entry == nullptr || entries.size() == settings_.append_entries_max) break;
    if (!entries.empty() && bytes + entry->data.bytes.size() > settings_.append_bytes_max) {
      if (mutant("append-with-gap")) continue;
      break;
    }
    bytes += entry->data.bytes.size();
    entries.push_back(*entry);
  }
  if (entries.empty() && progress.next() <= log_.last_index()) {
    // What is under way may have been asked for by an earlier leadership, or for another node of that number.
    const bool is_read = std::any_of(log_reads_.begin(), log_reads_.end(),
                                     [&](const LogRead& one) { return one.peer == progress.peer(); });
    if (is_read) return false;
    log_reads_.push_back({progress.peer(), now_});
    effects.entries_wanted.push_back(
        {progress.peer(), progress.next(), log_.last_index().next(), settings_.append_bytes_max});
    return false;
  }
  if (entries.empty() && !probes) return false;
  send_entries(progress, std::move(entries), effects);
  return true;
}

// Goes on from what was sent last. Needs: the entry before is in the log or its boundary.
void Raft::send_entries(Progress& progress, std::vector<Entry> entries, Effects& effects) {
  const LogIndex previous = progress.goes_on_after();
  const std::optional<Term> previous_term = log_.term(previous);
  TENON_CHECK(previous_term.has_value());
  const LogIndex last = entries.empty() ? previous : entries.back().index;
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.data.bytes.size();
  effects.sends.push_back(
      {progress.peer(), Append{hard_state_.term, previous, *previous_term, commit_index_, std::move(entries)}});
  progress.sent(last, bytes, std::get<Leader>(role_).round);
  progress.told(std::min(commit_index_, last));
}

void Raft::send_heartbeat(Progress& progress, std::uint64_t round, Effects& effects) {
  const LogIndex commit = mutant("heartbeat-commits-all") ? commit_index_ : std::min(progress.match(), commit_index_);
  effects.sends.push_back({progress.peer(), Heartbeat{hard_state_.term, commit, round}});
  progress.told(commit);
}

// Thesis, section 3.10: once the target has all of the log it is told to stand at once.
void Raft::hand_over(Leader& leading, Effects& effects) {
  if (!leading.handover || leading.handover->asked) return;
  const Progress* target = find_progress(leading.handover->target);
  if (target == nullptr || target->match() != log_.last_index()) return;
  leading.handover->asked = true;
  leading.lease_is_void = true;
  effects.sends.push_back({target->peer(), TimeoutNow{hard_state_.term, log_.last_index(), log_.last_term()}});
}

}  // namespace tenon::raft
