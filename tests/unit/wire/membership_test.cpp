// SPDX-License-Identifier: MIT
#include "damage.hpp"
#include "support/catch.hpp"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

using raft::Membership;
using raft::NodeId;
using raft::Standing;

constexpr std::size_t kMembersOffset = 16;
constexpr std::size_t kStandingOffset = kMembersOffset + 4 + 8 + 16;
constexpr std::size_t kAddressesOffset = kStandingOffset + 1 + 8;

// Every standing, members with and without addresses, and two that left.
const Membership kAll{{{NodeId(1), {1}, {"tcp://a:1", "ws://a:2/path"}, Standing::voter},
                       {NodeId(2), {2}, {}, Standing::outgoing},
                       {NodeId(5), {}, {"b"}, Standing::incoming, NodeId(2)},
                       {NodeId(0x0300), {4}, {}, Standing::learner, NodeId(0x0300)}},
                      {{NodeId(9), {6}}, {NodeId(4), {}}}};

bool is_accepted(std::string_view data) { return decode_entry(data).has_value(); }

Membership read_back(const Membership& membership) {
  const std::optional<DecodedEntry> entry = decode_entry(encode_membership(membership));
  REQUIRE(entry.has_value());
  return entry->membership;
}

// What is written for one voter, with one byte made another.
bool accepts_member_with(std::size_t offset, unsigned char value) {
  return is_accepted(rewritten(encode_membership({{{NodeId(1)}}}), offset, value));
}

TEST_CASE("a membership is read back with standings, addresses and those that left") {
  CHECK(read_back(kAll) == kAll);
  CHECK(read_back({{{NodeId(7)}}}) == Membership{{{NodeId(7)}}});
}

TEST_CASE("the largest membership is read back") {
  const std::vector<std::string> addresses(raft::kAddressesMax, std::string(raft::kAddressBytesMax, 'a'));
  Membership most;
  for (std::uint64_t node = 1; node <= raft::kMembersMax; ++node) {
    most.members.push_back({NodeId(node), {8}, addresses});
  }
  for (std::uint64_t node = 101; node <= 100 + raft::kFormerMembersMax; ++node) {
    most.former.push_back({NodeId(node), {9}});
  }
  CHECK(read_back(most) == most);
}

TEST_CASE("a membership that is cut, lengthened or has one bit wrong is refused") {
  check_damage_is_refused(encode_membership(kAll), is_accepted);
  const std::string encoded = encode_membership(kAll);
  for (std::size_t size = 4; size < encoded.size(); ++size) {
    REQUIRE_FALSE(is_accepted(with_valid_checksum(encoded.substr(0, size))));
  }
}

TEST_CASE("members that are nobody, repeated or unordered are refused though the checksum fits") {
  const std::string encoded = encode_membership({{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}});
  constexpr std::size_t first_member = kMembersOffset + 4;
  CHECK_FALSE(is_accepted(rewritten(encoded, first_member, 0)));
  CHECK_FALSE(is_accepted(rewritten(encoded, first_member, 2)));
  CHECK_FALSE(is_accepted(rewritten(encoded, first_member, 3)));
}

TEST_CASE("a membership without a voter, before or afterwards, is refused") {
  CHECK(accepts_member_with(kStandingOffset, 2));
  for (const int standing : {0, 1, 3, 4, 5, 255}) {
    INFO("standing " << standing);
    CHECK_FALSE(accepts_member_with(kStandingOffset, static_cast<unsigned char>(standing)));
  }
}

TEST_CASE("a voter that is to take a place is refused") {
  CHECK(accepts_member_with(kStandingOffset + 1, 0));
  CHECK_FALSE(accepts_member_with(kStandingOffset + 1, 1));
}

TEST_CASE("counts and sizes beyond the bounds of a membership are refused though the bytes are there") {
  const std::vector<std::string> addresses(raft::kAddressesMax, std::string(raft::kAddressBytesMax, 'a'));
  const std::string encoded = encode_membership({{{NodeId(1), {}, addresses}}});
  // One address more, before the count of those that left.
  std::string more = encoded;
  more.insert(kAddressesOffset + 1, std::string("\1\0\0\0a", 5));
  CHECK_FALSE(is_accepted(rewritten(more, kAddressesOffset, raft::kAddressesMax + 1)));
  CHECK(is_accepted(rewritten(encoded, kAddressesOffset, raft::kAddressesMax)));
  // Addresses that are empty, or longer by one byte.
  std::string shorter = encode_membership({{{NodeId(1), {}, {"a"}}}});
  CHECK(is_accepted(shorter));
  shorter.erase(kAddressesOffset + 1 + 4, 1);
  CHECK_FALSE(is_accepted(rewritten(shorter, kAddressesOffset + 1, 0)));
  std::string longer = encode_membership({{{NodeId(1), {}, {addresses.front()}}}});
  longer.insert(kAddressesOffset + 1 + 4, "a");
  CHECK_FALSE(is_accepted(rewritten(longer, kAddressesOffset + 1, 1)));

  Membership most;
  for (std::uint64_t node = 1; node <= raft::kMembersMax; ++node) most.members.push_back({NodeId(node)});
  std::string another = encode_membership(most);
  another.insert(another.size() - 4, std::string("\xff\0\0\0\0\0\0\0", 8) + std::string(16, '\0') +
                                         std::string("\2\0\0\0\0\0\0\0\0\0", 10));
  CHECK_FALSE(is_accepted(rewritten(another, kMembersOffset, raft::kMembersMax + 1)));
  Membership left{{{NodeId(1)}}};
  for (std::uint64_t node = 101; node <= 100 + raft::kFormerMembersMax; ++node) left.former.push_back({NodeId(node)});
  std::string former = encode_membership(left) + std::string("\xff\0\0\0\0\0\0\0", 8) + std::string(16, '\0');
  CHECK_FALSE(is_accepted(rewritten(former, kAddressesOffset + 1, raft::kFormerMembersMax + 1)));
}

TEST_CASE("who left and is nobody, a member, or named twice is refused") {
  const std::string encoded = encode_membership({{{NodeId(1)}}, {{NodeId(2)}, {NodeId(3)}}});
  constexpr std::size_t former_offset = kAddressesOffset + 1 + 4;
  CHECK(is_accepted(rewritten(encoded, former_offset, 4)));
  for (const int node : {0, 1, 3}) {
    CHECK_FALSE(is_accepted(rewritten(encoded, former_offset, static_cast<unsigned char>(node))));
  }
}

}  // namespace
}  // namespace tenon::wire
