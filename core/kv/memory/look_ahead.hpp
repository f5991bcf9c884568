// SPDX-License-Identifier: MIT
// Where a key lies in the tree is found by one load after the other, of which most miss the cache. Of many keys the
// loads at the same depth can be under way side by side, so that together they take little longer than one.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "tree_node.hpp"

namespace tenon::kv {

// How many keys are looked for at once: their leaves and items fit into the nearest caches together.
inline constexpr std::size_t kKeysAhead = 32;

// The only slot where a key can be, if it is there at all.
struct LikelyPlace {
  Node* leaf = nullptr;  // null: nobody has looked, for the root is a leaf
  std::size_t slot = 0;  // < leaf->count
};

// Asks the processor to load what finding these keys below the root (null: there are none) will look at, and the items
// with them, and returns where each was looked for. Changes nothing, and what it asks for may turn out not to be
// needed. Needs: at most kKeysAhead keys.
std::array<LikelyPlace, kKeysAhead> look_ahead(const Node* root, std::span<const std::string_view> keys) noexcept;

}  // namespace tenon::kv
