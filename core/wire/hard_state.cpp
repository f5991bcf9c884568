// SPDX-License-Identifier: MIT
#include "wire/hard_state.hpp"

#include "checksum.hpp"
#include "ordinal.hpp"

namespace tenon::wire {

namespace {
constexpr std::uint8_t kFormat = 1;
}

std::string encode_hard_state(const raft::HardState& hard_state) {
  std::string body;
  ByteWriter writer(body);
  writer.u8(kFormat);
  writer.raw(std::string_view("\0\0\0", 3));
  writer.u64(hard_state.term.value());
  writer.u64(hard_state.voted_for.value());
  return with_checksum(body);
}

std::optional<raft::HardState> decode_hard_state(std::string_view data) {
  const std::optional<std::string_view> body = checked_body(data);
  if (!body) return std::nullopt;
  ByteReader reader(*body);
  const std::uint8_t format = reader.u8();
  const bool zeros = reader.raw(3) == std::string_view("\0\0\0", 3);
  const auto term = read_ordinal<raft::Term>(reader);
  const raft::NodeId voted_for(reader.u64());
  if (!reader.done() || format != kFormat || !zeros) return std::nullopt;
  return raft::HardState{term, voted_for};
}

}  // namespace tenon::wire
