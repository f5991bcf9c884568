// SPDX-License-Identifier: MIT
#include "node/members/member_changes.hpp"

#include <algorithm>
#include <utility>

#include "member_checks.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

using Kind = MemberChangeWanted::Kind;

bool brings_a_node(Kind kind) noexcept { return kind == Kind::add || kind == Kind::replace; }

std::string listed(const Addresses& addresses) {
  std::string list;
  for (const std::string& address : addresses) list.append(list.empty() ? "" : ", ").append(address);
  return list;
}

wire::StandingNotice refusal(std::string text) {
  return {wire::StandingNotice::Kind::refused, text.substr(0, wire::kNoticeBytesMax), {}};
}

// How it can have come that nobody was found.
std::string dial_fault(const MemberChangeWanted& wanted, std::string_view cluster, bool is_reached,
                       const std::string& failure) {
  const std::string node = name_of(wanted.node);
  const std::string where = listed(wanted.addresses);
  if (is_reached) {
    return node + " answers at " + where +
           ", but it has not reached this node in turn, or it waits for no cluster: start it with cluster.start = "
           "join, "
           "and see that it reaches the members at the addresses that member list shows; nothing was changed";
  }
  return node + " of cluster " + std::string(cluster) + " was not found at " + where +
         (failure.empty() ? ": nobody answers" : ": " + failure) + "; start it with this node.id and cluster.id and " +
         "cluster.start = join, or mend the address; nothing was changed";
}

}  // namespace

std::string MemberChanges::describe() const {
  const MemberChangeWanted& wanted = under_way_->wanted;
  switch (wanted.kind) {
    case Kind::promote:
      return "the promotion of " + name_of(wanted.node);
    case Kind::remove:
      return "the removal of " + name_of(wanted.node);
    case Kind::replace:
      return "the replacement of " + name_of(wanted.replaced) + " by " + name_of(wanted.node);
    default:
      return "the addition of " + name_of(wanted.node);
  }
}

void MemberChanges::refuse(tenon_error error, const std::string& why) {
  const UnderWay ended = *std::exchange(under_way_, std::nullopt);
  on_note_("members: refused: " + why);
  if (ended.token) on_answer_({*ended.token, OperatorRefusal{Outcome::refused, error, why}});
}

std::optional<std::string> MemberChanges::fault_of(const MemberChangeWanted& wanted, const LeaderView& view) const {
  if (view.membership.is_joint()) {
    return "the voters are being changed just now; one change follows the other, so repeat it when member list shows "
           "nobody that is incoming or outgoing";
  }
  return change_fault(wanted, view);
}

void MemberChanges::ask(Token token, MemberChangeWanted wanted, const LeaderView& view, PeerPlaces& places) {
  const auto answer = [&](tenon_error error, const std::string& why) {
    on_answer_(
        {token, OperatorRefusal{error == TENON_ERROR_BUSY ? Outcome::overloaded : Outcome::refused, error, why}});
  };
  if (under_way_)
    return answer(TENON_ERROR_BUSY, describe() + " is under way; one change follows the other, try again");
  if (const std::optional<std::string> fault = fault_of(wanted, view)) return answer(TENON_ERROR_INVALID, *fault);
  const bool dials = brings_a_node(wanted.kind);
  if (dials) {
    const std::string fault = places.invite(wanted.node, wanted.addresses, view.now + 2 * kDialTimeout);
    if (!fault.empty()) return answer(TENON_ERROR_INVALID, fault);
  }
  under_way_ = UnderWay{};
  under_way_->token = token;
  under_way_->wanted = std::move(wanted);
  under_way_->stage = dials ? Stage::dialling : Stage::deciding;
  under_way_->dial_began = view.now;
  on_note_("members: " + describe() + " begins");
}

void MemberChanges::dial_failed(raft::NodeId node, const std::string& why) {
  if (under_way_ && under_way_->wanted.node == node) under_way_->failure = why;
}

std::optional<wire::StandingNotice> MemberChanges::heard(const wire::StandingRequest& request, bool is_direct,
                                                         const LeaderView& view, PeerPlaces& places) {
  const bool is_dialled = dialled() == request.node;
  if (std::optional<std::string> fault = directory_fault(request.node, request.incarnation, view.membership)) {
    const raft::FormerMember* const former = view.membership.find_former(request.node);
    wire::StandingNotice notice = refusal(*std::move(fault));
    if (former != nullptr) notice.kind = wire::StandingNotice::Kind::removed;
    if (is_dialled) under_way_->fault = notice.text;
    return notice;
  }
  if (std::optional<std::string> fault = emptied_fault(request, view.membership)) return refusal(*std::move(fault));
  if (view.membership.find(request.node) != nullptr) return std::nullopt;
  if (!request.wants_to_join) {
    const std::string why = name_of(request.node) +
                            " holds the log of a cluster already, and only a node with an empty "
                            "data directory is taken in: empty it, and start it with "
                            "cluster.start = join";
    if (is_dialled) under_way_->fault = why;
    return refusal(why);
  }
  if (is_dialled) {
    if (is_direct) under_way_->confirmed = request.incarnation;
    return std::nullopt;
  }
  // It repeats itself, so whoever comes while another change is under way comes again.
  if (under_way_ || view.membership.is_joint()) return std::nullopt;
  MemberChangeWanted wanted{Kind::add, request.node, {}, request.addresses};
  if (wanted.addresses.empty()) return std::nullopt;
  if (const std::optional<std::string> fault = fault_of(wanted, view)) return refusal(*fault);
  const std::string fault = places.invite(request.node, request.addresses, view.now + 2 * kDialTimeout);
  if (!fault.empty()) return refusal(fault);
  under_way_ = UnderWay{};
  under_way_->wanted = std::move(wanted);
  under_way_->dial_began = view.now;
  on_note_("members: " + describe() + " begins, as it asks for");
  return std::nullopt;
}

void MemberChanges::expire(const LeaderView& view, const PeerPlaces& places) {
  const std::optional<raft::Instant> deadline = next_deadline(places);
  if (!deadline || view.now < *deadline) return;
  if (!under_way_->fault.empty()) return refuse(TENON_ERROR_INVALID, std::string(under_way_->fault));
  const bool is_reached = places.is_reached(under_way_->wanted.node);
  refuse(TENON_ERROR_NOT_FOUND, dial_fault(under_way_->wanted, view.cluster_id, is_reached, under_way_->failure));
}

// One that is found, and has come here in turn, only waits for its turn in the log.
std::optional<raft::Instant> MemberChanges::next_deadline(const PeerPlaces& places) const {
  if (!under_way_ || under_way_->stage != Stage::dialling) return std::nullopt;
  const bool is_reached = places.is_reached(under_way_->wanted.node);
  if (under_way_->confirmed && is_reached) return std::nullopt;
  const bool is_hopeless = !under_way_->fault.empty() || (!under_way_->failure.empty() && !is_reached);
  return under_way_->dial_began + (is_hopeless ? raft::Duration(kFailureTimeout) : raft::Duration(kDialTimeout));
}

std::optional<raft::Membership> MemberChanges::admit(const LeaderView& view) {
  const MemberChangeWanted& wanted = under_way_->wanted;
  raft::Member member{wanted.node};
  member.incarnation = *under_way_->confirmed;
  member.addresses = wanted.addresses;
  member.takes_place_of = wanted.stays_learner           ? raft::NodeId()
                          : wanted.kind == Kind::replace ? wanted.replaced
                                                         : wanted.node;
  return raft::with_learner(view.membership, std::move(member));
}

raft::Membership MemberChanges::decide(const LeaderView& view) const {
  const MemberChangeWanted& wanted = under_way_->wanted;
  const raft::Member* member = view.membership.find(wanted.node);
  const bool is_learner = member != nullptr && member->standing == raft::Standing::learner;
  if (wanted.kind == Kind::remove && is_learner) return raft::without_learner(view.membership, wanted.node);
  return raft::entering_joint(view.membership, voters_after(wanted, view.membership));
}

std::optional<raft::Membership> MemberChanges::promote_caught_up(const LeaderView& view) {
  for (const raft::Member& member : view.membership.members) {
    if (member.standing != raft::Standing::learner || member.takes_place_of == raft::NodeId()) continue;
    const MemberLag* const lag = find_lag(view.lags, member.id);
    const bool can_vote = lag != nullptr && (lag->holds_membership || mutant("unknowing-learner-promoted"));
    if (lag == nullptr || !lag->is_heard || !can_vote || lag->missing_bytes > kNearBytes) continue;
    MemberChangeWanted wanted{Kind::add, member.id};
    if (member.takes_place_of != member.id) {
      wanted.kind = Kind::replace;
      wanted.replaced = member.takes_place_of;
    }
    const std::vector<raft::NodeId> voters = voters_after(wanted, view.membership);
    on_note_("members: " + name_of(member.id) + " has caught up, and becomes a voter" +
             (wanted.kind == Kind::replace ? " in the place of " + name_of(wanted.replaced) : "") +
             "; the voters are " + node::listed(voters) + " then");
    return raft::entering_joint(view.membership, voters);
  }
  return std::nullopt;
}

// Whether the change under way is done, or has come to nothing: its entry was not committed, or another's came first.
void MemberChanges::settle(const LeaderView& view) {
  if (!under_way_ || under_way_->stage != Stage::proposed) return;
  const MemberChangeWanted& wanted = under_way_->wanted;
  const raft::Member* member = view.membership.find(wanted.node);
  const bool is_voter = member != nullptr && member->standing == raft::Standing::voter;
  const bool is_done = brings_a_node(wanted.kind)     ? member != nullptr
                       : wanted.kind == Kind::promote ? is_voter
                                                      : member == nullptr;
  if (!is_done) {
    refuse(TENON_ERROR_BUSY,
           describe() + " was not made, for the membership was changed otherwise; look at member list");
    return;
  }
  MemberChangeDone done{wanted.node, std::nullopt, std::nullopt, describe() + " is committed", {}};
  if (member != nullptr) {
    done.standing = member->standing;
    if (const MemberLag* lag = find_lag(view.lags, wanted.node)) done.missing_bytes = lag->missing_bytes;
  }
  std::size_t voter_count = view.membership.voters().size();
  if (brings_a_node(wanted.kind)) {
    voter_count = voters_after(wanted, view.membership).size();
    done.text =
        name_of(wanted.node) + " is a learner, and " +
        (wanted.stays_learner           ? "stays one until it is promoted"
         : wanted.kind == Kind::replace ? "takes the place of " + name_of(wanted.replaced) + " when it has caught up"
                                        : "becomes a voter when it has caught up");
  }
  if (std::string advice = advice_on(voter_count); !advice.empty()) {
    on_note_("members: " + advice);
    done.warnings.push_back(std::move(advice));
  }
  on_note_("members: " + done.text);
  const UnderWay ended = *std::exchange(under_way_, std::nullopt);
  if (ended.token) on_answer_({*ended.token, std::move(done)});
}

std::optional<raft::Membership> MemberChanges::next(const LeaderView& view, const PeerPlaces& places) {
  settle(view);
  if (!under_way_) return promote_caught_up(view);
  if (under_way_->stage == Stage::dialling) {
    const bool is_found = places.is_reached(under_way_->wanted.node) || mutant("address-not-dialled");
    if (!under_way_->confirmed || !is_found) return promote_caught_up(view);
    under_way_->stage = Stage::proposed;
    return admit(view);
  }
  // Much may have changed since it was asked for.
  if (const std::optional<std::string> fault = fault_of(under_way_->wanted, view)) {
    refuse(TENON_ERROR_INVALID, *fault);
    return std::nullopt;
  }
  under_way_->stage = Stage::proposed;
  return decide(view);
}

void MemberChanges::rejected(std::string_view why) {
  if (!under_way_ || under_way_->stage != Stage::proposed) return;
  refuse(TENON_ERROR_BUSY, describe() + " cannot be made now: " + std::string(why) + "; nothing was changed");
}

void MemberChanges::lose() {
  if (!under_way_) return;
  const UnderWay ended = *std::exchange(under_way_, std::nullopt);
  if (!ended.token) return;
  const bool is_open = ended.stage == Stage::proposed;
  on_answer_(
      {*ended.token,
       OperatorRefusal{is_open ? Outcome::unknown : Outcome::refused, TENON_ERROR_NOT_LEADER,
                       is_open ? "this node has lost leadership before the change was committed; member list says "
                                 "whether it was made"
                               : "this node has lost leadership; nothing was changed, ask the new leader"}});
}

}  // namespace tenon::node
