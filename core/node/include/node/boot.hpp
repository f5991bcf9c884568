// SPDX-License-Identifier: MIT
// From what storage holds to what the core starts with. A directory without entries is born by a first write, which is
// the same on every member of a new cluster: term 1, and the membership at index 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "raft/raft.hpp"

namespace tenon::node {

// The log as it is read back, entry by entry. Errors are messages for the operator; nothing can be done but to refuse.
class Boot {
 public:
  // `hard_state` is what storage recovered; empty: none was ever written.
  // `cache_bytes_max` bounds the entries that are kept in memory.
  Boot(std::string_view hard_state, std::uint64_t cache_bytes_max);

  // Takes the next entry. Needs: in the order of the log, from its first entry on.
  void feed(raft::LogIndex index, raft::Term term, std::string_view data);

  // What was found wrong, if anything; holds from the first error on.
  const std::optional<std::string>& error() const noexcept { return error_; }

  // Ends the reading. Needs: no error. `last_sequence` is that of the last write since storage was opened. Sets error()
  // and returns nullopt when the log lacks what every log has, or is not `self`'s.
  std::optional<raft::Recovered> finish(raft::NodeId self, raft::WriteSequence last_sequence);

 private:
  std::uint64_t cache_bytes_max_;
  raft::Recovered recovered_;
  std::optional<std::string> error_;
};

// The first write of a new cluster's member.
struct Birth {
  std::string hard_state;
  raft::LogIndex index;
  raft::Term term;
  std::string entry_data;
};
// Needs: members are ascending and not empty.
Birth birth(const raft::Membership& members);

}  // namespace tenon::node
