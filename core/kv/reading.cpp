// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "look_ahead.hpp"
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

bool holds(const View& view, const Compare& compare) {
  const Item* const item = view.find(compare.key);
  if (compare.what == TENON_COMPARE_VALUE) {
    if (item == nullptr) return compare.relation == TENON_NOT_EQUAL;
    return stands(item->value(), compare.relation, compare.value);
  }
  std::uint64_t number = 0;
  if (item != nullptr) {
    number = compare.what == TENON_COMPARE_VERSION   ? item->version
             : compare.what == TENON_COMPARE_CREATED ? item->created
                                                     : item->modified;
  }
  return stands(number, compare.relation, compare.number);
}

// Whether this is the state that an operation wants to read; 0: any.
tenon_error check_revision(const View& view, std::uint64_t revision) noexcept {
  if (revision == 0 || revision == view.revision) return TENON_OK;
  return revision < view.revision ? TENON_ERROR_COMPACTED : TENON_ERROR_INVALID;
}

void get(const View& view, const Operation& operation, Budget& budget, Result& result) {
  result.error = check_revision(view, operation.revision);
  const Item* const item = view.find(operation.key);
  if (result.error != TENON_OK || item == nullptr) return;
  if (!budget.take(std::size_t{item->key_bytes} + item->value_bytes)) {
    result.error = TENON_ERROR_TOO_LARGE;
    return;
  }
  result.records.push_back(record(TENON_RECORD_CURRENT, *item));
}

// Walks the keys of a range in the direction of the scan, from where its cursor stands.
class ScanWalk {
 public:
  ScanWalk(const View& view, const Range& range, bool backward, const std::optional<Cursor>& cursor)
      : walk_(view.tree), range_(range), backward_(backward) {
    // A cursor of another range must not lead out of this one.
    if (backward_) {
      if (cursor && range_.is_below_end(cursor->key)) {
        walk_.to_below(cursor->key);
      } else if (range_.end.empty()) {
        walk_.to_last();
      } else {
        walk_.to_below(range_.end);
      }
      return;
    }
    const bool goes_on = cursor && cursor->key >= range_.first;
    walk_.to_at_least(goes_on ? cursor->key : range_.first);
    if (goes_on && walk_.item() != nullptr && walk_.item()->key() == cursor->key) walk_.forward();
  }

  // Null: the end of the range is reached.
  const Item* item() const noexcept {
    const Item* const item = walk_.item();
    if (item == nullptr) return nullptr;
    const bool inside = backward_ ? item->key() >= range_.first : range_.is_below_end(item->key());
    return inside ? item : nullptr;
  }
  void advance() noexcept { return backward_ ? walk_.backward() : walk_.forward(); }

 private:
  TreeWalk walk_;
  const Range range_;
  const bool backward_;
};

// The part of a range in which keys can match.
Range narrowed(Range range, const std::optional<Glob>& glob) {
  if (!glob || glob->literal_prefix().empty()) return range;
  const std::string end = prefix_end(glob->literal_prefix());
  range.first = std::max(range.first, glob->literal_prefix());
  if (range.end.empty() || (!end.empty() && end < range.end)) range.end = end;
  return range;
}

void scan(const View& view, const Operation& operation, Budget& budget, Result& result) {
  const bool keys_only = (operation.flags & TENON_SCAN_KEYS) != 0;
  const bool count_only = (operation.flags & TENON_SCAN_COUNT) != 0;
  const std::optional<Cursor> cursor = decode_cursor(operation.cursor);
  result.error = check_revision(view, operation.revision);
  if (result.error == TENON_OK && cursor) result.error = check_revision(view, cursor->revision);
  if (result.error != TENON_OK) return;
  std::optional<Glob> glob;
  if ((operation.flags & TENON_SCAN_MATCH) != 0) {
    glob = Glob::parse(operation.value);
    TENON_CHECK(glob.has_value());
  }
  const bool backward = (operation.flags & TENON_SCAN_BACKWARD) != 0;
  std::uint64_t count = 0;
  std::uint64_t passed = 0;  // keys that are absent or do not match; at most kOperationKeysMax
  std::size_t bytes_used = 0;
  const Item* last_seen = nullptr;
  for (ScanWalk walk(view, narrowed(range_of(operation), glob), backward, cursor); const Item* const item = walk.item();
       walk.advance()) {
    std::optional<bool> wanted = !item->expired(view.cluster_time_ms);
    if (*wanted && glob) wanted = budget.matches(*glob, item->key());
    const bool is_passed = wanted.has_value() && !*wanted;
    if (is_passed && passed < kOperationKeysMax) {
      ++passed;
      last_seen = item;
      continue;
    }
    const std::size_t size = count_only ? 0 : item->key_bytes + (keys_only ? std::size_t{0} : item->value_bytes);
    const bool full =
        is_passed || !wanted || count == operation.limit || (count > 0 && bytes_used + size > operation.limit_bytes);
    // Room for a cursor is kept, should the next record not fit.
    if (full || !budget.has(size + encoded_cursor_bytes(item->key()))) {
      // Without one key there would be no progress, and the client would ask the same for ever.
      if (last_seen == nullptr) {
        result.error = TENON_ERROR_TOO_LARGE;
      } else {
        result.cursor = encode_cursor({view.revision, last_seen->key()});
        budget.take(result.cursor.size());
      }
      break;
    }
    last_seen = item;
    ++count;
    bytes_used += size;
    budget.take(size);
    if (count_only) continue;
    Record& taken = result.records.emplace_back(Record{TENON_RECORD_CURRENT,
                                                       std::string(item->key()),
                                                       {},
                                                       item->created,
                                                       item->modified,
                                                       item->version,
                                                       item->expires_at_ms});
    if (!keys_only) taken.value = item->value();
  }
  result.number = static_cast<std::int64_t>(count);
}

}  // namespace

Record record(std::uint32_t kind, const Item& item) {
  return {kind,         std::string(item.key()), std::string(item.value()), item.created, item.modified,
          item.version, item.expires_at_ms};
}

bool changes(const Operation& operation) noexcept { return changes_keyspace(operation.kind); }

const std::vector<Operation>& choose_branch(const View& view, const Command& command, Reply& reply) {
  const auto& compares = command.compares;
  reply.took_otherwise =
      !std::all_of(compares.begin(), compares.end(), [&view](const Compare& compare) { return holds(view, compare); });
  return reply.took_otherwise ? command.otherwise : command.operations;
}

void read_one(const View& view, const Operation& operation, Budget& budget, Result& result) {
  TENON_CHECK(operation.kind == TENON_GET || operation.kind == TENON_SCAN);
  if (operation.kind == TENON_GET) {
    get(view, operation, budget, result);
  } else {
    scan(view, operation, budget, result);
  }
}

void fail_all(tenon_error error, std::size_t operation_count, Reply& reply) {
  reply.results.assign(operation_count, Result{error, {}, 0, {}});
}

Reply read_all(const View& view, const Command& command) {
  Reply reply;
  Budget budget;
  const std::vector<Operation>& operations = choose_branch(view, command, reply);
  reply.results.reserve(operations.size());
  for (const Operation& operation : operations) {
    look_ahead_from(operation, operations,
                    [&](std::span<const std::string_view> keys) { kv::look_ahead(view.tree.root(), keys); });
    Result& result = reply.results.emplace_back();
    read_one(view, operation, budget, result);
    if (result.error == TENON_OK || command.independent) continue;
    fail_all(result.error, operations.size(), reply);
    break;
  }
  reply.revision = view.revision;
  reply.cluster_time_ms = view.cluster_time_ms;
  reply.bytes = budget.taken();
  return reply;
}

}  // namespace tenon::kv
