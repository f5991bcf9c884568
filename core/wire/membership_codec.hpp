// SPDX-License-Identifier: MIT
// A membership as entries and images hold it.
//
//   u32 count, 1 to raft::kMembersMax, then `count` times, ascending by node
//     u64 node, u8 incarnation[16] (zero: not known), u8 standing (raft::Standing), u64 takes_place_of
//     u8 count, 0 to raft::kAddressesMax, then `count` blocks of 1 to raft::kAddressBytesMax bytes
//   u32 count, 0 to raft::kFormerMembersMax, then `count` times, in the order in which they left
//     u64 node, u8 incarnation[16]; none is a member, and none stands twice
//
// Each of the sets of voters has one at least. Who is a voter already takes no place.
#pragma once

#include "raft/membership.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {

inline constexpr std::size_t kMemberBytesMax = 8 + 16 + 1 + 8 + 1 + raft::kAddressesMax * (4 + raft::kAddressBytesMax);
inline constexpr std::size_t kMembershipBytesMax =
    4 + raft::kMembersMax * kMemberBytesMax + 4 + raft::kFormerMembersMax * (8 + 16);

// Needs: the membership is as above.
void write_membership(ByteWriter& writer, const raft::Membership& membership);
// Fails the reader when it is malformed.
raft::Membership read_membership(ByteReader& reader);

}  // namespace tenon::wire
