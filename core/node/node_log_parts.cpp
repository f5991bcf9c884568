// SPDX-License-Identifier: MIT
// The log as operators' tools read it, for incremental backups: committed entries, part by part. Each part names the
// entry that it goes on from, so that a node which has another there refuses, whoever it is and whatever happened
// between two parts.
#include <algorithm>
#include <string>
#include <utility>

#include "backup/log_file.hpp"
#include "node/node.hpp"
#include "tenon/bytes.hpp"

namespace tenon::node {
namespace {

constexpr std::uint64_t kPartBytes = 1u << 20;  // of one part, but at least one entry
constexpr std::size_t kPartsMax = 4;            // that are being read at once

std::string text_of(std::uint64_t number) { return std::to_string(number); }

}  // namespace

void Node::begin_log_part(Token token, const LogPartWanted& wanted) {
  if (std::optional<OperatorRefusal> refusal = check_log_part(wanted)) {
    return surroundings_.answer_operator({token, *std::move(refusal)});
  }
  const auto is_operators = [](const auto& read) { return std::holds_alternative<Token>(read.second.reader); };
  if (std::count_if(log_reads_.begin(), log_reads_.end(), is_operators) >= static_cast<std::ptrdiff_t>(kPartsMax)) {
    return surroundings_.answer_operator(
        {token, OperatorRefusal{Outcome::overloaded, TENON_ERROR_BUSY,
                                "this node reads as many parts of its log as it does at once; try later"}});
  }
  const raft::LogIndex commit = raft_.commit_index();
  const raft::LogIndex last = wanted.last_index == raft::LogIndex() ? commit : std::min(wanted.last_index, commit);
  if (last <= wanted.previous_index) return answer_log_part(token, {});
  read_log(token, wanted.previous_index.next(), last.next(), kPartBytes);
}

std::optional<OperatorRefusal> Node::check_log_part(const LogPartWanted& wanted) const {
  const auto refused = [](std::string why) {
    return OperatorRefusal{Outcome::refused, TENON_ERROR_INVALID, std::move(why)};
  };
  if (wanted.cluster_id != settings_.cluster_id) {
    return refused("the backup is of the cluster '" + wanted.cluster_id + "', and this node belongs to '" +
                   settings_.cluster_id + "'; name a node of that cluster, or take a full backup of this one");
  }
  if (wanted.previous_index < raft_.log().boundary()) return log_is_cut(wanted.previous_index);
  if (wanted.previous_index > raft_.commit_index()) {
    return refused("the backup ends at index " + text_of(wanted.previous_index.value()) +
                   ", and this node knows of nothing committed behind index " + text_of(raft_.commit_index().value()) +
                   "; ask a node that is further, or take a full backup");
  }
  const std::optional<raft::Term> term = raft_.log().term(wanted.previous_index);
  TENON_CHECK(term.has_value());
  if (*term == wanted.previous_term) return std::nullopt;
  return refused("the entry at index " + text_of(wanted.previous_index.value()) + " is of term " +
                 text_of(wanted.previous_term.value()) + " in the backup and of term " + text_of(term->value()) +
                 " here: their histories are not the same; take a full backup");
}

OperatorRefusal Node::log_is_cut(raft::LogIndex previous) const {
  return {Outcome::refused, TENON_ERROR_COMPACTED,
          "the log of this node begins at index " + text_of(raft_.log().boundary().next().value()) +
              ", and the entries behind index " + text_of(previous.value()) +
              " are wanted: some of them are only in an image any more; take a full backup, or ask another node"};
}

void Node::answer_log_part(Token token, std::span<const tenon_entry> entries) {
  const raft::LogIndex commit = raft_.commit_index();
  const std::optional<raft::Term> term = raft_.log().term(commit);
  TENON_CHECK(term.has_value());
  LogPart part{commit, *term, {}};
  for (const tenon_entry& entry : entries) {
    backup::append_entry(part.records, {entry.index, entry.term, view(entry.data)});
  }
  surroundings_.answer_operator({token, std::move(part)});
}

}  // namespace tenon::node
