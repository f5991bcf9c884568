// SPDX-License-Identifier: MIT
#include "tree_node.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

// Eight bytes of the key behind the common beginning, so that windows compare as the keys do; zeros beyond its end.
// Keys of which one ends where the other has zeros have equal windows.
std::uint64_t window(std::string_view key, std::size_t common_bytes) noexcept {
  constexpr std::size_t kBytes = sizeof(std::uint64_t);
  const auto word_at = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data() + at, bytes);
    return __builtin_bswap64(word);
  };
  if (key.size() <= common_bytes) return 0;
  const std::size_t rest = key.size() - common_bytes;
  if (rest >= kBytes) return word_at(common_bytes, kBytes);
  // To copy fewer than all bytes of a word and then use it whole takes several times as long.
  if (key.size() >= kBytes) return word_at(key.size() - kBytes, kBytes) << 8 * (kBytes - rest);
  return word_at(common_bytes, rest);
}

// How many windows are less, in two steps of kSearchStep comparisons that wait for nothing: a search by halves takes
// fewer, but each waits for the one before, or for a branch of which every second is mispredicted.
std::size_t count_less(const Node& node, std::uint64_t wanted) noexcept {
  static_assert(kSearchStep * kSearchStep == kSlots);
  std::size_t steps = 0;
  for (std::size_t i = 0; i < kSearchStep; ++i) {
    steps += node.windows[i * kSearchStep + kSearchStep - 1] < wanted ? 1u : 0u;
  }
  const std::size_t begin = std::min(steps, kSearchStep - 1) * kSearchStep;
  std::size_t count = begin;
  for (std::size_t i = 0; i < kSearchStep; ++i) count += node.windows[begin + i] < wanted ? 1u : 0u;
  return count;
}

// Of slots that have no item.
void close_windows(Node& node) noexcept { std::fill(node.windows.begin() + node.count, node.windows.end(), kNoWindow); }

// Finds the common beginning again. Keys are in order, so what the first and the last have in common all have.
void renew_windows(Node& node) noexcept {
  close_windows(node);
  if (node.count == 0) return;
  const std::string_view first = node.items[0]->key();
  const std::string_view last = node.items[node.count - 1u]->key();
  const std::size_t most = std::min({first.size(), last.size(), kCommonMax});
  const auto differ = std::mismatch(first.begin(), first.begin() + most, last.begin());
  const auto common_bytes = static_cast<std::size_t>(differ.first - first.begin());
  node.common_bytes = static_cast<std::uint8_t>(common_bytes);
  if (common_bytes > 0) std::memcpy(node.common.data(), first.data(), common_bytes);
  for (std::size_t slot = 0; slot < node.count; ++slot)
    node.windows[slot] = window(node.items[slot]->key(), common_bytes);
}

template <class Element>
void open_gap(std::array<Element, kSlots>& elements, std::size_t slot, std::size_t count) noexcept {
  std::copy_backward(elements.begin() + slot, elements.begin() + count, elements.begin() + count + 1);
}
template <class Element>
void close_gap(std::array<Element, kSlots>& elements, std::size_t slot, std::size_t count) noexcept {
  std::copy(elements.begin() + slot + 1, elements.begin() + count, elements.begin() + slot);
}

}  // namespace

Position find(const Node& node, std::string_view key) noexcept {
  const int order = key.substr(0, node.common_bytes).compare(node.common_beginning());
  if (order != 0) return {order < 0 ? 0u : std::size_t{node.count}, false};
  const std::uint64_t wanted = window(key, node.common_bytes);
  // A key can have the window of a slot without an item.
  const std::size_t slot = std::min<std::size_t>(count_less(node, wanted), node.count);
  const auto* const at = node.windows.data() + slot;
  const auto* const end = node.windows.data() + node.count;
  if (at == end || *at != wanted) return {slot, false};
  const auto* run_end = at + 1;
  if (run_end != end && *run_end == wanted) run_end = std::upper_bound(run_end, end, wanted);
  const auto first = node.items.begin() + slot;
  const auto last = node.items.begin() + (run_end - node.windows.data());
  const auto found =
      std::lower_bound(first, last, key, [](const Item* item, std::string_view than) { return item->key() < than; });
  return {static_cast<std::size_t>(found - node.items.begin()), found != last && (*found)->key() == key};
}

std::size_t child_slot(const Node& node, std::string_view key) noexcept {
  const Position position = find(node, key);
  if (position.found || position.slot == 0) return position.slot;
  return position.slot - 1;
}

std::size_t likely_slot(const Node& node, std::string_view key) noexcept {
  const std::uint64_t wanted = window(key, node.common_bytes);
  std::size_t slot = std::min<std::size_t>(count_less(node, wanted), node.count - 1u);
  const bool is_shared = slot + 1 < node.count && node.windows[slot + 1] == wanted;
  if (is_shared) slot = std::min<std::size_t>(find(node, key).slot, node.count - 1u);
  return slot;
}

Node* make_node(std::uint8_t level, std::uint64_t generation) {
  TENON_CHECK(level < kLevelsMax);
  Node* const node = level == 0 ? new Node : new InnerNode;
  node->generation = generation;
  node->level = level;
  close_windows(*node);
  return node;
}

Node* copy_node(const Node& node, std::uint64_t generation) {
  Node* const copy = node.is_leaf() ? new Node(node) : new InnerNode(inner(node));
  copy->generation = generation;
  return copy;
}

void free_node(const Node* node) noexcept {
  if (node->is_leaf()) {
    delete node;
  } else {
    delete &inner(*node);
  }
}

void free_tree(const Node* node) noexcept {
  for (std::size_t slot = 0; slot < node->count; ++slot) {
    if (node->is_leaf()) {
      free_item(node->items[slot]);
    } else {
      free_tree(inner(*node).children[slot]);
    }
  }
  free_node(node);
}

void insert_slot(Node& node, std::size_t slot, const Item* item, Node* child) {
  TENON_CHECK(node.count < kSlots && slot <= node.count);
  open_gap(node.windows, slot, node.count);
  open_gap(node.items, slot, node.count);
  if (!node.is_leaf()) {
    open_gap(inner(node).children, slot, node.count);
    inner(node).children[slot] = child;
  }
  ++node.count;
  if (node.count == 1) {
    node.items[0] = item;
    renew_windows(node);
  } else {
    replace_item(node, slot, item);
  }
}

void remove_slot(Node& node, std::size_t slot) noexcept {
  close_gap(node.windows, slot, node.count);
  close_gap(node.items, slot, node.count);
  if (!node.is_leaf()) close_gap(inner(node).children, slot, node.count);
  --node.count;
  node.windows[node.count] = kNoWindow;
}

void replace_item(Node& node, std::size_t slot, const Item* item) noexcept {
  node.items[slot] = item;
  const std::string_view key = item->key();
  if (key.starts_with(node.common_beginning())) {
    node.windows[slot] = window(key, node.common_bytes);
  } else {
    renew_windows(node);
  }
}

void move_slots(Node& from, std::size_t slot, Node& to) noexcept {
  const std::size_t count = from.count - slot;
  TENON_CHECK(from.level == to.level && to.count + count <= kSlots);
  std::copy_n(from.items.begin() + slot, count, to.items.begin() + to.count);
  if (!from.is_leaf()) {
    std::copy_n(inner(from).children.begin() + slot, count, inner(to).children.begin() + to.count);
  }
  from.count = static_cast<std::uint16_t>(slot);
  to.count = static_cast<std::uint16_t>(to.count + count);
  renew_windows(from);
  renew_windows(to);
}

}  // namespace tenon::kv
