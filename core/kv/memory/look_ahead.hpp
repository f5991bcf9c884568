// SPDX-License-Identifier: MIT
// Where a key lies in the tree is found by one load after the other, of which most miss the cache. Of many keys the
// loads at the same depth can be under way side by side, so that together they take little longer than one.
#pragma once

#include <span>
#include <string_view>

#include "item_tree.hpp"

namespace tenon::kv {

// How many keys are looked for at once: their leaves and items fit into the nearest caches together.
inline constexpr std::size_t kKeysAhead = 32;

// Asks the processor to load what finding these keys will look at, and the items with them. Changes nothing, and what
// it asks for may turn out not to be needed. Needs: at most kKeysAhead keys.
void look_ahead(TreeView tree, std::span<const std::string_view> keys) noexcept;

}  // namespace tenon::kv
