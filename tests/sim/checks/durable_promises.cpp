// SPDX-License-Identifier: MIT
#include "checks/durable_promises.hpp"

#include <string>
#include <variant>

namespace tenon::sim {
namespace {

[[noreturn]] void violated(const char* kind, raft::NodeId node, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(node.value()) + ": " + what);
}

// Whether `later` keeps to what `earlier` has promised: its term, and a vote in it.
bool keeps(const raft::HardState& earlier, const raft::HardState& later) {
  if (later.term != earlier.term) return later.term > earlier.term;
  return earlier.voted_for == raft::NodeId() || later.voted_for == earlier.voted_for;
}

std::string text_of(const raft::HardState& hard_state) {
  return "term " + std::to_string(hard_state.term.value()) + " and a vote for node " +
         std::to_string(hard_state.voted_for.value());
}

}  // namespace

void DurablePromises::check(raft::NodeId node, const DurableView& durable, const raft::HardState& in_memory) {
  raft::HardState& promised = promised_[node];
  if (!keeps(promised, durable.hard_state)) {
    violated("hard-state", node, text_of(durable.hard_state) + " are durable after " + text_of(promised) + " were");
  }
  promised = durable.hard_state;
  if (!keeps(promised, in_memory)) {
    violated("hard-state", node, "it holds " + text_of(in_memory) + ", though " + text_of(promised) + " are durable");
  }
}

bool DurablePromises::is_promise(const raft::Message& message) {
  return std::holds_alternative<raft::VoteRequest>(message) || std::holds_alternative<raft::VoteReply>(message) ||
         std::holds_alternative<raft::AppendAccepted>(message);
}

void DurablePromises::check_sent(raft::NodeId from, raft::NodeId to, const raft::Message& message,
                                 const DurableView& durable, std::optional<raft::Term> in_memory) {
  const raft::HardState& promised = durable.hard_state;
  if (const auto* request = std::get_if<raft::VoteRequest>(&message)) {
    const raft::HardState own{request->term, from};
    if (request->ballot == raft::Ballot::vote && promised != own) {
      violated("vote-durability", from,
               "it asks for votes with " + text_of(own) + " while its disk holds " + text_of(promised));
    }
  } else if (const auto* reply = std::get_if<raft::VoteReply>(&message)) {
    const raft::HardState granted{reply->term, to};
    if (reply->ballot == raft::Ballot::vote && reply->granted && promised != granted) {
      violated("vote-durability", from, "it grants " + text_of(granted) + " while its disk holds " + text_of(promised));
    }
  } else if (const auto* accepted = std::get_if<raft::AppendAccepted>(&message)) {
    if (accepted->term > promised.term) {
      violated("append-durability", from, "it acknowledges entries in a term that is not durable");
    }
    const std::uint64_t match = accepted->match_index.value();
    if (match > durable.terms.size()) {
      violated("append-durability", from,
               "it acknowledges entry " + std::to_string(match) + " while its disk ends with " +
                   std::to_string(durable.terms.size()));
    }
    const raft::Term on_disk = match == 0 ? raft::Term() : durable.terms[match - 1];
    if (on_disk != raft::Term() && in_memory && *in_memory != on_disk) {
      violated("append-durability", from,
               "it acknowledges entry " + std::to_string(match) + " of term " + std::to_string(in_memory->value()) +
                   " while its disk holds one of term " + std::to_string(on_disk.value()));
    }
  }
}

}  // namespace tenon::sim
