// SPDX-License-Identifier: MIT
// What commands read of a state, be it the store's own or that of a snapshot. A key whose expiry has come is absent.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "item_tree.hpp"
#include "kv/command.hpp"
#include "kv/glob.hpp"
#include "kv/reply.hpp"

namespace tenon::kv {

struct View {
  TreeView tree;
  std::uint64_t revision = 0;
  std::uint64_t cluster_time_ms = 0;

  const Item* find(std::string_view key) const noexcept {
    const Item* const item = tree.find(key);
    return item == nullptr || item->expired(cluster_time_ms) ? nullptr : item;
  }
};

// What a command may still take: of its reply, and of time.
class Budget {
 public:
  bool has(std::size_t bytes) const noexcept { return bytes <= left_; }
  // False: it has not so much, and gives nothing.
  bool take(std::size_t bytes) noexcept {
    if (!has(bytes)) return false;
    left_ -= bytes;
    return true;
  }
  std::size_t taken() const noexcept { return kReplyBytesMax - left_; }

  // Whether a key matches, within what is left for all patterns of the command; nullopt: that was not enough to tell.
  std::optional<bool> matches(const Glob& glob, std::string_view key) noexcept {
    return glob.matches(key, match_steps_left_);
  }

 private:
  std::size_t left_ = kReplyBytesMax;
  std::size_t match_steps_left_ = kMatchStepsMax;
};

inline Range range_of(const Operation& operation) {
  return range_of(operation.flags, operation.key, operation.range_end);
}

Record record(std::uint32_t kind, const Item& item);

bool changes(const Operation& operation) noexcept;
// The operations that are to run: those of the branch that the compares choose.
const std::vector<Operation>& choose_branch(const View& view, const Command& command, Reply& reply);
// To be called with each operation before it is run: now and then it has `look_ahead` take the keys of those that come,
// at most kKeysAhead. Needs: `next` is one of them.
template <class LookAhead>
void look_ahead_from(const Operation& next, const std::vector<Operation>& operations, LookAhead look_ahead) {
  const std::span<const Operation> rest(&next, operations.data() + operations.size());
  if (operations.size() < 2 || (operations.size() - rest.size()) % kKeysAhead != 0) return;
  std::array<std::string_view, kKeysAhead> keys;
  const auto soon = rest.first(std::min(rest.size(), kKeysAhead));
  std::transform(soon.begin(), soon.end(), keys.begin(), [](const Operation& operation) { return operation.key; });
  look_ahead(std::span<const std::string_view>(keys.data(), soon.size()));
}
// Needs: an operation that only reads.
void read_one(const View& view, const Operation& operation, Budget& budget, Result& result);
// None of the operations is in force, so none may look as if it were.
void fail_all(tenon_error error, std::size_t operation_count, Reply& reply);
// Runs a command that only reads; when an operation fails all do, unless they are independent.
Reply read_all(const View& view, const Command& command);

}  // namespace tenon::kv
