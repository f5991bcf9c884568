// SPDX-License-Identifier: MIT
#include "node/boot.hpp"

#include <utility>

#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::node {

Boot::Boot(std::string_view hard_state, std::uint64_t cache_bytes_max) : cache_bytes_max_(cache_bytes_max) {
  if (hard_state.empty()) return;
  const std::optional<raft::HardState> decoded = wire::decode_hard_state(hard_state);
  if (decoded) {
    recovered_.hard_state = *decoded;
  } else {
    error_ = "the hard state cannot be read: its checksum or format is not that of this version";
  }
}

void Boot::feed(raft::LogIndex index, raft::Term term, std::string_view data) {
  if (error_) return;
  raft::Log& log = recovered_.log;
  auto owner = std::make_shared<const std::string>(data);
  std::optional<raft::Entry> entry = wire::read_entry(index, term, {owner, *owner});
  if (!entry) {
    error_ = "the entry at index " + std::to_string(index.value()) +
             " cannot be read: its checksum or format is not that of this version";
    return;
  }
  if (index != log.last_index().next() || term < log.last_term()) {
    error_ = "the log is not contiguous: after index " + std::to_string(log.last_index().value()) + " of term " +
             std::to_string(log.last_term().value()) + " comes index " + std::to_string(index.value()) + " of term " +
             std::to_string(term.value());
    return;
  }
  log.recover(*std::move(entry));
  log.trim_cache(cache_bytes_max_);
}

std::optional<raft::Recovered> Boot::finish(raft::NodeId self, raft::WriteSequence last_sequence) {
  TENON_CHECK(!error_);
  if (recovered_.log.membership().voters.empty()) {
    error_ = "the log names no members: it does not begin with the entry that every cluster begins with";
  } else if (!recovered_.log.membership().has_voter(self)) {
    error_ = "the log's members do not include this node, " + std::to_string(self.value());
  } else if (recovered_.hard_state.term < recovered_.log.last_term()) {
    error_ = "the hard state is of term " + std::to_string(recovered_.hard_state.term.value()) +
             ", before the log's last entry, of term " + std::to_string(recovered_.log.last_term().value());
  }
  if (error_) return std::nullopt;
  recovered_.last_sequence = last_sequence;
  return std::move(recovered_);
}

Birth birth(const raft::Membership& members) {
  const raft::Term term(1);
  return {wire::encode_hard_state({term, raft::NodeId()}), raft::LogIndex(1), term, wire::encode_membership(members)};
}

}  // namespace tenon::node
