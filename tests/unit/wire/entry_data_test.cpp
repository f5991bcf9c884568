// SPDX-License-Identifier: MIT
#include "wire/entry_data.hpp"

#include "damage.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"

namespace tenon::wire {
namespace {

using raft::EntryKind;
using raft::Membership;
using raft::NodeId;

const Membership kMembers{{{NodeId(1)}, {NodeId(2), {7, 8, 9}}, {NodeId(0x0300)}}};
constexpr std::size_t kCountOffset = 16;

bool is_accepted(std::string_view data) { return decode_entry(data).has_value(); }

std::string commands_entry(std::uint64_t time_ms, const std::vector<std::string_view>& commands) {
  return encode_commands(time_ms, commands);
}

TEST_CASE("a no-op is read back") {
  const std::string encoded = encode_no_op();
  const std::optional<DecodedEntry> entry = decode_entry(encoded);
  REQUIRE(entry.has_value());
  CHECK(entry->kind == EntryKind::no_op);
  CHECK(entry->cluster_time_ms == 0);
  CHECK(entry->commands.empty());
  CHECK(entry->membership.members.empty());
}

TEST_CASE("commands are read back in their order, as views into the data") {
  raft::Random random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::string> sources(1 + random.below(20));
    std::vector<std::string_view> commands;
    for (std::string& source : sources) {
      source.resize(random.below(100));
      for (char& byte : source) byte = static_cast<char>(random.below(256));
      commands.push_back(source);
    }
    const std::uint64_t time_ms = random.next();
    const std::string encoded = encode_commands(time_ms, commands);
    const std::optional<DecodedEntry> entry = decode_entry(encoded);
    REQUIRE(entry.has_value());
    CHECK(entry->kind == EntryKind::commands);
    CHECK(entry->cluster_time_ms == time_ms);
    REQUIRE(entry->commands == commands);
    CHECK(entry->commands.back().data() + entry->commands.back().size() == encoded.data() + encoded.size());
  }
}

TEST_CASE("an entry without commands carries cluster time and nothing else") {
  const std::string encoded = commands_entry(0x0102, {});
  const std::optional<DecodedEntry> entry = decode_entry(encoded);
  REQUIRE(entry.has_value());
  CHECK(entry->kind == EntryKind::commands);
  CHECK(entry->cluster_time_ms == 0x0102);
  CHECK(entry->commands.empty());
  const auto owner = std::make_shared<const std::string>(encoded);
  CHECK(read_entry(raft::LogIndex(5), raft::Term(3), {owner, *owner})->kind == EntryKind::commands);
  CHECK(hex(encoded).substr(8) ==
        "01020000"
        "0201000000000000"
        "00000000");
  check_damage_is_refused(encoded, is_accepted);
  CHECK_FALSE(is_accepted(rewritten(encoded, kCountOffset, 1)));
}

TEST_CASE("a membership is read back") {
  const std::optional<DecodedEntry> entry = decode_entry(encode_membership(kMembers));
  REQUIRE(entry.has_value());
  CHECK(entry->kind == EntryKind::membership);
  CHECK(entry->membership == kMembers);
}

TEST_CASE("the bytes of each kind of entry are those that its format names") {
  CHECK(hex(encode_no_op()) ==
        "ac96608d"
        "01010000"
        "0000000000000000");
  CHECK(hex(commands_entry(0x0102, {"put", ""})) ==
        "708106a9"
        "01020000"
        "0201000000000000"
        "0200000003000000"
        "70757400000000");
  CHECK(hex(encode_membership(kMembers)) ==
        "050f2e39"
        "02030000"
        "0000000000000000"
        "03000000"
        "0100000000000000"
        "00000000000000000000000000000000"
        "02000000000000000000"
        "0200000000000000"
        "07080900000000000000000000000000"
        "02000000000000000000"
        "0003000000000000"
        "00000000000000000000000000000000"
        "02000000000000000000"
        "00000000");
}

TEST_CASE("an entry that is cut, lengthened or has one bit wrong is refused") {
  check_damage_is_refused(encode_no_op(), is_accepted);
  check_damage_is_refused(commands_entry(7, {"one", "", "three"}), is_accepted);
  check_damage_is_refused(encode_membership(kMembers), is_accepted);
}

TEST_CASE("another format or kind, and bytes in use that are zero now, are refused though the checksum fits") {
  for (const std::string& encoded : {encode_no_op(), commands_entry(7, {"one"}), encode_membership(kMembers)}) {
    CHECK(is_accepted(rewritten(encoded, 8, 1)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 4, encoded == encode_membership(kMembers) ? 1 : 2)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 4, 3)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 5, 0)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 5, 4)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 6, 1)));
    CHECK_FALSE(is_accepted(rewritten(encoded, 7, 1)));
  }
}

TEST_CASE("cut bodies and wrong counts are refused though the checksum fits") {
  for (const std::string& encoded : {commands_entry(7, {"one", "", "three"}), encode_membership(kMembers)}) {
    for (std::size_t size = 4; size < encoded.size(); ++size) {
      CHECK_FALSE(is_accepted(with_valid_checksum(encoded.substr(0, size))));
    }
    for (const int count : {0, 1, 2, 4, 200}) {
      CHECK_FALSE(is_accepted(rewritten(encoded, kCountOffset, static_cast<unsigned char>(count))));
    }
    CHECK_FALSE(is_accepted(rewritten(encoded, kCountOffset + 3, 0xff)));
  }
}

}  // namespace
}  // namespace tenon::wire
