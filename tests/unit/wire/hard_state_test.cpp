// SPDX-License-Identifier: MIT
#include "wire/hard_state.hpp"

#include "damage.hpp"
#include "support/catch.hpp"

namespace tenon::wire {
namespace {

using raft::HardState;
using raft::NodeId;
using raft::Term;

bool is_accepted(std::string_view data) { return decode_hard_state(data).has_value(); }

TEST_CASE("a hard state is read back as it was written") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t term : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40, raft::kOrdinalMax}) {
    for (const std::uint64_t voted_for : {std::uint64_t{0}, std::uint64_t{7}, most}) {
      const HardState hard_state{Term(term), NodeId(voted_for)};
      CHECK(decode_hard_state(encode_hard_state(hard_state)) == hard_state);
    }
  }
}

TEST_CASE("the bytes of a hard state are those that its format names") {
  const std::string encoded = encode_hard_state({Term(0x0102), NodeId(3)});
  CHECK(hex(encoded) ==
        "e6b6b8d6"
        "01000000"
        "0201000000000000"
        "0300000000000000");
  CHECK(encoded.size() == 24);
}

TEST_CASE("a hard state that is cut, lengthened or has one bit wrong is refused") {
  check_damage_is_refused(encode_hard_state({Term(9), NodeId(2)}), is_accepted);
}

TEST_CASE("a hard state of another format, or with bytes in use that are zero now, is refused") {
  const std::string encoded = encode_hard_state({Term(9), NodeId(2)});
  for (std::size_t offset = 4; offset < 8; ++offset) CHECK_FALSE(is_accepted(rewritten(encoded, offset, 2)));
  CHECK(is_accepted(rewritten(encoded, 8, 2)));
}

}  // namespace
}  // namespace tenon::wire
