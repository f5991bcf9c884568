// SPDX-License-Identifier: MIT
#include "store_model.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "kv/glob.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

bool match(std::string_view pattern, std::string_view key) {
  std::size_t steps = kMatchStepsMax;
  return Glob::parse(pattern).value().matches(key, steps).value();
}

bool in_range(const Operation& operation, const std::string& key) {
  if ((operation.flags & TENON_RANGE_ONE) != 0) return key == operation.key;
  if ((operation.flags & TENON_RANGE_PREFIX) != 0) return key.starts_with(operation.key);
  return key >= operation.key && (operation.range_end.empty() || key < operation.range_end);
}

// A cursor is a version, a revision of eight bytes, and a key.
std::string_view cursor_key(std::string_view cursor) { return cursor.substr(9); }

Record record(std::uint32_t kind, const std::string& key, const StoreModel::Item& item) {
  return {kind, key, item.value, item.created, item.modified, item.version, item.expires_at_ms};
}

bool is_number(const std::string& value) {
  const std::string digits = value.starts_with('-') ? value.substr(1) : value;
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

void StoreModel::begin_entry(std::uint64_t cluster_time_ms) {
  time_ms_ = cluster_time_ms;
  std::set<std::pair<std::uint64_t, std::string>> gone;
  for (const auto& [key, item] : items_) {
    if (!is_live(item)) gone.emplace(item.expires_at_ms, key);
  }
  std::size_t swept = 0;
  for (const auto& [expires_at_ms, key] : gone) {
    if (swept++ < 1'000) items_.erase(key);
  }
  if (!gone.empty()) ++revision_;
}

bool StoreModel::is_live(const Item& item) const { return item.expires_at_ms == 0 || item.expires_at_ms > time_ms_; }

const StoreModel::Item* StoreModel::find(std::string_view key) const {
  const auto found = items_.find(std::string(key));
  return found == items_.end() || !is_live(found->second) ? nullptr : &found->second;
}

bool StoreModel::holds(const Compare& compare) const {
  const Item* found = find(compare.key);
  int order = 0;
  if (compare.what == TENON_COMPARE_VALUE) {
    if (found == nullptr) return compare.relation == TENON_NOT_EQUAL;
    order = std::string_view(found->value).compare(compare.value);
  } else {
    const Item item = found == nullptr ? Item() : *found;
    const std::uint64_t numbers[] = {item.version, item.created, item.modified};
    const std::uint64_t number = numbers[compare.what - TENON_COMPARE_VERSION];
    order = number < compare.number ? -1 : (number > compare.number ? 1 : 0);
  }
  const bool results[] = {order == 0, order != 0, order<0, order> 0};
  return results[compare.relation - TENON_EQUAL];
}

Reply StoreModel::apply(const Command& command) {
  Reply reply;
  for (const Compare& compare : command.compares) reply.took_otherwise = reply.took_otherwise || !holds(compare);
  const std::map<std::string, Item> before = items_;
  changed_ = false;
  const std::vector<Operation>& operations = reply.took_otherwise ? command.otherwise : command.operations;
  for (const Operation& operation : operations) {
    reply.results.push_back(run(operation));
    const tenon_error error = reply.results.back().error;
    if (error == TENON_OK || command.independent) continue;
    items_ = before;
    changed_ = false;
    reply.results.assign(operations.size(), Result{error, {}, 0, {}});
    break;
  }
  if (changed_) ++revision_;
  reply.revision = revision_;
  reply.cluster_time_ms = time_ms_;
  return reply;
}

Reply StoreModel::read(const Command& command) const {
  StoreModel copy = *this;
  return copy.apply(command);
}

void StoreModel::write(const Operation& operation, std::string value, std::uint64_t expires_at_ms) {
  const Item* before = find(operation.key);
  const std::uint64_t created = before == nullptr ? revision_ + 1 : before->created;
  const std::uint64_t version = before == nullptr ? 1 : before->version + 1;
  items_[std::string(operation.key)] = {std::move(value), created, revision_ + 1, version, expires_at_ms};
  changed_ = true;
}

std::uint64_t StoreModel::expiry(const Operation& operation) const {
  if (operation.expiry_ms == 0) return 0;
  return (operation.flags & TENON_EXPIRY_ABSOLUTE) != 0 ? operation.expiry_ms : time_ms_ + operation.expiry_ms;
}

Result StoreModel::run(const Operation& operation) {
  if (operation.kind == TENON_SCAN) return scan(operation);
  Result result;
  const Item* found = find(operation.key);
  const Item before = found == nullptr ? Item() : *found;
  const bool present = found != nullptr;
  switch (operation.kind) {
    case TENON_GET:
      if (operation.revision != 0 && operation.revision != revision_) {
        result.error = operation.revision < revision_ ? TENON_ERROR_COMPACTED : TENON_ERROR_INVALID;
      } else if (present) {
        result.records.push_back(record(TENON_RECORD_CURRENT, std::string(operation.key), before));
      }
      return result;
    case TENON_PUT:
      write(operation, std::string(operation.value),
            (operation.flags & TENON_EXPIRY_KEEP) != 0 ? before.expires_at_ms : expiry(operation));
      break;
    case TENON_APPEND: {
      const std::string value = before.value + std::string(operation.value);
      if (value.size() > operation.limit_bytes) {
        result.error = TENON_ERROR_TOO_LARGE;
        return result;
      }
      result.number = static_cast<std::int64_t>(value.size());
      write(operation, value, before.expires_at_ms);
      break;
    }
    case TENON_INCREMENT: {
      // The numbers of these tests are small.
      if (present && !is_number(before.value)) {
        result.error = TENON_ERROR_WRONG_TYPE;
        return result;
      }
      result.number = (present ? std::stoll(before.value) : 0) + operation.delta;
      write(operation, std::to_string(result.number), before.expires_at_ms);
      break;
    }
    case TENON_DELETE:
      if (!present) return result;
      items_.erase(std::string(operation.key));
      changed_ = true;
      result.number = 1;
      break;
    case TENON_DELETE_RANGE:
      remove_range(operation, result);
      return result;
    case TENON_EXPIRE:
      if (!present) return result;
      write(operation, before.value, expiry(operation));
      result.number = 1;
      break;
    default:
      if (!present || before.expires_at_ms == 0) return result;
      write(operation, before.value, 0);
      result.number = 1;
  }
  if (present && (operation.flags & TENON_WITH_PREVIOUS) != 0) {
    result.records.push_back(record(TENON_RECORD_PREVIOUS, std::string(operation.key), before));
  }
  return result;
}

void StoreModel::remove_range(const Operation& operation, Result& result) {
  std::string last;
  std::uint64_t seen = 0;
  for (auto at = items_.begin(); at != items_.end();) {
    const std::string key = at->first;
    const Item item = at->second;
    if (!in_range(operation, key) || (!operation.cursor.empty() && key <= cursor_key(operation.cursor))) {
      ++at;
      continue;
    }
    if (seen == operation.limit) {
      result.cursor = encode_cursor({revision_ + 1, last});
      return;
    }
    ++seen;
    last = key;
    if (!is_live(item)) {
      ++at;
      continue;
    }
    if ((operation.flags & TENON_WITH_PREVIOUS) != 0) {
      result.records.push_back(record(TENON_RECORD_PREVIOUS, key, item));
    }
    at = items_.erase(at);
    changed_ = true;
    ++result.number;
  }
}

Result StoreModel::scan(const Operation& operation) const {
  Result result;
  const std::uint64_t wanted = operation.revision != 0 || operation.cursor.empty()
                                   ? operation.revision
                                   : decode_cursor(operation.cursor)->revision;
  const std::uint64_t also = operation.cursor.empty() ? 0 : decode_cursor(operation.cursor)->revision;
  for (const std::uint64_t revision : {wanted, also}) {
    if (revision == 0 || revision == revision_ || result.error != TENON_OK) continue;
    result.error = revision < revision_ ? TENON_ERROR_COMPACTED : TENON_ERROR_INVALID;
  }
  if (result.error != TENON_OK) return result;
  std::vector<std::pair<std::string, Item>> order(items_.begin(), items_.end());
  const bool backward = (operation.flags & TENON_SCAN_BACKWARD) != 0;
  if (backward) std::reverse(order.begin(), order.end());
  std::uint64_t size = 0;
  std::string last;
  for (const auto& [key, item] : order) {
    if (!in_range(operation, key)) continue;
    if (!operation.cursor.empty()) {
      const std::string_view passed = cursor_key(operation.cursor);
      if (backward ? key >= passed : key <= passed) continue;
    }
    const bool matches = (operation.flags & TENON_SCAN_MATCH) == 0 || match(operation.value, key);
    if (!is_live(item) || !matches) {
      last = key;
      continue;
    }
    Record taken = record(TENON_RECORD_CURRENT, key, item);
    if ((operation.flags & TENON_SCAN_KEYS) != 0) taken.value.clear();
    const bool counts = (operation.flags & TENON_SCAN_COUNT) != 0;
    size += counts ? 0 : taken.key.size() + taken.value.size();
    const auto count = static_cast<std::uint64_t>(result.number);
    if (count == operation.limit || (count > 0 && size > operation.limit_bytes)) {
      result.cursor = encode_cursor({revision_, last});
      break;
    }
    ++result.number;
    last = key;
    if (!counts) result.records.push_back(taken);
  }
  return result;
}

std::string text(const Reply& reply) {
  std::string all = "otherwise " + std::to_string(reply.took_otherwise) + " expired " +
                    std::to_string(reply.session_expired) + " revision " + std::to_string(reply.revision) + " time " +
                    std::to_string(reply.cluster_time_ms);
  for (const Result& result : reply.results) {
    all += "\nresult " + std::to_string(result.error) + " number " + std::to_string(result.number) + " cursor '" +
           result.cursor + "'";
    for (const Record& record : result.records) {
      all += "\n  " + std::to_string(record.kind) + " '" + record.key + "' = '" + record.value + "' " +
             std::to_string(record.created) + " " + std::to_string(record.modified) + " " +
             std::to_string(record.version) + " " + std::to_string(record.expires_at_ms);
    }
  }
  return all;
}

}  // namespace tenon::kv
