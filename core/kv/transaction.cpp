// SPDX-License-Identifier: MIT
#include "transaction.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "tenon/check.hpp"
#include "tenon/operation.hpp"

namespace tenon::kv {
namespace {

// For which the next transaction has room already.
constexpr std::size_t kStepsKept = 1024;

// The number that a value is in decimal, all of it.
std::optional<std::int64_t> parse_number(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Transaction::~Transaction() {
  TENON_CHECK(steps_.empty());
  if (steps_.capacity() > kStepsKept) std::vector<KeyChange>().swap(steps_);
}

ItemParts Transaction::successor(const Operation& operation, const Item* before) const noexcept {
  ItemParts parts;
  parts.key = operation.key;
  parts.created = before == nullptr ? next_revision() : before->created;
  parts.modified = next_revision();
  parts.version = before == nullptr ? 1 : before->version + 1;
  if (before != nullptr) {
    parts.value = before->value();
    parts.expires_at_ms = before->expires_at_ms;
  }
  return parts;
}

std::uint64_t Transaction::expiry(const Operation& operation) const noexcept {
  if (operation.expiry_ms == 0 || (operation.flags & TENON_EXPIRY_ABSOLUTE) != 0) return operation.expiry_ms;
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - cluster_time_ms_;
  return cluster_time_ms_ + std::min(operation.expiry_ms, most);
}

bool Transaction::show_previous(const Operation& operation, const Item* before, Budget& budget, Result& result) {
  if (before == nullptr || (operation.flags & TENON_WITH_PREVIOUS) == 0) return true;
  if (!budget.take(std::size_t{before->key_bytes} + before->value_bytes)) return false;
  result.records.push_back(record(TENON_RECORD_PREVIOUS, *before));
  return true;
}

void Transaction::write(const Operation& operation, const Found& found, const ItemParts& parts, Budget& budget,
                        Result& result) {
  if (!show_previous(operation, found.before, budget, result)) {
    result.error = TENON_ERROR_TOO_LARGE;
    result.number = 0;
    return;
  }
  OwnedItem item = make_item(parts);
  const Item* const after = item.get();
  steps_.push_back({TENON_RECORD_CURRENT, keyspace_.put(std::move(item), found.at), after});
}

void Transaction::remove(std::uint32_t kind, std::string_view key) {
  steps_.push_back({kind, keyspace_.erase(key), nullptr});
}

void Transaction::run(const Operation& operation, Budget& budget, Result& result) {
  const Place at = keyspace_.locate(operation.key);
  const bool is_there = at.item != nullptr && !at.item->expired(cluster_time_ms_);
  const Found found{at, is_there ? at.item : nullptr};
  const Item* const before = found.before;
  ItemParts parts = successor(operation, before);
  switch (operation.kind) {
    case TENON_PUT:
      parts.value = operation.value;
      if ((operation.flags & TENON_EXPIRY_KEEP) == 0) parts.expires_at_ms = expiry(operation);
      return write(operation, found, parts, budget, result);
    case TENON_APPEND:
      return append(operation, found, budget, result);
    case TENON_INCREMENT:
      return increment(operation, found, budget, result);
    case TENON_DELETE:
      return erase(operation, before, budget, result);
    case TENON_DELETE_RANGE:
      return erase_range(operation, budget, result);
    case TENON_EXPIRE:
      if (before == nullptr) return;
      result.number = 1;
      parts.expires_at_ms = expiry(operation);
      return write(operation, found, parts, budget, result);
    default:
      TENON_CHECK(operation.kind == TENON_PERSIST);
      if (before == nullptr || before->expires_at_ms == 0) return;
      result.number = 1;
      parts.expires_at_ms = 0;
      return write(operation, found, parts, budget, result);
  }
}

void Transaction::append(const Operation& operation, const Found& found, Budget& budget, Result& result) {
  ItemParts parts = successor(operation, found.before);
  const std::size_t length = parts.value.size() + operation.value.size();
  if (length > operation.limit_bytes) {
    result.error = TENON_ERROR_TOO_LARGE;
    return;
  }
  parts.value_end = operation.value;
  result.number = static_cast<std::int64_t>(length);
  write(operation, found, parts, budget, result);
}

void Transaction::increment(const Operation& operation, const Found& found, Budget& budget, Result& result) {
  const Item* const before = found.before;
  const std::optional<std::int64_t> number = before == nullptr ? 0 : parse_number(before->value());
  std::int64_t sum = 0;
  if (!number || __builtin_add_overflow(*number, operation.delta, &sum)) {
    result.error = TENON_ERROR_WRONG_TYPE;
    result.number = number.value_or(0);
    return;
  }
  std::array<char, 24> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), sum);
  ItemParts parts = successor(operation, before);
  parts.value = {text.data(), static_cast<std::size_t>(written.ptr - text.data())};
  result.number = sum;
  write(operation, found, parts, budget, result);
}

void Transaction::erase(const Operation& operation, const Item* before, Budget& budget, Result& result) {
  if (before == nullptr) return;
  if (!show_previous(operation, before, budget, result)) {
    result.error = TENON_ERROR_TOO_LARGE;
    return;
  }
  remove(TENON_RECORD_DELETED, operation.key);
  result.number = 1;
}

// Stops at its limit, or where the reply is full, with a cursor that says so. Each key is looked for anew: the tree has
// changed since the one before it.
void Transaction::erase_range(const Operation& operation, Budget& budget, Result& result) {
  const Range range = range_of(operation);
  const std::optional<Cursor> cursor = decode_cursor(operation.cursor);
  std::string at = range.first;
  if (cursor && cursor->key >= range.first) at = std::string(cursor->key) + '\0';  // the least key above it
  const std::uint64_t limit = std::min<std::uint64_t>(operation.limit, kOperationKeysMax);
  std::uint64_t seen = 0;
  std::string last;
  while (true) {
    TreeWalk walk(keyspace_.tree());
    walk.to_at_least(at);
    while (walk.item() != nullptr && walk.item()->expired(cluster_time_ms_) && seen < limit) {
      last = walk.item()->key();
      ++seen;
      walk.forward();
    }
    const Item* const item = walk.item();
    if (item == nullptr || !range.is_below_end(item->key())) return;
    const std::size_t previous = (operation.flags & TENON_WITH_PREVIOUS) == 0 ? 0 : item->key_bytes + item->value_bytes;
    // Room for a cursor is kept, should the next key not fit.
    const bool has_room = seen < limit && budget.has(previous + encoded_cursor_bytes(item->key()));
    if (!has_room || !show_previous(operation, item, budget, result)) {
      if (seen == 0) {
        result.error = TENON_ERROR_TOO_LARGE;
      } else {
        result.cursor = encode_cursor({next_revision(), last});
        budget.take(result.cursor.size());
      }
      return;
    }
    last = item->key();
    at = last;
    remove(TENON_RECORD_DELETED, last);
    ++result.number;
    ++seen;
  }
}

void Transaction::sweep(std::size_t keys_max) {
  for (std::size_t swept = 0; swept < keys_max; ++swept) {
    const Item* const item = keyspace_.first_to_expire();
    if (item == nullptr || !item->expired(cluster_time_ms_)) return;
    remove(TENON_RECORD_EXPIRED, item->key());
  }
}

void Transaction::tell(const KeyChange& step, ChangeSink& sink) const {
  const bool had_expired = step.before != nullptr && step.before->expired(cluster_time_ms_);
  const auto gone = [&](std::uint32_t kind) {
    Change change{kind, step.before->key(), {}, step.before->shown()};
    change.now.modified = next_revision();
    sink.append(change);
  };
  if (step.kind != TENON_RECORD_CURRENT) return gone(step.kind);
  // Who watches must not take what was created anew for a change of what had expired.
  if (had_expired) gone(TENON_RECORD_EXPIRED);
  Change change{TENON_RECORD_CURRENT, step.after->key(), step.after->shown(), std::nullopt};
  if (step.before != nullptr && !had_expired) change.previous = step.before->shown();
  sink.append(change);
}

void Transaction::settle(ChangeSink* sink) {
  if (sink != nullptr) {
    for (const KeyChange& step : steps_) tell(step, *sink);
  }
  for (KeyChange& step : steps_) {
    if (step.before != nullptr) keyspace_.retire(std::move(step.before));
  }
  changed_ = changed_ || !steps_.empty();
  steps_.clear();
}

std::uint64_t Transaction::commit(ChangeSink* sink) {
  settle(sink);
  return changed_ ? next_revision() : revision_;
}

void Transaction::undo() {
  // No pin was made since, so that what the steps put in can be freed at once.
  for (; !steps_.empty(); steps_.pop_back()) {
    KeyChange& step = steps_.back();
    if (step.before != nullptr) {
      keyspace_.put(std::move(step.before));
    } else {
      keyspace_.erase(step.after->key());
    }
  }
}

}  // namespace tenon::kv
