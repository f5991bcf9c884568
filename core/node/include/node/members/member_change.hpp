// SPDX-License-Identifier: MIT
// A change of the members as an operator wants it, and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "raft/membership.hpp"

namespace tenon::node {

struct MemberChangeWanted {
  enum class Kind {
    add,      // `node` becomes a learner, and a voter when it has caught up
    promote,  // the learner `node` becomes a voter
    remove,
    replace,  // `node` becomes a learner, and takes the place of the voter `replaced` when it has caught up
  };
  Kind kind = Kind::add;
  raft::NodeId node;
  raft::NodeId replaced = {};
  std::vector<std::string> addresses = {};  // of add and replace
  bool stays_learner = false;               // of add
  bool is_forced = false;                   // of promote and remove: also when too few answer, or it lags behind
};

// The change is committed; of add and replace as soon as the node is a learner.
struct MemberChangeDone {
  raft::NodeId node;
  std::optional<raft::Standing> standing;      // nullopt: it is no member any more
  std::optional<std::uint64_t> missing_bytes;  // of a learner
  std::string text;                            // what is decided, and what follows by itself
  std::vector<std::string> warnings;           // about the cluster as it is now
};

// How far a member is behind the leader that says so.
struct MemberLag {
  raft::NodeId node;
  std::uint64_t missing_bytes = 0;  // of log and image
  bool is_heard = false;            // it has answered within an election timeout
  bool holds_membership = false;    // that is in force; until then a new member does not know itself
  bool operator==(const MemberLag&) const = default;
};

const char* standing_name(raft::Standing standing) noexcept;
// What is to be said about a set of voters of this size; empty: nothing.
std::string advice_on(std::size_t voter_count);

}  // namespace tenon::node
