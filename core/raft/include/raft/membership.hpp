// SPDX-License-Identifier: MIT
// Who belongs to the cluster, and who of them counts (thesis, chapter 4). A membership is in force from the moment when
// its entry is appended; which one is, is derived from image and log and kept nowhere else.
//
// Voters change by joint consensus (thesis section 4.3): a membership with incoming or outgoing members has two sets of
// voters, that of before and that of afterwards, and whatever is decided takes a majority of each. What does not alter
// the voters is one step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raft/types.hpp"

namespace tenon::raft {

inline constexpr std::size_t kMembersMax = 64;
inline constexpr std::size_t kAddressesMax = 16;  // of one member
inline constexpr std::size_t kAddressBytesMax = 256;
inline constexpr std::size_t kFormerMembersMax = 64;

// Names the data directory of a node, for its life: a node that has lost its disk is not the one that voted. All zero:
// not known.
using Incarnation = std::array<std::uint8_t, 16>;

enum class Standing : std::uint8_t {
  learner = 1,   // gets the log, and counts nowhere
  voter = 2,     // of a joint membership in both sets
  incoming = 3,  // only in the set that is to be
  outgoing = 4,  // only in the set that was
};
constexpr bool counts_before(Standing standing) noexcept {
  return standing == Standing::voter || standing == Standing::outgoing;
}
constexpr bool counts_after(Standing standing) noexcept {
  return standing == Standing::voter || standing == Standing::incoming;
}

struct Member {
  NodeId id;
  Incarnation incarnation = {};             // once it is known, what any other directory of this id says does not count
  std::vector<std::string> addresses = {};  // opaque here; none: as each node's config says
  Standing standing = Standing::voter;
  // Of a learner, what it is to become when it has caught up: itself: one more voter; another: that one's place as a
  // voter is its, and once that one has left otherwise, it is one more; 0: it stays a learner.
  NodeId takes_place_of = {};
  bool operator==(const Member&) const = default;
};

// A node that was a member, so that it can be told.
struct FormerMember {
  NodeId id;
  Incarnation incarnation = {};
  bool operator==(const FormerMember&) const = default;
};

struct Membership {
  std::vector<Member> members = {};       // ascending by id, without repetition
  std::vector<FormerMember> former = {};  // in the order in which they left; none is a member. The oldest are forgotten

  // Null: it is no member. Valid as long as the membership.
  const Member* find(NodeId node) const noexcept;
  const FormerMember* find_former(NodeId node) const noexcept;
  // The data directory by which a member, or who left, is known; all zero: by none.
  Incarnation incarnation_of(NodeId node) const noexcept;
  // Whether it counts in one of the sets at least.
  bool has_voter(NodeId node) const noexcept;
  // Those of whom that holds, ascending.
  std::vector<NodeId> voters() const;
  bool is_joint() const noexcept;
  bool operator==(const Membership&) const = default;
};

// What a membership becomes. Each of these changes nothing where it does not apply; whether the result may follow says
// why_not(), which a leader asks of everything that is proposed.

// A node that is no member yet becomes a learner.
Membership with_learner(Membership from, Member learner);
// A learner leaves.
Membership without_learner(Membership from, NodeId learner);
// `voters`, each of them a member by now, are to be the only ones that count.
Membership entering_joint(Membership from, std::span<const NodeId> voters);
// Those that were to come have come, and those that were to go have gone.
Membership leaving_joint(Membership from);

// Why `to` must not follow `from`; a literal, for people. Empty: it may.
std::string_view why_not(const Membership& from, const Membership& to) noexcept;

}  // namespace tenon::raft
