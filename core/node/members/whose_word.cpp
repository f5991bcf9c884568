// SPDX-License-Identifier: MIT
// Whose word a node takes, and of what is said to its number whether it is meant: a number may have been another's.
#include "member_checks.hpp"
#include "node/members/member_duties.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

constexpr std::chrono::milliseconds kWipedWordInterval(500);

// What a node says as the member that it is, or was before it lost its disk. What a leader says does not count as its
// own word, for it was elected by others; nor does a candidate's, whose log is judged: this node may be behind, and the
// number may be that of a newer member by then.
bool is_a_members_word(const wire::Body& body) noexcept {
  const auto* message = std::get_if<raft::Message>(&body);
  return message != nullptr
             ? raft::is_answer(*message)
             : std::holds_alternative<wire::Forward>(body) || std::holds_alternative<wire::NodeReport>(body) ||
                   std::holds_alternative<wire::ImageAck>(body);
}

// What is answered to it counts as what the member holds whom the leader means.
bool is_a_leaders_word(const wire::Body& body) noexcept {
  const auto* message = std::get_if<raft::Message>(&body);
  return message != nullptr ? raft::is_from_leader(*message) : std::holds_alternative<wire::ImagePiece>(body);
}

// What the core itself judges, also when it comes from a node that is no member here: of a leader that is newer than
// what this node knows, or of a node that was removed and is to be told.
bool is_for_core(const wire::Body& body) noexcept {
  return std::holds_alternative<raft::Message>(body) || std::holds_alternative<wire::ImagePiece>(body);
}

}  // namespace

std::optional<FrameDrop> MemberDuties::check_sender(raft::NodeId peer, const raft::Incarnation& incarnation,
                                                    const wire::Body& body) {
  // Whoever has no place may ask how it stands, also as a member that has lost its disk.
  const bool is_about_standing =
      std::holds_alternative<wire::StandingRequest>(body) || std::holds_alternative<wire::StandingNotice>(body);
  if (is_about_standing) return std::nullopt;
  const raft::Member* member = raft_.membership().find(peer);
  if (member == nullptr) return is_for_core(body) ? std::nullopt : std::optional(FrameDrop::not_a_member);
  if (member->incarnation == raft::Incarnation{}) {
    heard_incarnations_[peer] = incarnation;
  } else if (member->incarnation != incarnation && (is_a_members_word(body) || mutant("new-leader-unheard")) &&
             !mutant("earlier-life-heard")) {
    tell_wiped(peer, incarnation);
    return FrameDrop::old_incarnation;
  }
  return std::nullopt;
}

// The number of this node may have been another's, or be another's by now. What a leader says it says to the node that
// it counts: one that knows an earlier node of this number, and by no directory, would count what this one acknowledges
// as what that one has. So who has joined follows nobody who does not name its directory, until its own log does (I56).
// Whoever admits it always can name it.
std::optional<FrameDrop> MemberDuties::check_receiver(const raft::Incarnation& meant, const wire::Body& body) const {
  if (meant == settings_.incarnation) return std::nullopt;
  const bool is_for_any = meant == raft::Incarnation{};
  if (std::holds_alternative<wire::StandingNotice>(body)) {
    return is_for_any ? std::nullopt : std::optional(FrameDrop::other_node);
  }
  if (!is_a_leaders_word(body) || raft_.may_count() || mutant("joining-node-follows")) return std::nullopt;
  return is_for_any ? FrameDrop::unnamed_directory : FrameDrop::other_node;
}

// A voter that has lost its disk speaks as the one that it was; it is not listened to, but told.
void MemberDuties::tell_wiped(raft::NodeId peer, const raft::Incarnation& incarnation) {
  if (now_ < next_wiped_word_) return;
  next_wiped_word_ = now_ + kWipedWordInterval;
  wire::StandingNotice notice{wire::StandingNotice::Kind::refused, {}, {}};
  notice.text = directory_fault(peer, incarnation, raft_.membership()).value_or("").substr(0, wire::kNoticeBytesMax);
  links_.queue(peer, notice, incarnation);
}

}  // namespace tenon::node
