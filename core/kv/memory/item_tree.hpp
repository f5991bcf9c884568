// SPDX-License-Identifier: MIT
// The ordered tree of items, which is pinned in O(1): nodes made since the last pin are changed in place, older ones
// are copied on the way from the root to the change, and what is replaced goes to the retirement.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "look_ahead.hpp"
#include "retirement.hpp"
#include "tree_node.hpp"

namespace tenon::kv {

// The items below a root, as long as nobody changes nodes that it reaches.
class TreeView {
 public:
  explicit TreeView(const Node* root) noexcept : root_(root) {}
  const Item* find(std::string_view key) const noexcept;  // null: there is none
  const Node* root() const noexcept { return root_; }

 private:
  const Node* root_;  // null: no items
};

// A place among the items of a view; null when it has left them at either end, from where it does not return.
class TreeWalk {
 public:
  explicit TreeWalk(TreeView view) noexcept : root_(view.root()) {}

  void to_first() noexcept;
  void to_last() noexcept;
  void to_at_least(std::string_view key) noexcept;  // the first item that is not less
  void to_below(std::string_view key) noexcept;     // the last item that is less
  const Item* item() const noexcept { return levels_ == 0 ? nullptr : leaf().node->items[leaf().slot]; }
  // Need: item() is not null.
  void forward() noexcept;
  void backward() noexcept;

 private:
  struct Step {
    const Node* node;
    std::size_t slot;  // < node->count
  };
  const Step& leaf() const noexcept { return path_[levels_ - 1]; }
  void descend_first(const Node* node) noexcept;
  void descend_last(const Node* node) noexcept;
  void push(const Node* node, std::size_t slot) noexcept;

  const Node* root_;
  std::array<Step, kLevelsMax> path_;  // from the root to a leaf
  std::size_t levels_ = 0;             // of path_; 0: at no item
};

// What ItemTree::locate() has found, until the tree changes.
struct Place {
  Node* leaf = nullptr;        // null: the tree is empty
  std::size_t slot = 0;        // where the key is in the leaf, or would be
  const Item* item = nullptr;  // null: there is none with the key
};

// Owns the items that are in it. Not for concurrent use.
class ItemTree {
 public:
  explicit ItemTree(Retirement& retirement) noexcept : retirement_(retirement) {}
  ItemTree(const ItemTree&) = delete;
  ItemTree& operator=(const ItemTree&) = delete;
  ~ItemTree();

  TreeView view() const noexcept { return TreeView(root_); }
  const Item* find(std::string_view key) const noexcept { return view().find(key); }
  std::size_t size() const noexcept { return size_; }

  // Shortens the time that locate() takes for these keys, when it is called for them next, in this order: they are
  // looked for side by side, and where they were is remembered by the address of each key. Needs: at most kKeysAhead.
  void look_ahead(std::span<const std::string_view> keys) noexcept;
  Place locate(std::string_view key) noexcept;

  // Puts the item in the place of the one with its key and returns that, which is the caller's then; null: there was
  // none.
  OwnedItem put(OwnedItem item);
  // The same. Needs: what locate() has found for the item's key, and no change since.
  OwnedItem put(OwnedItem item, const Place& at);
  // Takes out the item with the key; null: there was none.
  OwnedItem erase(std::string_view key);

 private:
  Node& own(Node*& place);
  Node* put_below(Node*& place, const Item* item, const Item*& before);
  Node* insert(Node& node, std::size_t slot, const Item* item, Node* child);
  const Item* erase_below(Node*& place, std::string_view key);
  void mend(InnerNode& parent, std::size_t slot);
  void drop(Node* node);

  // What look_ahead() remembers; of use while shape is that of the tree.
  struct Ahead {
    std::uint64_t shape = 0;
    std::size_t next = 0;   // <= count; those before it were asked for
    std::size_t count = 0;  // <= kKeysAhead
    std::array<const char*, kKeysAhead> keys;
    std::array<LikelyPlace, kKeysAhead> places;
  };
  // The item with the key, if it is where it was looked for; null: that is to be found out.
  const Item* recall(std::string_view key, LikelyPlace& place) noexcept;

  Retirement& retirement_;
  Node* root_ = nullptr;  // null: no items
  std::size_t size_ = 0;
  std::uint64_t shape_ = 1;  // another one since a node came, went or got other slots than it had
  Ahead ahead_;
};

}  // namespace tenon::kv
