// SPDX-License-Identifier: MIT
#include "checks/acknowledgements.hpp"

#include <algorithm>

namespace tenon::sim {

std::uint64_t content_hash(std::string_view bytes) noexcept {
  std::uint64_t hash = bytes.size();
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash ^ (hash >> 29);
}

void Acknowledgements::submitted(const node::Submission& submission) {
  if (submission.watch || submission.consistency == node::Consistency::stale) return;
  const bool is_write = submission.access == node::Access::write;
  // A stale read promises an age, which its client judges.
  const bool may_be_old = submission.access == node::Access::read && submission.consistency == node::Consistency::stale;
  asked_[{submission.token.queue, submission.token.request}] = {is_write ? content_hash(submission.command) : 0,
                                                                may_be_old ? 0 : revision_, is_write};
}

std::uint64_t Acknowledgements::answered(const node::Answer& answer) {
  const auto found = asked_.find({answer.token.queue, answer.token.request});
  if (found == asked_.end()) return 0;
  const Asked asked = found->second;
  asked_.erase(found);
  if (answer.outcome != node::Outcome::done) return 0;
  const std::uint64_t shown = answer.reply.revision;
  if (shown < asked.revision && !exempt_.contains(answer.token.queue)) {
    throw Violation(asked.is_write ? "write-order" : "stale-read",
                    "an answer shows revision " + std::to_string(shown) + " of the store, though revision " +
                        std::to_string(asked.revision) + " was known when it was asked");
  }
  revision_ = std::max(revision_, shown);
  return asked.command;
}

raft::LogIndex Acknowledgements::entry_of(std::uint64_t command) const {
  const auto found = entries_.find(command);
  if (found == entries_.end()) {
    throw Violation("durability", "a client was told that a write is done which no committed entry holds");
  }
  return found->second;
}

}  // namespace tenon::sim
