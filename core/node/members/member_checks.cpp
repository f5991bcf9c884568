// SPDX-License-Identifier: MIT
#include "member_checks.hpp"

#include <algorithm>

#include "raft/quorum.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

using Kind = MemberChangeWanted::Kind;

bool is_heard(const LeaderView& view, raft::NodeId node) {
  const MemberLag* const lag = find_lag(view.lags, node);
  return node == view.self || (lag != nullptr && lag->is_heard);
}

// The arithmetic of a set of voters of whom some do not answer.
std::optional<std::string> quorum_fault(const std::vector<raft::NodeId>& voters, const LeaderView& view) {
  std::vector<raft::NodeId> heard;
  std::copy_if(voters.begin(), voters.end(), std::back_inserter(heard),
               [&](raft::NodeId node) { return is_heard(view, node); });
  const std::size_t needed = raft::majority(voters.size());
  if (heard.size() >= needed) return std::nullopt;
  return "the voters would be " + listed(voters) + ": " + std::to_string(voters.size()) + ", of whom " +
         std::to_string(needed) + " have to answer, and now " + std::to_string(heard.size()) + " " +
         (heard.size() == 1 ? "does" : "do") + (heard.empty() ? "" : " (" + listed(heard) + ")") +
         "; bring the others back first, or repeat it with --force when they surely will come back";
}

std::optional<std::string> fault_of_new(const MemberChangeWanted& wanted, const LeaderView& view) {
  if (const raft::Member* member = view.membership.find(wanted.node)) {
    return name_of(wanted.node) + " is a " + standing_name(member->standing) +
           " already; a node that has lost its disk comes back under a new number by member replace " +
           std::to_string(wanted.node.value()) + " NEW ADDRESS, or by member remove and then member add";
  }
  if (wanted.node == view.self) {
    return name_of(wanted.node) +
           " is the one that leads, and was removed just now; ask again when another leads, and "
           "with an empty data directory";
  }
  if (view.membership.members.size() == raft::kMembersMax) {
    return "there are " + std::to_string(raft::kMembersMax) + " members, and no more are taken; remove one first";
  }
  if (wanted.addresses.empty()) return "no address of " + name_of(wanted.node) + " is given, so it cannot be dialled";
  if (wanted.kind != Kind::replace) return std::nullopt;
  const raft::Member* replaced = view.membership.find(wanted.replaced);
  if (replaced == nullptr || replaced->standing != raft::Standing::voter) {
    return name_of(wanted.replaced) + " is no voter, so nothing can take its place; the voters are " +
           listed(view.membership.voters());
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_promotion(const MemberChangeWanted& wanted, const LeaderView& view) {
  const raft::Member* member = view.membership.find(wanted.node);
  if (member == nullptr) return name_of(wanted.node) + " is no member; take it in by member add";
  if (member->standing != raft::Standing::learner) return name_of(wanted.node) + " is a voter already";
  const MemberLag* const lag = find_lag(view.lags, wanted.node);
  if (!wanted.is_forced && (lag == nullptr || !lag->is_heard)) {
    return name_of(wanted.node) +
           " does not answer, and as a voter it would only be one that is missing; start it, or "
           "see why it cannot be reached";
  }
  // As a voter that does not know that it is one it would refuse its vote, and perhaps nobody could be elected any
  // more.
  if (lag == nullptr || (!lag->holds_membership && !mutant("unknowing-learner-promoted"))) {
    return name_of(wanted.node) +
           " has not got the entry of the log by which it is a member, as far as is known, so it could not vote; start "
           "it if it does not run, and wait a moment: member list says how far it is";
  }
  if (wanted.is_forced) return std::nullopt;
  if (lag->missing_bytes > MemberChanges::kNearBytes) {
    return name_of(wanted.node) + " still misses " + std::to_string(lag->missing_bytes) +
           " bytes of log and image, and " + std::to_string(MemberChanges::kNearBytes) +
           " is the most that a new voter may miss; wait for it, member list "
           "says how far it is";
  }
  return quorum_fault(voters_after(wanted, view.membership), view);
}

std::optional<std::string> fault_of_removal(const MemberChangeWanted& wanted, const LeaderView& view) {
  const raft::Member* member = view.membership.find(wanted.node);
  if (member == nullptr) return name_of(wanted.node) + " is no member; the members are shown by member list";
  if (member->standing == raft::Standing::learner) return std::nullopt;
  const std::vector<raft::NodeId> voters = voters_after(wanted, view.membership);
  if (voters.empty()) return name_of(wanted.node) + " is the last voter, and without one there is no cluster";
  return wanted.is_forced ? std::nullopt : quorum_fault(voters, view);
}

// How the node comes back whose data directory is not the one that the cluster counts.
std::string ways_back(raft::NodeId node) {
  const std::string id = std::to_string(node.value());
  return "Point node.data_directory to the old one; or put a new node in its place by tenonctl member replace " + id +
         " NEW ADDRESS; or take this one in by member remove " + id + " and then member add " + id + " ADDRESS";
}

}  // namespace

const char* standing_name(raft::Standing standing) noexcept {
  switch (standing) {
    case raft::Standing::learner:
      return "learner";
    case raft::Standing::incoming:
      return "incoming";
    case raft::Standing::outgoing:
      return "outgoing";
    default:
      return "voter";
  }
}

std::string advice_on(std::size_t voter_count) {
  if (voter_count % 2 != 0) return {};
  const std::string count = std::to_string(voter_count);
  return count + " voters bear the loss of " + std::to_string((voter_count - 1) / 2) + ", as " +
         std::to_string(voter_count - 1) + " do, and need " + std::to_string(raft::majority(voter_count)) +
         " answers for each write; an odd number is better: add one more, or remove one";
}

std::string name_of(raft::NodeId node) { return "node " + std::to_string(node.value()); }

std::string listed(const std::vector<raft::NodeId>& nodes) {
  std::string list;
  for (const raft::NodeId node : nodes) list += (list.empty() ? "" : ", ") + std::to_string(node.value());
  return list;
}

const MemberLag* find_lag(std::span<const MemberLag> lags, raft::NodeId node) noexcept {
  const auto found = std::find_if(lags.begin(), lags.end(), [&](const MemberLag& lag) { return lag.node == node; });
  return found == lags.end() ? nullptr : &*found;
}

std::vector<raft::NodeId> voters_after(const MemberChangeWanted& wanted, const raft::Membership& membership) {
  std::vector<raft::NodeId> voters = membership.voters();
  if (wanted.kind == Kind::replace) std::erase(voters, wanted.replaced);
  std::erase(voters, wanted.node);
  if (wanted.kind != Kind::remove && !wanted.stays_learner) voters.push_back(wanted.node);
  std::sort(voters.begin(), voters.end());
  return voters;
}

std::optional<std::string> emptied_fault(const wire::StandingRequest& request, const raft::Membership& membership) {
  const raft::Member* member = membership.find(request.node);
  const bool is_unknown = member != nullptr && member->incarnation == raft::Incarnation{};
  if (!is_unknown || !request.wants_to_join) return std::nullopt;
  return name_of(request.node) + " is a " + standing_name(member->standing) +
         " whose data directory the cluster has not come to know, and this one is empty: what that had "
         "acknowledged may not be here, so this one must not vote as it. " +
         ways_back(request.node);
}

std::optional<std::string> directory_fault(raft::NodeId node, const raft::Incarnation& incarnation,
                                           const raft::Membership& membership) {
  const raft::Member* member = membership.find(node);
  if (member != nullptr && member->incarnation != raft::Incarnation{} && member->incarnation != incarnation) {
    return name_of(node) + " is a " + standing_name(member->standing) +
           " by another data directory than this one, which was lost or is somewhere else: what it had acknowledged is "
           "not here, so this one must not vote as it. " +
           ways_back(node);
  }
  const raft::FormerMember* former = membership.find_former(node);
  if (former != nullptr && former->incarnation == incarnation) {
    return name_of(node) +
           " was removed from the cluster with this data directory, which is not used again; start it on "
           "an empty one";
  }
  return std::nullopt;
}

std::optional<std::string> change_fault(const MemberChangeWanted& wanted, const LeaderView& view) {
  if (wanted.node == raft::NodeId()) return "the number of a node is from 1 on";
  switch (wanted.kind) {
    case Kind::promote:
      return fault_of_promotion(wanted, view);
    case Kind::remove:
      return fault_of_removal(wanted, view);
    default:
      return fault_of_new(wanted, view);
  }
}

}  // namespace tenon::node
