// SPDX-License-Identifier: MIT
#include "node/boot.hpp"

#include <utility>

#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::node {

Boot::Boot(std::string_view hard_state, std::uint64_t cache_bytes_max, std::optional<LoadedImage> image)
    : cache_bytes_max_(cache_bytes_max), image_(std::move(image)) {
  if (image_) recovered_.log = raft::Log(image_->identity.index, image_->term, image_->membership);
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
  const bool is_first = last_fed_ == raft::LogIndex();
  if (is_first ? index > log.boundary().next() : index != last_fed_.next()) {
    const std::string before = is_first
                                   ? image_ ? "the image, which ends at index " + std::to_string(log.boundary().value())
                                            : "no image, so at index 1"
                                   : "index " + std::to_string(last_fed_.value());
    error_ = "the log is not contiguous: it should go on after " + before + ", and index " +
             std::to_string(index.value()) + " comes";
    return;
  }
  last_fed_ = index;
  if (index <= log.boundary()) {
    if (index == log.boundary()) is_divergent_ = term != log.last_term();
    return;
  }
  if (is_divergent_) return;
  auto owner = std::make_shared<const std::string>(data);
  std::optional<raft::Entry> entry = wire::read_entry(index, term, {owner, *owner});
  if (!entry) {
    error_ = "the entry at index " + std::to_string(index.value()) +
             " cannot be read: its checksum or format is not that of this version";
    return;
  }
  if (term < log.last_term()) {
    error_ = "the terms of the log fall: after term " + std::to_string(log.last_term().value()) + " index " +
             std::to_string(index.value()) + " is of term " + std::to_string(term.value());
    return;
  }
  log.recover(*std::move(entry));
  log.trim_cache(cache_bytes_max_);
}

std::optional<raft::Write> Boot::reset(raft::LogIndex stored_last, raft::WriteSequence sequence) const {
  TENON_CHECK(!error_);
  const raft::LogIndex boundary = recovered_.log.boundary();
  if (stored_last >= boundary && !is_divergent_) return std::nullopt;
  raft::Write write;
  write.sequence = sequence;
  if (is_divergent_) write.truncate_from = boundary;
  write.compact_to = boundary;
  return write;
}

std::optional<Recovered> Boot::finish(raft::WriteSequence last_sequence) {
  TENON_CHECK(!error_);
  raft::Log& log = recovered_.log;
  // The term of a leader that sent an image is known to this node by the image, when a crash came before it was written
  // by itself. What rested on it never left this node, a vote neither.
  if (image_ && recovered_.hard_state.term < image_->term) recovered_.hard_state = {image_->term, raft::NodeId()};
  // A node that joins has no member before the first entries of its leader; one that was removed, or that has not read
  // so far yet, is not among them.
  if (log.membership().members.empty() && log.last_index() != raft::LogIndex()) {
    error_ = "the log names no members: it does not begin with the entry that every cluster begins with";
  } else if (recovered_.hard_state.term < log.last_term()) {
    error_ = "the hard state is of term " + std::to_string(recovered_.hard_state.term.value()) +
             ", before the log's last entry, of term " + std::to_string(log.last_term().value());
  }
  if (error_) return std::nullopt;
  recovered_.last_sequence = last_sequence;
  Recovered recovered{std::move(recovered_), {}, {}, std::nullopt};
  if (!image_) return recovered;
  recovered.store = std::move(*image_->store);
  recovered.membership = std::move(image_->membership);
  recovered.image = image_->identity;
  return recovered;
}

Birth birth(const raft::Membership& members) {
  const raft::Term term(1);
  return {wire::encode_hard_state({term, raft::NodeId()}), raft::LogIndex(1), term, wire::encode_membership(members)};
}

}  // namespace tenon::node
