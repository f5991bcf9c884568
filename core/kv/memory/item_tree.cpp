// SPDX-License-Identifier: MIT
#include "item_tree.hpp"

#include <algorithm>
#include <utility>

#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

// Below it a node looks for a neighbour to join; together they may have so many that the next change splits them not
// again.
constexpr std::size_t kSlotsFew = kSlots / 4;
constexpr std::size_t kSlotsJoined = kSlots * 3 / 4;

}  // namespace

const Item* TreeView::find(std::string_view key) const noexcept {
  const Node* node = root_;
  if (node == nullptr) return nullptr;
  while (!node->is_leaf()) node = inner(*node).children[child_slot(*node, key)];
  const Position position = kv::find(*node, key);
  return position.found ? node->items[position.slot] : nullptr;
}

void TreeWalk::push(const Node* node, std::size_t slot) noexcept { path_[levels_++] = {node, slot}; }

void TreeWalk::descend_first(const Node* node) noexcept {
  for (; !node->is_leaf(); node = inner(*node).children[0]) push(node, 0);
  push(node, 0);
}

void TreeWalk::descend_last(const Node* node) noexcept {
  for (; !node->is_leaf(); node = inner(*node).children[node->count - 1u]) push(node, node->count - 1u);
  push(node, node->count - 1u);
}

void TreeWalk::to_first() noexcept {
  levels_ = 0;
  if (root_ != nullptr) descend_first(root_);
}

void TreeWalk::to_last() noexcept {
  levels_ = 0;
  if (root_ != nullptr) descend_last(root_);
}

void TreeWalk::to_at_least(std::string_view key) noexcept {
  levels_ = 0;
  if (root_ == nullptr) return;
  const Node* node = root_;
  while (!node->is_leaf()) {
    const std::size_t slot = child_slot(*node, key);
    push(node, slot);
    node = inner(*node).children[slot];
  }
  const Position position = kv::find(*node, key);
  if (position.slot < node->count) return push(node, position.slot);
  push(node, node->count - 1u);
  forward();
}

void TreeWalk::to_below(std::string_view key) noexcept {
  to_at_least(key);
  if (levels_ == 0) {
    to_last();
  } else {
    backward();
  }
}

void TreeWalk::forward() noexcept {
  while (levels_ > 0) {
    Step& step = path_[levels_ - 1];
    if (++step.slot < step.node->count) {
      if (!step.node->is_leaf()) descend_first(inner(*step.node).children[step.slot]);
      return;
    }
    --levels_;
  }
}

void TreeWalk::backward() noexcept {
  while (levels_ > 0) {
    Step& step = path_[levels_ - 1];
    if (step.slot > 0) {
      --step.slot;
      if (!step.node->is_leaf()) descend_last(inner(*step.node).children[step.slot]);
      return;
    }
    --levels_;
  }
}

ItemTree::~ItemTree() {
  if (root_ != nullptr) free_tree(root_);
}

void ItemTree::look_ahead(std::span<const std::string_view> keys) noexcept {
  ahead_.places = kv::look_ahead(root_, keys);
  ahead_.shape = shape_;
  ahead_.next = 0;
  ahead_.count = keys.size();
  std::transform(keys.begin(), keys.end(), ahead_.keys.begin(), [](std::string_view key) { return key.data(); });
}

// Another key may have come to the same address since; only that of the item tells.
const Item* ItemTree::recall(std::string_view key, LikelyPlace& place) noexcept {
  if (ahead_.shape != shape_) return nullptr;
  const auto end = ahead_.keys.begin() + ahead_.count;
  const auto found = std::find(ahead_.keys.begin() + ahead_.next, end, key.data());
  if (found == end) return nullptr;
  const auto at = static_cast<std::size_t>(found - ahead_.keys.begin());
  ahead_.next = at + 1;
  place = ahead_.places[at];
  if (place.leaf == nullptr) return nullptr;
  const Item* const item = place.leaf->items[place.slot];
  return item->key() == key ? item : nullptr;
}

Place ItemTree::locate(std::string_view key) noexcept {
  LikelyPlace likely;
  if (const Item* const item = recall(key, likely)) return {likely.leaf, likely.slot, item};
  Node* node = root_;
  if (node == nullptr) return {};
  while (!node->is_leaf()) node = inner(*node).children[child_slot(*node, key)];
  const Position position = kv::find(*node, key);
  return {node, position.slot, position.found ? node->items[position.slot] : nullptr};
}

OwnedItem ItemTree::put(OwnedItem owned, const Place& at) {
  // An inner node knows the first item of each leaf, and a pin may see what is of an earlier generation.
  const bool is_alone = at.item != nullptr && at.slot > 0 && at.leaf->generation == retirement_.generation();
  if (!is_alone) return put(std::move(owned));
  TENON_CHECK(at.leaf->items[at.slot] == at.item);
  at.leaf->items[at.slot] = owned.release();
  return OwnedItem(at.item);
}

OwnedItem ItemTree::put(OwnedItem owned) {
  if (root_ == nullptr) root_ = make_node(0, retirement_.generation());
  const Item* const item = owned.release();
  const Item* before = nullptr;
  Node* const sibling = put_below(root_, item, before);
  if (sibling != nullptr) {
    Node* const top = make_node(static_cast<std::uint8_t>(root_->level + 1), retirement_.generation());
    insert_slot(*top, 0, root_->items[0], root_);
    insert_slot(*top, 1, sibling->items[0], sibling);
    root_ = top;
    ++shape_;
  }
  if (before == nullptr) ++size_;
  return OwnedItem(before);
}

OwnedItem ItemTree::erase(std::string_view key) {
  // Nothing is copied for a key that is not there.
  if (find(key) == nullptr) return nullptr;
  ++shape_;
  const Item* const before = erase_below(root_, key);
  --size_;
  if (root_->count == 0) {
    drop(root_);
    root_ = nullptr;
  } else if (!root_->is_leaf() && root_->count == 1) {
    Node* const top = root_;
    root_ = inner(*top).children[0];
    drop(top);
  }
  return OwnedItem(before);
}

// The node for a change: as it is, or a copy when a pin may see it.
Node& ItemTree::own(Node*& place) {
  if (place->generation != retirement_.generation()) {
    const Node* const old = place;
    place = copy_node(*old, retirement_.generation());
    retirement_.retire(old);
    ++shape_;
  }
  return *place;
}

// Returns the new neighbour to the right when the node had to be split, else null.
Node* ItemTree::put_below(Node*& place, const Item* item, const Item*& before) {
  Node& node = own(place);
  if (node.is_leaf()) {
    const Position position = kv::find(node, item->key());
    if (!position.found) return insert(node, position.slot, item, nullptr);
    before = node.items[position.slot];
    replace_item(node, position.slot, item);
    return nullptr;
  }
  const std::size_t slot = child_slot(node, item->key());
  Node*& child = inner(node).children[slot];
  Node* const sibling = put_below(child, item, before);
  if (child->items[0] != node.items[slot]) replace_item(node, slot, child->items[0]);
  if (sibling == nullptr) return nullptr;
  return insert(node, slot + 1, sibling->items[0], sibling);
}

Node* ItemTree::insert(Node& node, std::size_t slot, const Item* item, Node* child) {
  ++shape_;
  if (node.count < kSlots) {
    insert_slot(node, slot, item, child);
    return nullptr;
  }
  Node* const right = make_node(node.level, retirement_.generation());
  // Keys that come in order leave full nodes behind them.
  const std::size_t middle = slot == kSlots ? kSlots : kSlots / 2;
  move_slots(node, middle, *right);
  if (slot <= middle && middle != kSlots) {
    insert_slot(node, slot, item, child);
  } else {
    insert_slot(*right, slot - middle, item, child);
  }
  return right;
}

const Item* ItemTree::erase_below(Node*& place, std::string_view key) {
  Node& node = own(place);
  if (node.is_leaf()) {
    const Position position = kv::find(node, key);
    TENON_CHECK(position.found);
    const Item* const before = node.items[position.slot];
    remove_slot(node, position.slot);
    return before;
  }
  const std::size_t slot = child_slot(node, key);
  Node*& child = inner(node).children[slot];
  const Item* const before = erase_below(child, key);
  if (child->count == 0) {
    drop(child);
    remove_slot(node, slot);
    return before;
  }
  if (child->items[0] != node.items[slot]) replace_item(node, slot, child->items[0]);
  if (child->count < kSlotsFew) mend(inner(node), slot);
  return before;
}

// Joins a child that has few slots with a neighbour, when both fit well into one.
void ItemTree::mend(InnerNode& parent, std::size_t slot) {
  if (parent.count == 1) return;
  const std::size_t left = slot == 0 ? 0 : slot - 1;
  const std::size_t right = left + 1;
  if (parent.children[left]->count + std::size_t{parent.children[right]->count} > kSlotsJoined) return;
  Node& target = own(parent.children[left]);
  // What the right one has below it goes over; were it not copied, a pin would see it empty.
  Node& source = own(parent.children[right]);
  move_slots(source, 0, target);
  drop(&source);
  remove_slot(parent, right);
}

void ItemTree::drop(Node* node) { retirement_.retire(node); }

}  // namespace tenon::kv
