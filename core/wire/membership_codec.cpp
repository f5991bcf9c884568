// SPDX-License-Identifier: MIT
#include "membership_codec.hpp"

#include <algorithm>

#include "message_codec.hpp"

namespace tenon::wire {
namespace {

raft::Member read_member(ByteReader& reader) {
  raft::Member member{raft::NodeId(reader.u64()), read_incarnation(reader)};
  const std::uint8_t standing = reader.u8();
  if (standing < 1 || standing > 4) reader.fail();
  member.standing = static_cast<raft::Standing>(standing);
  member.takes_place_of = raft::NodeId(reader.u64());
  const std::uint8_t count = reader.u8();
  if (count > raft::kAddressesMax) reader.fail();
  for (std::uint8_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view address = reader.block();
    if (address.empty() || address.size() > raft::kAddressBytesMax) reader.fail();
    member.addresses.emplace_back(address);
  }
  return member;
}

// Whether they stand as they must, each set of voters has one, and nobody is a member and a former one.
bool is_consistent(const raft::Membership& membership) {
  const auto& [members, former] = membership;
  const auto keeps_place = [](const raft::Member& member) {
    return !raft::counts_before(member.standing) || member.takes_place_of == raft::NodeId();
  };
  const auto not_ascending = [](const raft::Member& left, const raft::Member& right) { return left.id >= right.id; };
  const auto was_counted = [](const raft::Member& member) { return raft::counts_before(member.standing); };
  const auto will_count = [](const raft::Member& member) { return raft::counts_after(member.standing); };
  return !members.empty() && members.front().id != raft::NodeId() &&
         std::adjacent_find(members.begin(), members.end(), not_ascending) == members.end() &&
         std::all_of(members.begin(), members.end(), keeps_place) &&
         std::any_of(members.begin(), members.end(), was_counted) &&
         std::any_of(members.begin(), members.end(), will_count) &&
         std::all_of(former.begin(), former.end(), [&](const raft::FormerMember& one) {
           return one.id != raft::NodeId() && membership.find(one.id) == nullptr &&
                  membership.find_former(one.id) == &one;
         });
}

}  // namespace

void write_membership(ByteWriter& writer, const raft::Membership& membership) {
  const auto& [members, former] = membership;
  TENON_CHECK(members.size() <= raft::kMembersMax && former.size() <= raft::kFormerMembersMax);
  TENON_CHECK(is_consistent(membership));
  writer.u32(static_cast<std::uint32_t>(members.size()));
  for (const raft::Member& member : members) {
    TENON_CHECK(member.addresses.size() <= raft::kAddressesMax);
    writer.u64(member.id.value());
    write_incarnation(writer, member.incarnation);
    writer.u8(static_cast<std::uint8_t>(member.standing));
    writer.u64(member.takes_place_of.value());
    writer.u8(static_cast<std::uint8_t>(member.addresses.size()));
    for (const std::string& address : member.addresses) {
      TENON_CHECK(!address.empty() && address.size() <= raft::kAddressBytesMax);
      writer.block(address);
    }
  }
  writer.u32(static_cast<std::uint32_t>(former.size()));
  for (const raft::FormerMember& one : former) {
    writer.u64(one.id.value());
    write_incarnation(writer, one.incarnation);
  }
}

raft::Membership read_membership(ByteReader& reader) {
  raft::Membership membership;
  const std::uint32_t count = reader.u32();
  if (count > raft::kMembersMax) reader.fail();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) membership.members.push_back(read_member(reader));
  const std::uint32_t former = reader.u32();
  if (former > raft::kFormerMembersMax) reader.fail();
  for (std::uint32_t i = 0; i < former && reader.ok(); ++i) {
    const raft::NodeId node(reader.u64());
    membership.former.push_back({node, read_incarnation(reader)});
  }
  if (reader.ok() && !is_consistent(membership)) reader.fail();
  return membership;
}

}  // namespace tenon::wire
