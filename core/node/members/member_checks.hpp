// SPDX-License-Identifier: MIT
// What speaks against a change of the members, in words that an operator can act on.
#pragma once

#include <optional>
#include <string>

#include "node/members/member_changes.hpp"

namespace tenon::node {

std::string name_of(raft::NodeId node);
std::string listed(const std::vector<raft::NodeId>& nodes);
// The voters as they are to be, of what makes voters.
std::vector<raft::NodeId> voters_after(const MemberChangeWanted& wanted, const raft::Membership& membership);
// Of a node that the membership knows by another data directory, or has known by this one.
std::optional<std::string> directory_fault(raft::NodeId node, const raft::Incarnation& incarnation,
                                           const raft::Membership& membership);
// Of a node that waits with an empty directory to be taken in, under the number of a member whose directory is unknown.
std::optional<std::string> emptied_fault(const wire::StandingRequest& request, const raft::Membership& membership);
// Nullopt: nothing speaks against it. Needs: the membership is not joint.
std::optional<std::string> change_fault(const MemberChangeWanted& wanted, const LeaderView& view);
const MemberLag* find_lag(std::span<const MemberLag> lags, raft::NodeId node) noexcept;

}  // namespace tenon::node
