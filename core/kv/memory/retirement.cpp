// SPDX-License-Identifier: MIT
#include "retirement.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::kv {

Retired::Retired() noexcept = default;
Retired::Retired(std::unique_ptr<RetiredParts> parts) noexcept : parts_(std::move(parts)) {}
Retired::Retired(Retired&&) noexcept = default;
Retired& Retired::operator=(Retired&&) noexcept = default;
Retired::~Retired() = default;
bool Retired::empty() const noexcept { return parts_ == nullptr || parts_->empty(); }

RetiredParts::~RetiredParts() {
  nodes.for_each([](const Node* node) { free_node(node); });
  items.for_each([](const Item* item) { free_item(item); });
}

void RetiredParts::take(RetiredParts& other) noexcept {
  nodes.take(other.nodes);
  items.take(other.items);
}

std::shared_ptr<Pin> Retirement::pin(std::uint64_t revision) {
  settle();
  auto pin = std::make_shared<Pin>();
  pin->generation = generation_++;
  pin->revision = revision;
  TENON_CHECK(pins_.empty() || pins_.back()->revision <= revision);
  pins_.push_back(pin);
  return pin;
}

void Retirement::retire(const Node* node) {
  const auto before = [](const std::shared_ptr<const Pin>& pin, std::uint64_t made) { return pin->generation < made; };
  const auto first = std::lower_bound(pins_.cbegin(), pins_.cend(), node->generation, before);
  if (first == pins_.cend()) return free_node(node);
  seen_from(first).nodes.push(node);
}

void Retirement::retire(const Item* item) {
  const auto before = [](const std::shared_ptr<const Pin>& pin, std::uint64_t made) { return pin->revision < made; };
  const auto first = std::lower_bound(pins_.cbegin(), pins_.cend(), item->modified, before);
  if (first == pins_.cend()) return free_item(item);
  seen_from(first).items.push(item);
}

RetiredParts& Retirement::seen_from(Pins::const_iterator first) {
  return kept_[{(*first)->generation, pins_.back()->generation}];
}

void Retirement::settle() {
  for (std::size_t at = 0; at < pins_.size();) {
    // What the snapshot has read was read before; what is freed from here on is freed after it.
    if (pins_[at]->released.load(std::memory_order_acquire)) {
      release(pins_.cbegin() + static_cast<std::ptrdiff_t>(at));
    } else {
      ++at;
    }
  }
}

void Retirement::release(Pins::const_iterator pin) {
  const std::uint64_t released = (*pin)->generation;
  const std::uint64_t previous = pin == pins_.cbegin() ? 0 : (*std::prev(pin))->generation;
  const std::uint64_t next = std::next(pin) == pins_.cend() ? 0 : (*std::next(pin))->generation;
  for (auto at = kept_.begin(); at != kept_.end();) {
    const auto [first, last] = at->first;
    if (first != released && last != released) {
      ++at;
      continue;
    }
    if (first == last) {
      free_->take(at->second);
    } else {
      kept_[{first == released ? next : first, last == released ? previous : last}].take(at->second);
    }
    at = kept_.erase(at);
  }
  pins_.erase(pin);
}

Retired Retirement::collect() {
  settle();
  if (free_->empty()) return Retired();
  auto next = std::make_unique<RetiredParts>();
  next.swap(free_);
  return Retired(std::move(next));
}

}  // namespace tenon::kv
