// SPDX-License-Identifier: MIT
#include "history.hpp"

#include <algorithm>
#include <optional>

#include "tenon/client_api.h"

namespace tenon::sim {

void History::seen(raft::LogIndex index, raft::Term term, std::string_view data) {
  if (index.value() > states_.size()) entries_.emplace(std::pair(index, term), data);
}

void History::committed(raft::LogIndex index, raft::Term term, std::uint64_t wall_ms_max) {
  TENON_CHECK(index.value() == states_.size() + 1);
  const auto found = entries_.find({index, term});
  // The entry that every log begins with may never be in memory; it is of no command.
  if (found == entries_.end() && index != raft::LogIndex(1)) {
    throw Violation("history", "the entry " + std::to_string(index.value()) + " was committed and never in a log");
  }
  if (found != entries_.end()) {
    const std::optional<wire::DecodedEntry> entry = wire::decode_entry(found->second);
    if (!entry) throw Violation("history", "the entry " + std::to_string(index.value()) + " cannot be read");
    if (entry->kind == raft::EntryKind::commands) run(*entry, wall_ms_max);
  }
  entries_.erase(entries_.begin(), entries_.upper_bound({index, raft::Term(~std::uint64_t{0})}));
  const bool is_same = !states_.empty() && *states_.back().leases == leases_;
  states_.push_back(
      {is_same ? states_.back().leases : std::make_shared<const Values>(leases_), leases_.size() + others_.size()});
}

void History::run(const wire::DecodedEntry& entry, std::uint64_t wall_ms_max) {
  if (entry.cluster_time_ms < stamp_ms_) throw Violation("cluster-time", "a stamp is before an earlier one");
  if (entry.cluster_time_ms > wall_ms_max) {
    throw Violation("cluster-time", "a stamp is " + std::to_string(entry.cluster_time_ms - wall_ms_max) +
                                        " ms ahead of every clock that is right");
  }
  trace_.count(entry.commands.empty() ? "clock entries" : "entries of commands");
  begin_entry(entry.cluster_time_ms);
  for (const std::string_view command : entry.commands) run(kv::decode(command).value());
}

void History::begin_entry(std::uint64_t stamp_ms) {
  stamp_ms_ = stamp_ms;
  const std::size_t expired = std::erase_if(leases_, [&](const auto& value) {
    return value.second.expires_at_ms != 0 && value.second.expires_at_ms <= stamp_ms;
  });
  if (expired > 0) trace_.count("keys expired", expired);
}

void History::run(const kv::Command& command) {
  TENON_CHECK(command.operations.size() == 1 && command.compares.empty());
  const kv::Operation& operation = command.operations.front();
  if (operation.kind == TENON_SESSION_OPEN) {
    sessions_[++last_session_] = {operation.expiry_ms, stamp_ms_ + operation.expiry_ms, 0, {}};
    trace_.count("sessions opened");
  } else if (command.session == 0 || admits(command)) {
    run(operation, operation.key.starts_with(kLeasePrefix) ? leases_ : others_);
  }
}

// Whether a command of a session is to take effect.
bool History::admits(const kv::Command& command) {
  const auto found = sessions_.find(command.session);
  if (found == sessions_.end() || found->second.deadline_ms <= stamp_ms_) {
    trace_.count("commands of expired sessions");
    return false;
  }
  Session& session = found->second;
  session.deadline_ms = stamp_ms_ + session.duration_ms;
  session.lowest = std::max(session.lowest, command.session_outstanding);
  if (command.session_sequence < session.lowest) {
    trace_.count("retries that came too late");
    return false;
  }
  if (!session.executed.insert(command.session_sequence).second) {
    trace_.count("retries answered from the kept reply");
    return false;
  }
  return true;
}

void History::run(const kv::Operation& operation, Values& values) {
  const auto found = values.find(operation.key);
  switch (operation.kind) {
    case TENON_PUT:
      values[std::string(operation.key)] = {std::string(operation.value),
                                            operation.expiry_ms == 0 ? 0 : stamp_ms_ + operation.expiry_ms};
      break;
    case TENON_INCREMENT: {
      const std::int64_t before = found == values.end() ? 0 : std::stoll(found->second.bytes);
      values[std::string(operation.key)].bytes = std::to_string(before + operation.delta);
      break;
    }
    case TENON_DELETE:
      if (found != values.end()) values.erase(found);
      break;
    case TENON_EXPIRE:
      if (found != values.end()) found->second.expires_at_ms = stamp_ms_ + operation.expiry_ms;
      break;
    case TENON_PERSIST:
      if (found != values.end()) found->second.expires_at_ms = 0;
      break;
    case TENON_GET:  // through the log
      break;
    default:
      throw Violation("history", "a command is in the log that no client has sent");
  }
}

void History::check(std::uint64_t node, raft::LogIndex applied, const kv::Store& store) const {
  if (applied == raft::LogIndex()) return;
  const State& expected = states_.at(applied.value() - 1);
  // A key that is gone for every reader is to be gone from memory as well: there are fewer than one sweep takes out.
  if (store.key_count() != expected.key_count) {
    throw Violation("expiry", "node " + std::to_string(node) + " holds " + std::to_string(store.key_count()) +
                                  " keys with index " + std::to_string(applied.value()) + " applied, and should hold " +
                                  std::to_string(expected.key_count));
  }
  check(node, *expected.leases, store);
}

void History::check(std::uint64_t node, const Values& expected, const kv::Store& store) {
  for (const auto& [key, value] : expected) {
    kv::Command get;
    get.operations.push_back({TENON_GET, 0, key, {}, {}, {}, 0, 0});
    const auto records = store.read(get).results.at(0).records;
    if (records.empty()) {
      throw Violation("expiry", "node " + std::to_string(node) + " lacks '" + key + "' before its expiry");
    }
    if (records.front().value != value.bytes || records.front().expires_at_ms != value.expires_at_ms) {
      throw Violation("history", "node " + std::to_string(node) + " holds another value or expiry of '" + key +
                                     "' than the log says, '" + records.front().value + "'");
    }
  }
}

}  // namespace tenon::sim
