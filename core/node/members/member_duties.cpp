// SPDX-License-Identifier: MIT
#include "node/members/member_duties.hpp"

#include <algorithm>
#include <utility>

#include "member_checks.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

constexpr std::chrono::milliseconds kWelcomeInterval(250);
constexpr std::chrono::milliseconds kInquiryInterval(500);
constexpr std::chrono::milliseconds kRefusedInquiryInterval(5000);
// Who is no member any more is reached for so long, to be told.
constexpr std::chrono::seconds kFarewell(30);
constexpr std::chrono::minutes kWelcomed(10);
// Who has refused this node repeats it as long as it holds.
constexpr std::chrono::seconds kToldFor(15);
constexpr int kAloneTimeouts = 3;  // without a leader, before it asks how it stands

}  // namespace

const char* name_of(const OwnStanding& standing) noexcept {
  switch (standing.place) {
    case OwnStanding::Place::joining:
      return "joining";
    case OwnStanding::Place::outsider:
      return "outsider";
    case OwnStanding::Place::refused:
      return "refused";
    case OwnStanding::Place::removed:
      return "removed";
    default:
      return standing_name(standing.standing);
  }
}

LeaderView MemberDuties::view() const noexcept {
  return {now_, settings_.self, settings_.cluster_id, raft_.membership(), lags_};
}

MemberDuties::MemberDuties(MemberSettings settings, const raft::Raft& raft, PeerLinks& links, PeerPort& port,
                           Surroundings& surroundings, MissingBytes missing_bytes, raft::Instant now)
    : settings_(std::move(settings)),
      raft_(raft),
      links_(links),
      surroundings_(surroundings),
      missing_bytes_(std::move(missing_bytes)),
      now_(now),
      places_(port, settings_.self, settings_.peers),
      changes_([&surroundings](OperatorAnswer answer) { surroundings.answer_operator(std::move(answer)); },
               [&surroundings](const std::string& note) { surroundings.member_note(note); }),
      leader_heard_(now) {}

void MemberDuties::ask(Token token, MemberChangeWanted wanted) {
  if (raft_.role() == raft::RoleName::leader) {
    const std::vector<raft::PeerStatus> peers = raft_.peers();
    const bool is_new = std::any_of(peers.begin(), peers.end(), [&](const raft::PeerStatus& peer) {
      return !peer.has_answered && now_ - peer.last_contact < settings_.election_timeout_max;
    });
    using Kind = MemberChangeWanted::Kind;
    const bool asks_who_answers = wanted.kind == Kind::promote || wanted.kind == Kind::remove;
    if (is_new && asks_who_answers && !wanted.is_forced) {
      return surroundings_.answer_operator(
          {token, OperatorRefusal{Outcome::overloaded, TENON_ERROR_BUSY,
                                  "this node leads, or has a member, since a moment ago, and does not know yet who "
                                  "answers; try again"}});
    }
    next_measure_ = now_;  // who answers is judged as of now
    measure_lags();
    return changes_.ask(token, std::move(wanted), view(), places_);
  }
  const raft::NodeId leader = raft_.leader();
  OperatorRefusal refusal{Outcome::refused, TENON_ERROR_NOT_LEADER, {}, leader};
  refusal.why =
      name_of(settings_.self) + " does not lead; " +
      (leader == raft::NodeId() ? "it knows of no leader, try again later" : "ask the leader, " + name_of(leader));
  surroundings_.answer_operator({token, std::move(refusal)});
}

std::optional<raft::Membership> MemberDuties::run(raft::Instant now, bool may_propose) {
  now_ = now;
  for (const std::string& fault : places_.follow(raft_.membership(), now_ + kFarewell)) {
    surroundings_.member_note(fault);
  }
  places_.expire(now_);
  look_at_own_standing();
  for (const Arrived& arrived : std::exchange(arrived_, {})) take(arrived);
  std::optional<raft::Membership> next;
  if (raft_.role() == raft::RoleName::leader) {
    measure_lags();
    next = change_members(may_propose);
  } else {
    // A leader that was to leave has left when that is committed.
    const bool is_settled = raft_.log().membership_index() <= raft_.commit_index() && !raft_.membership().is_joint();
    if (is_settled) changes_.settle(view());
    changes_.lose();
    lags_.clear();
  }
  inquire();
  return next;
}

std::optional<raft::Membership> MemberDuties::change_members(bool may_propose) {
  if (now_ >= next_welcome_) send_welcomes();
  changes_.expire(view(), places_);
  const raft::Membership& now = raft_.membership();
  if (mutant("change-told-undecided")) changes_.settle(view());
  if (!may_propose || raft_.log().membership_index() > raft_.commit_index()) return std::nullopt;
  if (now.is_joint() && !mutant("joint-never-left")) return raft::leaving_joint(now);
  changes_.settle(view());
  if (std::optional<raft::Membership> known = with_what_is_known(now)) return known;
  return changes_.next(view(), places_);
}

// Once the data directory of a member is known it is written into the membership, so that a voter that has lost its
// disk cannot come back as the one that voted; and so is where a member is by this node's config, so that nodes that
// come later find it.
std::optional<raft::Membership> MemberDuties::with_what_is_known(const raft::Membership& now) const {
  const auto is_known = [](const raft::Member& member) {
    return !member.addresses.empty() && member.incarnation != raft::Incarnation{};
  };
  if (std::all_of(now.members.begin(), now.members.end(), is_known)) return std::nullopt;
  raft::Membership pinned = now;
  for (raft::Member& member : pinned.members) {
    if (member.addresses.empty()) member.addresses = places_.addresses_of(now, member.id);
    if (member.incarnation != raft::Incarnation{}) continue;
    const auto heard = heard_incarnations_.find(member.id);
    if (member.id == settings_.self) {
      member.incarnation = settings_.incarnation;
    } else if (heard != heard_incarnations_.end()) {
      member.incarnation = heard->second;
    }
  }
  if (pinned == now) return std::nullopt;
  return pinned;
}

void MemberDuties::measure_lags() {
  // A number may be another node's from one membership to the next, and a new leadership knows nothing of anybody.
  const std::pair measured(raft_.term(), raft_.log().membership_index());
  if (now_ < next_measure_ && measured == measured_) return;
  measured_ = measured;
  next_measure_ = now_ + kWelcomeInterval;
  lags_.clear();
  for (const raft::PeerStatus& peer : raft_.peers()) {
    const bool is_heard = peer.has_answered && now_ - peer.last_contact < settings_.election_timeout_max;
    const bool holds_membership = peer.match_index >= raft_.log().membership_index();
    lags_.push_back({peer.id, missing_bytes_(peer.match_index), is_heard, holds_membership});
  }
}

wire::StandingNotice MemberDuties::welcome() const {
  wire::StandingNotice notice{wire::StandingNotice::Kind::welcome, {}, {}};
  for (const raft::Member& member : raft_.membership().members) {
    Addresses addresses = places_.addresses_of(raft_.membership(), member.id);
    if (!addresses.empty()) notice.places.push_back({member.id, std::move(addresses)});
  }
  return notice;
}

// Repeated, for a lane may not be up yet: to a node that is dialled, and to members that have never answered, which may
// not know where the others are.
void MemberDuties::send_welcomes() {
  next_welcome_ = now_ + kWelcomeInterval;
  std::vector<raft::NodeId> to;
  if (const std::optional<raft::NodeId> dialled = changes_.dialled()) to.push_back(*dialled);
  for (const MemberLag& lag : lags_) {
    if (!lag.is_heard) to.push_back(lag.node);
  }
  if (to.empty()) return;
  const wire::StandingNotice notice = welcome();
  if (notice.places.empty()) return;
  for (const raft::NodeId node : to) links_.queue(node, notice);
}

void MemberDuties::receive(raft::NodeId from, wire::StandingRequest request) {
  if (arrived_.size() < kArrivedMax) arrived_.push_back({from, std::move(request)});
}

void MemberDuties::take(const Arrived& arrived) {
  const auto& [from, request] = arrived;
  const bool is_direct = from == request.node;
  if (request.node == settings_.self || own_standing_.place != OwnStanding::Place::member) return;
  // Nobody is told that it was removed before that is decided: it may have to stand, and would be quiet for good.
  const raft::FormerMember* former = raft_.membership().find_former(request.node);
  const bool was_this = former != nullptr && former->incarnation == request.incarnation;
  const bool is_decided = raft_.log().membership_index() <= raft_.commit_index() || mutant("removal-told-undecided");
  if (was_this && !is_decided) return;
  // A member of which this log does not know yet can only be answered, and voted for, when there is a way to it.
  if (is_direct && !was_this && !request.wants_to_join) invite(request.node, request.addresses, kFarewell);
  if (raft_.role() != raft::RoleName::leader) {
    if (was_this) {
      if (auto notice = changes_.heard(request, is_direct, view(), places_)) answer(request, *std::move(notice));
    } else if (is_direct && raft_.leader() != raft::NodeId()) {
      links_.queue(raft_.leader(), request);
    }
    return;
  }
  if (auto notice = changes_.heard(request, is_direct, view(), places_)) answer(request, *std::move(notice));
}

// Who is dialled is looked for at the address that was given for it alone: what connects elsewhere, or is another node
// of its number, must not be taken for it.
void MemberDuties::invite(raft::NodeId node, const Addresses& addresses, raft::Duration time) {
  if (changes_.dialled() != node) places_.invite(node, addresses, now_ + time);
}

// The connection may have to be made first; whoever asks asks again.
void MemberDuties::answer(const wire::StandingRequest& request, wire::StandingNotice notice) {
  invite(request.node, request.addresses, kFarewell);
  if (notice.kind == wire::StandingNotice::Kind::removed) {
    notice.index = raft_.commit_index();
    notice.index_term = raft_.log().term(notice.index).value();
  }
  links_.queue(request.node, notice, request.incarnation);
}

void MemberDuties::receive(const wire::StandingNotice& notice) {
  using Kind = wire::StandingNotice::Kind;
  if (notice.kind == Kind::welcome) {
    // Also a member: one that was away may know nothing of who leads by now, and has to answer it.
    for (const wire::MemberPlace& place : notice.places) {
      if (place.node != settings_.self) invite(place.node, place.addresses, kWelcomed);
    }
    const bool has_place =
        own_standing_.place == OwnStanding::Place::member || own_standing_.place == OwnStanding::Place::removed;
    if (!has_place) next_inquiry_ = now_;
    return;
  }
  if (notice.kind == Kind::refused && is_decided_member()) return;
  const auto place = notice.kind == Kind::removed ? OwnStanding::Place::removed : OwnStanding::Place::refused;
  told_until_ = now_ + kToldFor;
  if (told_place_ == place && told_ == notice.text) return;
  told_ = notice.text;
  told_place_ = place;
}

// Then whoever refuses it is behind, and may know of an earlier node of this number only. What took it in may have come
// to nothing unless it is decided.
bool MemberDuties::is_decided_member() const {
  const raft::LogIndex decided = std::max(raft_.commit_index(), raft_.log().boundary());
  const raft::Member* self = raft_.log().membership_as_of(decided).membership->find(settings_.self);
  return self != nullptr && self->incarnation == settings_.incarnation;
}

// That it was removed is for the core to judge, which has been told as well; but one whose log is empty, and to whom
// that was said about its own directory, has nothing to judge by.
bool MemberDuties::is_known_removed() const {
  const bool is_told = told_place_ == OwnStanding::Place::removed;
  return raft_.is_removed() || (is_told && raft_.log().last_index() == raft::LogIndex());
}

void MemberDuties::look_at_own_standing() {
  const raft::Membership& membership = raft_.membership();
  const raft::Member* self = membership.find(settings_.self);
  OwnStanding now;
  if (raft_.role() == raft::RoleName::leader) {
    now.standing = self == nullptr ? raft::Standing::outgoing : self->standing;
  } else if (is_known_removed()) {
    now.place = OwnStanding::Place::removed;
    now.text = told_place_ == OwnStanding::Place::removed
                   ? told_
                   : name_of(settings_.self) +
                         " was removed from the cluster: it serves nobody, and its data directory is not used "
                         "again; stop it";
  } else if (self != nullptr && self->incarnation != raft::Incarnation{} &&
             self->incarnation != settings_.incarnation) {
    now.place = OwnStanding::Place::refused;
    now.text = directory_fault(settings_.self, settings_.incarnation, membership).value_or(std::string());
  } else if (told_place_ == OwnStanding::Place::refused && now_ < told_until_ && !is_decided_member()) {
    now.place = OwnStanding::Place::refused;
    now.text = told_;
  } else if (self != nullptr) {
    now.standing = self->standing;
  } else {
    now.place = membership.members.empty() ? OwnStanding::Place::joining : OwnStanding::Place::outsider;
  }
  if (now == own_standing_) return;
  own_standing_ = std::move(now);
  surroundings_.own_standing_changed(own_standing_);
}

// Whoever has no place asks at once whom it can reach now.
void MemberDuties::on_lane(raft::NodeId peer, bool is_up) {
  places_.on_lane(peer, is_up);
  if (is_up && own_standing_.place != OwnStanding::Place::member) next_inquiry_ = now_;
}

std::optional<raft::Instant> MemberDuties::next_deadline() const noexcept {
  std::optional<raft::Instant> next = places_.next_expiry();
  const auto take_earlier = [&](std::optional<raft::Instant> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  take_earlier(changes_.next_deadline(places_));
  if (raft_.role() == raft::RoleName::leader) {
    if (raft_.membership().members.size() > 1 || changes_.dialled())
      take_earlier(std::min(next_measure_, next_welcome_));
  } else if (own_standing_.place != OwnStanding::Place::removed && !places_.peers().empty()) {
    const bool is_placed = own_standing_.place == OwnStanding::Place::member;
    const raft::Instant alone = leader_heard_ + kAloneTimeouts * settings_.election_timeout_max;
    take_earlier(is_placed ? std::max(alone, next_inquiry_) : next_inquiry_);
  }
  return next;
}

// A node that has no place, or has heard of no leader for long, asks all that it knows how it stands.
void MemberDuties::inquire() {
  if (raft_.leader() != raft::NodeId()) leader_heard_ = now_;
  if (own_standing_.place == OwnStanding::Place::removed) return;
  const bool is_placed = own_standing_.place == OwnStanding::Place::member;
  const bool is_alone = now_ - leader_heard_ >= kAloneTimeouts * settings_.election_timeout_max;
  if ((is_placed && !is_alone) || now_ < next_inquiry_) return;
  const bool is_refused = own_standing_.place == OwnStanding::Place::refused;
  next_inquiry_ = now_ + (is_refused ? kRefusedInquiryInterval : kInquiryInterval);
  wire::StandingRequest request{
      settings_.self, settings_.incarnation, settings_.joins && raft_.log().last_index() == raft::LogIndex(), {}};
  // One that was told of no member waits for an operator, also when it has come to know members since. Without an
  // address nobody takes it in who has not been asked to.
  const bool is_to_wait = std::all_of(settings_.peers.begin(), settings_.peers.end(),
                                      [&](const auto& one) { return one.first == settings_.self; });
  if (!request.wants_to_join || !is_to_wait) {
    request.addresses = places_.addresses_of(raft_.membership(), settings_.self);
  }
  for (const raft::NodeId peer : places_.peers()) links_.queue(peer, request);
}

}  // namespace tenon::node
