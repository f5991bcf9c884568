// SPDX-License-Identifier: MIT
#include "look_ahead.hpp"

#include <array>

#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

constexpr std::size_t kLineBytes = 64;
// Of an item: its numbers, a key and a value of a few hundred bytes. The processor itself goes on with a longer one.
constexpr std::size_t kItemBytesAhead = 384;

void load(const void* address, std::size_t bytes) noexcept {
  const char* const first = static_cast<const char*>(address);
  for (std::size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(first + at);
}

}  // namespace

void look_ahead(TreeView tree, std::span<const std::string_view> keys) noexcept {
  TENON_CHECK(keys.size() <= kKeysAhead);
  if (tree.root() == nullptr) return;
  std::array<const Node*, kKeysAhead> nodes;
  nodes.fill(tree.root());
  for (std::size_t level = tree.root()->level; level > 0; --level) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      nodes[i] = inner(*nodes[i]).children[child_slot(*nodes[i], keys[i])];
      load(nodes[i], kSearchedBytes);
    }
  }
  std::array<const Item* const*, kKeysAhead> places;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    places[i] = &nodes[i]->items[likely_slot(*nodes[i], keys[i])];
    load(places[i], 1);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) load(*places[i], kItemBytesAhead);
}

}  // namespace tenon::kv
