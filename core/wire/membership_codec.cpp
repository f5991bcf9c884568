// SPDX-License-Identifier: MIT
#include "membership_codec.hpp"

#include <algorithm>

#include "message_codec.hpp"
#include "wire/entry_data.hpp"

namespace tenon::wire {

void write_membership(ByteWriter& writer, const raft::Membership& membership) {
  TENON_CHECK(!membership.voters.empty() && membership.voters.size() <= kVotersMax);
  writer.u32(static_cast<std::uint32_t>(membership.voters.size()));
  for (const raft::Member& voter : membership.voters) {
    writer.u64(voter.id.value());
    write_incarnation(writer, voter.incarnation);
  }
}

raft::Membership read_membership(ByteReader& reader) {
  raft::Membership membership;
  const std::uint32_t count = reader.u32();
  if (count == 0 || count > kVotersMax) {
    reader.fail();
    return membership;
  }
  auto& voters = membership.voters;
  for (std::uint32_t i = 0; i < count; ++i) {
    const raft::NodeId id(reader.u64());
    voters.push_back({id, read_incarnation(reader)});
  }
  const auto not_ascending = [](const raft::Member& left, const raft::Member& right) { return left.id >= right.id; };
  if (voters.front().id == raft::NodeId() ||
      std::adjacent_find(voters.begin(), voters.end(), not_ascending) != voters.end()) {
    reader.fail();
  }
  return membership;
}

}  // namespace tenon::wire
