// SPDX-License-Identifier: MIT
// All items of a store, with what follows from them: their order by expiry, the sum of their hashes, their size in an
// image. The snapshots share it with the store, and whoever is last to let go of it frees the memory.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "item_tree.hpp"

namespace tenon::kv {

// What became of a key.
struct KeyChange {
  std::uint32_t kind;  // TENON_RECORD_CURRENT, _DELETED or _EXPIRED
  OwnedItem before;    // null: there was none
  const Item* after;   // null unless kind is CURRENT
};

// Not for concurrent use; but what a pin sees, nobody changes.
class Keyspace {
 public:
  TreeView tree() const noexcept { return tree_.view(); }
  std::size_t size() const noexcept { return tree_.size(); }
  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t encoded_bytes() const noexcept { return encoded_bytes_; }

  // As in ItemTree. What they return is to be put in again, or retired; an item that was put in after the last pin may
  // also be freed.
  void look_ahead(std::span<const std::string_view> keys) noexcept { tree_.look_ahead(keys); }
  Place locate(std::string_view key) noexcept { return tree_.locate(key); }
  OwnedItem put(OwnedItem item);
  OwnedItem put(OwnedItem item, const Place& at);
  OwnedItem erase(std::string_view key);
  void retire(OwnedItem item) { retirement_.retire(item.release()); }

  // For the transaction that runs, of which there is one at a time; kept here for its memory.
  std::vector<KeyChange>& unsettled() noexcept { return unsettled_; }

  // The item that expires first, of those the one with the least key; null: none ever does.
  const Item* first_to_expire() const noexcept { return by_expiry_.empty() ? nullptr : *by_expiry_.begin(); }

  std::shared_ptr<Pin> pin(std::uint64_t revision) { return retirement_.pin(revision); }
  Retired collect() { return retirement_.collect(); }

 private:
  struct ByExpiry {
    bool operator()(const Item* left, const Item* right) const noexcept {
      if (left->expires_at_ms != right->expires_at_ms) return left->expires_at_ms < right->expires_at_ms;
      return left->key() < right->key();
    }
  };

  OwnedItem account(const Item& added, OwnedItem before);
  void add(const Item& item);
  void subtract(const Item& item);

  Retirement retirement_;
  ItemTree tree_{retirement_};
  std::set<const Item*, ByExpiry> by_expiry_;  // the items of tree_ that have an expiry
  std::uint64_t hash_ = 0;                     // sum over the items
  std::uint64_t encoded_bytes_ = 0;            // of all items
  std::vector<KeyChange> unsettled_;           // empty while no transaction runs
};

}  // namespace tenon::kv
