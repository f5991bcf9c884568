// SPDX-License-Identifier: MIT
// The nodes of an ordered tree of items. Every leaf has the same depth. A leaf holds items; an inner node holds its
// children, and of each the first item below it, which the search goes by.
//
// To compare a key with an item costs a miss of the cache. So a node holds what its keys have in common, once, and of
// each key the eight bytes that follow it (its window); only keys with equal windows are compared in full.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "item.hpp"

namespace tenon::kv {

inline constexpr std::size_t kSlots = 64;      // of a node
inline constexpr std::size_t kSearchStep = 8;  // its root
inline constexpr std::uint64_t kNoWindow = ~std::uint64_t{0};
inline constexpr std::size_t kCommonMax = 24;  // bytes of a common beginning that a node uses
inline constexpr std::size_t kLevelsMax = 16;  // a tree of half full nodes would have 32^16 items

struct Node {
  std::uint64_t generation = 0;   // in which it was made
  std::uint16_t count = 0;        // <= kSlots; > 0 in a tree
  std::uint8_t level = 0;         // 0: a leaf; < kLevelsMax
  std::uint8_t common_bytes = 0;  // <= kCommonMax; every key below begins with so many bytes of common
  std::array<char, kCommonMax> common;
  std::array<std::uint64_t, kSlots> windows;  // ascending; of the keys of items, and behind them kNoWindow
  std::array<const Item*, kSlots> items;      // ascending by key; of an inner node: the first item of each child

  bool is_leaf() const noexcept { return level == 0; }
  std::string_view common_beginning() const noexcept { return {common.data(), common_bytes}; }
};

struct InnerNode : Node {
  std::array<Node*, kSlots> children;  // each of the level below
};

// Where a key is in a node, or would be.
struct Position {
  std::size_t slot = 0;  // of the first item whose key is not less; <= count
  bool found = false;    // its key is equal
};
Position find(const Node& node, std::string_view key) noexcept;
// The child that a key is below of. Needs: an inner node.
std::size_t child_slot(const Node& node, std::string_view key) noexcept;

// What both look at in the node itself, from its beginning on; at items they look where windows are equal.
inline constexpr std::size_t kSearchedBytes = offsetof(Node, items);
// The slot where find() finds the key, if it is there; < count in any case. Looks at items only where windows are
// shared.
std::size_t likely_slot(const Node& node, std::string_view key) noexcept;

inline const InnerNode& inner(const Node& node) noexcept { return static_cast<const InnerNode&>(node); }
inline InnerNode& inner(Node& node) noexcept { return static_cast<InnerNode&>(node); }

Node* make_node(std::uint8_t level, std::uint64_t generation);
Node* copy_node(const Node& node, std::uint64_t generation);
void free_node(const Node* node) noexcept;  // the node alone
// The node, everything below it, and its items.
void free_tree(const Node* node) noexcept;

// These change one node. `child` is null for a leaf.
void insert_slot(Node& node, std::size_t slot, const Item* item, Node* child);
void remove_slot(Node& node, std::size_t slot) noexcept;
// Puts another item in the place of one; its key stands in the same order to the others.
void replace_item(Node& node, std::size_t slot, const Item* item) noexcept;
// Moves the slots from `slot` on to the end of `to`, which is of the same level. Needs: they are greater, and fit.
void move_slots(Node& from, std::size_t slot, Node& to) noexcept;

}  // namespace tenon::kv
