// SPDX-License-Identifier: MIT
// What a change takes out of the tree may still be seen by snapshots, and is freed when none of those is left.
//
// Model. Pins are numbered by the generation in which they were made. What is taken out was made at some time: the pins
// since then see it, up to the latest that there is now. So it is kept by the first and the last pin that see it. When
// a pin is released, what was seen by it alone is free; of the rest, its neighbours become first and last. So the cost
// of a release depends on the number of pins, and not on how much is kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kv/retired.hpp"
#include "tree_node.hpp"

namespace tenon::kv {

// Shared by the retirement and a snapshot, and the only thing that both of them write and read.
struct Pin {
  std::uint64_t generation = 0;
  std::uint64_t revision = 0;
  std::atomic<bool> released = false;  // the snapshot reads nothing from then on
};

// Takes elements one by one, and another of its kind whole, each in O(1).
template <class Element>
class Heap {
 public:
  bool empty() const noexcept { return parts_.empty(); }
  void push(Element element) {
    if (parts_.empty() || parts_.back().size() == kPartMax) parts_.emplace_back();
    parts_.back().push_back(element);
  }
  void take(Heap& other) noexcept { parts_.splice(parts_.end(), other.parts_); }
  template <class Visit>
  void for_each(Visit visit) const noexcept {
    for (const std::vector<Element>& part : parts_) {
      for (const Element element : part) visit(element);
    }
  }

 private:
  static constexpr std::size_t kPartMax = 512;
  std::list<std::vector<Element>> parts_;  // none of them empty
};

// Owns nodes, each without what is below it, and items.
struct RetiredParts {
  RetiredParts() = default;
  RetiredParts(RetiredParts&&) = default;
  RetiredParts& operator=(RetiredParts&&) = delete;
  ~RetiredParts();

  bool empty() const noexcept { return nodes.empty() && items.empty(); }
  void take(RetiredParts& other) noexcept;

  Heap<const Node*> nodes;
  Heap<const Item*> items;
};

// Not for concurrent use. At its end it frees what is left: no pin may be in use then.
class Retirement {
 public:
  // Of nodes that are made now. One more with each pin.
  std::uint64_t generation() const noexcept { return generation_; }
  std::shared_ptr<Pin> pin(std::uint64_t revision);

  // Takes what is no longer in the tree, and frees it at once when no pin sees it.
  void retire(const Node* node);
  void retire(const Item* item);
  // Takes note of the pins that were released.
  void settle();
  // What has become free since the last call.
  Retired collect();

  std::size_t pin_count() const noexcept { return pins_.size(); }

 private:
  using Pins = std::vector<std::shared_ptr<const Pin>>;
  using Span = std::pair<std::uint64_t, std::uint64_t>;  // generations of the first and the last pin that see it

  RetiredParts& seen_from(Pins::const_iterator first);
  void release(Pins::const_iterator pin);

  std::uint64_t generation_ = 1;
  Pins pins_;                          // ascending by generation, and by revision
  std::map<Span, RetiredParts> kept_;  // both generations are of pins_
  std::unique_ptr<RetiredParts> free_ = std::make_unique<RetiredParts>();
};

}  // namespace tenon::kv
