// SPDX-License-Identifier: MIT
// What a node reads of its log: to apply it, for peers that are behind, and for operators' tools, which take it part by
// part as an incremental backup. Each part names the entry that it goes on from, so that a node which has another there
// refuses, whoever it is and whatever happened between two parts.
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

void Node::read_log(LogReader reader, raft::LogIndex first, raft::LogIndex end, std::uint64_t bytes_max) {
  const bool is_under_way =
      std::any_of(log_reads_.begin(), log_reads_.end(), [&](const auto& read) { return read.second.reader == reader; });
  // The core asks for one at a time for each peer, and would wait for ever for one that was not begun.
  TENON_CHECK(!is_under_way || !std::holds_alternative<raft::NodeId>(reader));
  if (is_under_way) return;
  log_reads_.emplace(++last_log_read_, LogRead{reader, first, now_.steady});
  storage_.table->read_entries(storage_.self, last_log_read_, first.value(), end.value(), bytes_max);
}

std::optional<raft::Instant> Node::applying_waits_since() const {
  for (const auto& [request, read] : log_reads_) {
    if (std::holds_alternative<std::monostate>(read.reader)) return read.since;
  }
  return std::nullopt;
}

void Node::on_entries_read(std::uint64_t request, tenon_error error, std::span<const tenon_entry> entries) {
  if (failed_) return;
  const auto found = log_reads_.find(request);
  TENON_CHECK(found != log_reads_.end());
  const LogRead read = found->second;
  const auto* peer = std::get_if<raft::NodeId>(&read.reader);
  const auto* token = std::get_if<Token>(&read.reader);
  log_reads_.erase(found);
  more_to_do_ = true;
  if (error == TENON_ERROR_NOT_FOUND && read.first <= raft_.log().boundary()) {
    // The log was shortened after it was asked. Whoever still needs an entry asks again, or gets an image.
    if (peer != nullptr) happened_.emplace_back(raft::EntriesRead{*peer, {}});
    if (token != nullptr) surroundings_.answer_operator({*token, log_is_cut(raft::LogIndex(read.first.value() - 1))});
  } else if (error != TENON_OK || entries.empty()) {
    fail("storage could not read the log, error " + std::to_string(error));
  } else if (peer != nullptr) {
    send_read(*peer, entries);
  } else if (token != nullptr) {
    answer_log_part(*token, entries);
  } else {
    apply_read(entries);
  }
}

void Node::apply_read(std::span<const tenon_entry> entries) {
  if (odd_) return;
  for (const tenon_entry& entry : entries) {
    const raft::LogIndex index(entry.index);
    if (index <= applied_index_ || index > raft_.commit_index()) continue;
    if (index != applied_index_.next() || raft_.log().term(index) != raft::Term(entry.term)) {
      return fail("storage read an entry of index " + std::to_string(entry.index) + " and term " +
                  std::to_string(entry.term) + " where the log has another");
    }
    if (!apply(index, view(entry.data))) return;
  }
}

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
