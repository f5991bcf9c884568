// SPDX-License-Identifier: MIT
// A term or an index as it is written anywhere: u64, at most raft::kOrdinalMax. A greater one fails the reader, for a
// node that took it over could not count on from there.
#pragma once

#include "raft/types.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {

template <class Count>
Count read_ordinal(ByteReader& reader) noexcept {
  const std::uint64_t value = reader.u64();
  if (value > raft::kOrdinalMax) reader.fail();
  return Count(value);
}

}  // namespace tenon::wire
