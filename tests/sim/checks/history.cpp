// SPDX-License-Identifier: MIT
#include "checks/history.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

std::uint64_t content_of(std::string_view key, std::string_view value, std::uint64_t expires_at_ms) noexcept {
  return mixed(mixed(mixed(0, content_hash(key)), content_hash(value)), expires_at_ms);
}

// nullopt: the text is no number, or the sum would be none.
std::optional<std::int64_t> sum_of(std::string_view text, std::int64_t delta) noexcept {
  std::int64_t sum = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sum);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return __builtin_add_overflow(sum, delta, &sum) ? std::nullopt : std::optional(sum);
}

}  // namespace

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
  states_.push_back({is_same ? states_.back().leases : std::make_shared<const Values>(leases_),
                     leases_.size() + others_.size(), content_});
}

void History::run(const wire::DecodedEntry& entry, std::uint64_t wall_ms_max) {
  if (entry.cluster_time_ms < stamp_ms_) throw Violation("cluster-time", "a stamp is before an earlier one");
  if (entry.cluster_time_ms > wall_ms_max) {
    throw Violation("cluster-time", "a stamp is " + std::to_string(entry.cluster_time_ms - wall_ms_max) +
                                        " ms ahead of every clock that is right");
  }
  trace_.count(entry.commands.empty() ? "clock entries" : "entries of commands");
  begin_entry(entry.cluster_time_ms);
  for (const std::string_view command : entry.commands) {
    acknowledgements_.committed(command, raft::LogIndex(states_.size() + 1));
    run(kv::decode(command).value());
  }
}

void History::begin_entry(std::uint64_t stamp_ms) {
  stamp_ms_ = stamp_ms;
  std::vector<std::string> expired;
  for (const auto& [key, value] : leases_) {
    if (value.expires_at_ms != 0 && value.expires_at_ms <= stamp_ms) expired.push_back(key);
  }
  for (const std::string& key : expired) set(leases_, key, std::nullopt);
  if (!expired.empty()) trace_.count("keys expired", expired.size());
}

void History::run(const kv::Command& command) {
  TENON_CHECK(command.operations.size() == 1);
  if (!std::all_of(command.compares.begin(), command.compares.end(), [&](const auto& one) { return holds(one); })) {
    return;  // what then runs in these runs only reads
  }
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
      set(values, operation.key,
          Value{std::string(operation.value), operation.expiry_ms == 0 ? 0 : stamp_ms_ + operation.expiry_ms});
      break;
    case TENON_APPEND: {
      Value value = found == values.end() ? Value() : found->second;
      value.bytes += operation.value;
      set(values, operation.key, value);
      break;
    }
    case TENON_INCREMENT: {
      Value value = found == values.end() ? Value{"0", 0} : found->second;
      const std::optional<std::int64_t> sum = sum_of(value.bytes, operation.delta);
      if (!sum) break;
      value.bytes = std::to_string(*sum);
      set(values, operation.key, value);
      break;
    }
    case TENON_DELETE:
      set(values, operation.key, std::nullopt);
      break;
    case TENON_EXPIRE:
      if (found != values.end()) {
        set(values, operation.key, Value{found->second.bytes, stamp_ms_ + operation.expiry_ms});
      }
      break;
    case TENON_PERSIST:
      if (found != values.end()) set(values, operation.key, Value{found->second.bytes, 0});
      break;
    case TENON_GET:  // through the log
      break;
    default:
      throw Violation("history", "a command is in the log that no client has sent");
  }
}

bool History::holds(const kv::Compare& compare) const {
  TENON_CHECK(compare.relation == TENON_EQUAL);
  const auto found = others_.find(compare.key);
  if (compare.what == TENON_COMPARE_VALUE) return found != others_.end() && found->second.bytes == compare.value;
  TENON_CHECK(compare.what == TENON_COMPARE_VERSION && compare.number == 0);
  return found == others_.end();
}

void History::set(Values& values, std::string_view key, const std::optional<Value>& value) {
  const auto found = values.find(key);
  if (found != values.end()) {
    content_ -= content_of(key, found->second.bytes, found->second.expires_at_ms);
    if (!value) values.erase(found);
  }
  if (!value) return;
  content_ += content_of(key, value->bytes, value->expires_at_ms);
  values[std::string(key)] = *value;
}

void History::check_content(std::uint64_t node, raft::LogIndex applied, const kv::Store& store) const {
  if (applied == raft::LogIndex()) return;
  std::uint64_t content = 0;
  std::string cursor;
  do {
    kv::Command scan;
    scan.operations.push_back({TENON_SCAN, 0, {}, {}, {}, cursor, 100, 1u << 20});
    const kv::Reply reply = store.read(scan);
    for (const kv::Record& record : reply.results.at(0).records) {
      content += content_of(record.key, record.value, record.expires_at_ms);
    }
    cursor = reply.results.at(0).cursor;
  } while (!cursor.empty());
  trace_.count("states of images compared");
  if (content == states_.at(applied.value() - 1).content) return;
  throw Violation("image-state", "node " + std::to_string(node) + " has taken over a state at index " +
                                     std::to_string(applied.value()) + " that is not what the log makes");
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
