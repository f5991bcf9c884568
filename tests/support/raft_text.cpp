// SPDX-License-Identifier: MIT
#include "support/raft_text.hpp"

#include <array>

namespace tenon::support {

using namespace raft;

namespace {

std::string at(LogIndex index, Term term) { return to_text(index) + "/" + to_text(term); }

std::string text(const VoteRequest& request) {
  return " term " + to_text(request.term) + " log " + at(request.last_index, request.last_term) +
         (request.cause == Cause::transfer ? " by transfer" : "");
}
std::string text(const VoteReply& reply) {
  return std::string(reply.granted ? " granted" : " refused") + " term " + to_text(reply.term);
}
std::string text(const Append& append) {
  std::string said = " term " + to_text(append.term) + " after " + at(append.previous_index, append.previous_term);
  for (const Entry& entry : append.entries) said += " " + to_text(entry);
  return said + " commit " + to_text(append.commit_index);
}
std::string text(const AppendAccepted& accepted) {
  return " term " + to_text(accepted.term) + " match " + to_text(accepted.match_index);
}
std::string text(const AppendRejected& rejected) {
  return " term " + to_text(rejected.term) + " after " + to_text(rejected.previous_index) + " hint " +
         at(rejected.hint_index, rejected.hint_term);
}
std::string text(const Heartbeat& heartbeat) {
  return " term " + to_text(heartbeat.term) + " round " + std::to_string(heartbeat.round) + " commit " +
         to_text(heartbeat.commit_index);
}
std::string text(const HeartbeatReply& reply) {
  return " term " + to_text(reply.term) + " round " + std::to_string(reply.round) + " verified " +
         to_text(reply.verified_index);
}
std::string text(const TimeoutNow& timeout_now) {
  return " term " + to_text(timeout_now.term) + " log " + at(timeout_now.last_index, timeout_now.last_term);
}
std::string text(const Removed& removed) {
  return " term " + to_text(removed.term) + " as of " + at(removed.index, removed.index_term);
}
// The ids of these begin at random, and are left out.
std::string text(const ReadIndexRequest& request) { return " term " + to_text(request.term); }
std::string text(const ReadIndexReply& reply) {
  return " term " + to_text(reply.term) + " index " + to_text(reply.index);
}

}  // namespace

std::string_view kind_of(const Message& message) {
  if (const auto* request = std::get_if<VoteRequest>(&message)) {
    return request->ballot == Ballot::pre_vote ? "pre-vote" : "vote";
  }
  if (const auto* reply = std::get_if<VoteReply>(&message)) {
    return reply->ballot == Ballot::pre_vote ? "pre-vote-reply" : "vote-reply";
  }
  constexpr std::array<std::string_view, std::variant_size_v<Message>> kKinds = {"",
                                                                                 "",
                                                                                 "append",
                                                                                 "accepted",
                                                                                 "rejected",
                                                                                 "heartbeat",
                                                                                 "heartbeat-reply",
                                                                                 "timeout-now",
                                                                                 "read-index",
                                                                                 "read-index-reply",
                                                                                 "removed"};
  return kKinds.at(message.index());
}

std::string to_text(const Message& message) {
  return std::string(kind_of(message)) + std::visit([](const auto& one) { return text(one); }, message);
}

std::string to_text(const Entry& entry) {
  std::string said = at(entry.index, entry.term);
  if (entry.kind == EntryKind::commands) said += "\"" + std::string(entry.data.bytes) + "\"";
  if (entry.membership) said += "[" + to_text(*entry.membership) + "]";
  return said;
}

std::string to_text(const Write& write) {
  std::string said;
  if (write.hard_state) {
    said += " term " + to_text(write.hard_state->term) + " vote " + to_text(write.hard_state->voted_for);
  }
  if (write.truncate_from) said += " truncate " + to_text(*write.truncate_from);
  for (const Entry& entry : write.entries) said += " " + to_text(entry);
  if (write.compact_to) said += " compact " + to_text(*write.compact_to);
  return said;
}

std::string_view to_text(RoleName role) {
  constexpr std::array<std::string_view, 3> kNames = {"follower", "candidate", "leader"};
  return kNames.at(static_cast<std::size_t>(role));
}

std::string_view to_text(Drop drop) {
  constexpr std::array<std::string_view, kDropCount> kNames = {
      "old term", "not a member", "stale", "lease", "vote hold", "malformed", "not electable", "not leading"};
  return kNames.at(static_cast<std::size_t>(drop));
}

std::string_view to_text(Rejection why) {
  constexpr std::array<std::string_view, 6> kNames = {"not leader",       "transferring",   "leadership lost",
                                                      "change undecided", "term undecided", "illegal change"};
  return kNames.at(static_cast<std::size_t>(why));
}

std::string to_text(const Membership& membership) {
  std::string said;
  for (const Member& member : membership.members) {
    constexpr std::array<std::string_view, 5> kMarks = {"", "?", "", "+", "-"};
    said += (said.empty() ? "" : " ") + to_text(member.id);
    said += kMarks.at(static_cast<std::size_t>(member.standing));
    if (member.incarnation != Incarnation{}) said += "=" + std::to_string(member.incarnation.front());
  }
  return said.empty() ? "nobody" : said;
}

std::string_view to_text(ProgressState state) {
  constexpr std::array<std::string_view, 3> kNames = {"probe", "replicate", "snapshot"};
  return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace tenon::support
