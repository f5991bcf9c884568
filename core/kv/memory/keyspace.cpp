// SPDX-License-Identifier: MIT
#include "keyspace.hpp"

#include <utility>

namespace tenon::kv {

OwnedItem Keyspace::put(OwnedItem item) {
  const Item& added = *item;
  return account(added, tree_.put(std::move(item)));
}

OwnedItem Keyspace::put(OwnedItem item, const Place& at) {
  const Item& added = *item;
  return account(added, tree_.put(std::move(item), at));
}

OwnedItem Keyspace::account(const Item& added, OwnedItem before) {
  // First the old one: the index may not be able to tell the two apart.
  if (before != nullptr) subtract(*before);
  add(added);
  return before;
}

OwnedItem Keyspace::erase(std::string_view key) {
  OwnedItem before = tree_.erase(key);
  if (before != nullptr) subtract(*before);
  return before;
}

void Keyspace::add(const Item& item) {
  if (item.expires_at_ms != 0) by_expiry_.insert(&item);
  hash_ += item.hash;
  encoded_bytes_ += kv::encoded_bytes(item);
}

void Keyspace::subtract(const Item& item) {
  if (item.expires_at_ms != 0) by_expiry_.erase(&item);
  hash_ -= item.hash;
  encoded_bytes_ -= kv::encoded_bytes(item);
}

}  // namespace tenon::kv
