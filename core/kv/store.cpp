// SPDX-License-Identifier: MIT
#include "kv/store.hpp"

#include <algorithm>
#include <utility>

#include "tenon/check.hpp"
#include "tenon/operation.hpp"

namespace tenon::kv {
namespace {

template <class Value>
bool stands(const Value& left, std::uint8_t relation, const Value& right) {
  switch (relation) {
    case TENON_EQUAL:
      return left == right;
    case TENON_NOT_EQUAL:
      return left != right;
    case TENON_LESS:
      return left < right;
    default:
      return left > right;
  }
}

bool reads(const Operation& operation) { return !changes_keyspace(operation.kind); }

// None of the operations is in force, so none may look as if it were.
void fail_all(tenon_error error, std::size_t operation_count, Reply& reply) {
  reply.results.assign(operation_count, Result{error, {}, 0, {}});
}

}  // namespace

bool Store::holds(const Compare& compare) const {
  const auto found = items_.find(compare.key);
  if (compare.what == TENON_COMPARE_VALUE) {
    if (found == items_.end()) return compare.relation == TENON_NOT_EQUAL;
    return stands(std::string_view(found->second.value), compare.relation, compare.value);
  }
  std::uint64_t number = 0;
  if (found != items_.end()) {
    const Item& item = found->second;
    number = compare.what == TENON_COMPARE_VERSION   ? item.version
             : compare.what == TENON_COMPARE_CREATED ? item.created
                                                     : item.modified;
  }
  return stands(number, compare.relation, compare.number);
}

const std::vector<Operation>& Store::branch(const Command& command, Reply& reply) const {
  const auto& compares = command.compares;
  reply.took_otherwise =
      !std::all_of(compares.begin(), compares.end(), [this](const Compare& compare) { return holds(compare); });
  return reply.took_otherwise ? command.otherwise : command.operations;
}

Reply Store::apply(const Command& command, std::uint64_t cluster_time_ms) {
  TENON_CHECK(cluster_time_ms >= cluster_time_ms_);
  cluster_time_ms_ = cluster_time_ms;
  Reply reply;
  Budget budget;
  const std::vector<Operation>& operations = branch(command, reply);
  // Only a read can fail, by the size of the reply: a command of writes alone needs no way back.
  const bool may_undo = !command.independent && std::any_of(operations.begin(), operations.end(), reads);
  std::vector<Before> undo;
  const std::uint64_t next_revision = revision_ + 1;
  bool changed = false;
  for (const Operation& operation : operations) {
    Result& result = reply.results.emplace_back();
    if (may_undo && !reads(operation)) undo.push_back(before(operation.key));
    switch (operation.kind) {
      case TENON_GET:
        get(operation, budget, result);
        break;
      case TENON_SCAN:
        scan(operation, budget, result);
        break;
      case TENON_PUT:
        put(operation, next_revision, result);
        changed = true;
        break;
      default:
        erase(operation, result);
        changed = changed || result.number != 0;
    }
    if (result.error == TENON_OK || command.independent) continue;
    restore(std::move(undo));
    changed = false;
    fail_all(result.error, operations.size(), reply);
    break;
  }
  if (changed) revision_ = next_revision;
  reply.revision = revision_;
  reply.cluster_time_ms = cluster_time_ms_;
  reply.bytes = kReplyBytesMax - budget.bytes;
  return reply;
}

Reply Store::read(const Command& command) const {
  Reply reply;
  Budget budget;
  const std::vector<Operation>& operations = branch(command, reply);
  for (const Operation& operation : operations) {
    TENON_CHECK(reads(operation));
    Result& result = reply.results.emplace_back();
    if (operation.kind == TENON_GET) {
      get(operation, budget, result);
    } else {
      scan(operation, budget, result);
    }
    if (result.error == TENON_OK || command.independent) continue;
    fail_all(result.error, operations.size(), reply);
    break;
  }
  reply.revision = revision_;
  reply.cluster_time_ms = cluster_time_ms_;
  reply.bytes = kReplyBytesMax - budget.bytes;
  return reply;
}

Store::Before Store::before(std::string_view key) const {
  const auto found = items_.find(key);
  if (found == items_.end()) return {std::string(key), std::nullopt};
  return {found->first, found->second};
}

void Store::restore(std::vector<Before> undo) {
  std::for_each(undo.rbegin(), undo.rend(), [this](Before& step) {
    if (step.item) {
      items_.insert_or_assign(std::move(step.key), *std::move(step.item));
    } else {
      items_.erase(step.key);
    }
  });
}

Record Store::record(std::uint32_t kind, const std::string& key, const Item& item) {
  return {kind, key, item.value, item.created, item.modified, item.version};
}

void Store::get(const Operation& operation, Budget& budget, Result& result) const {
  const auto found = items_.find(operation.key);
  if (found == items_.end()) return;
  const std::size_t size = found->first.size() + found->second.value.size();
  if (size > budget.bytes) {
    result.error = TENON_ERROR_TOO_LARGE;
    return;
  }
  budget.bytes -= size;
  result.records.push_back(record(TENON_RECORD_CURRENT, found->first, found->second));
}

void Store::scan(const Operation& operation, Budget& budget, Result& result) const {
  const bool prefix = (operation.flags & TENON_RANGE_PREFIX) != 0;
  const bool one = (operation.flags & TENON_RANGE_ONE) != 0;
  const bool keys_only = (operation.flags & TENON_SCAN_KEYS) != 0;
  const bool count_only = (operation.flags & TENON_SCAN_COUNT) != 0;
  const std::string end = prefix ? prefix_end(operation.key) : std::string(operation.range_end);
  auto at = items_.lower_bound(operation.key);
  if (!operation.cursor.empty()) {
    const std::optional<std::string_view> last = decode_cursor(operation.cursor);
    TENON_CHECK(last.has_value());
    // A cursor of another range must not lead out of this one.
    if (*last >= operation.key) at = items_.upper_bound(*last);
  }
  std::uint64_t count = 0;
  std::size_t bytes_used = 0;
  const std::string* last_seen = nullptr;
  for (; at != items_.end(); ++at) {
    const auto& [key, item] = *at;
    if (one ? key != operation.key : !end.empty() && key >= end) break;
    const std::size_t size = count_only ? 0 : key.size() + (keys_only ? 0 : item.value.size());
    const bool full = count == operation.limit || (count > 0 && bytes_used + size > operation.limit_bytes);
    // Room for a cursor is kept, should the next record not fit.
    if (full || size + encoded_cursor_bytes(key) > budget.bytes) {
      // Without one record there would be no progress, and the client would ask the same for ever.
      if (last_seen == nullptr) {
        result.error = TENON_ERROR_TOO_LARGE;
      } else {
        result.cursor = encode_cursor(*last_seen);
        budget.bytes -= result.cursor.size();
      }
      break;
    }
    ++count;
    bytes_used += size;
    budget.bytes -= size;
    last_seen = &key;
    if (count_only) continue;
    result.records.push_back(
        {TENON_RECORD_CURRENT, key, keys_only ? std::string() : item.value, item.created, item.modified, item.version});
  }
  result.number = static_cast<std::int64_t>(count);
}

void Store::put(const Operation& operation, std::uint64_t revision, Result& result) {
  auto at = items_.lower_bound(operation.key);
  if (at == items_.end() || at->first != operation.key) {
    items_.emplace_hint(at, std::string(operation.key), Item{std::string(operation.value), revision, revision, 1});
    return;
  }
  Item& item = at->second;
  if ((operation.flags & TENON_WITH_PREVIOUS) != 0) {
    result.records.push_back(record(TENON_RECORD_PREVIOUS, at->first, item));
  }
  item.value.assign(operation.value);
  item.modified = revision;
  ++item.version;
}

void Store::erase(const Operation& operation, Result& result) {
  const auto found = items_.find(operation.key);
  if (found == items_.end()) return;
  if ((operation.flags & TENON_WITH_PREVIOUS) != 0) {
    result.records.push_back(record(TENON_RECORD_PREVIOUS, found->first, found->second));
  }
  items_.erase(found);
  result.number = 1;
}

}  // namespace tenon::kv
