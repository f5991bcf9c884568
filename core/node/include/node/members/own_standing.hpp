// SPDX-License-Identifier: MIT
// How this node stands in its cluster, by its own log and by what others have told it.
#pragma once

#include <string>

#include "raft/membership.hpp"

namespace tenon::node {

struct OwnStanding {
  enum class Place {
    member,
    joining,   // it has an empty log, and waits until a cluster takes it in
    outsider,  // its log, which may be an old one, does not have it as a member
    refused,   // others have said that it is no member, and does not become one as it is
    removed,   // it was a member, and is none any more
  };
  Place place = Place::member;
  raft::Standing standing = raft::Standing::voter;  // of a member
  std::string text = {};                            // for the operator, of refused and removed
  bool operator==(const OwnStanding&) const = default;
};

// voter, learner, incoming, outgoing, joining, outsider, refused or removed.
const char* name_of(const OwnStanding& standing) noexcept;

}  // namespace tenon::node
