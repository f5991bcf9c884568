// SPDX-License-Identifier: MIT
// Ends things whose end takes long or blocks: a state that is replaced, a handle that is closed.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "node/work.hpp"

namespace tenon::node {

template <class Thing>
class Discarding final : public Work {
 public:
  explicit Discarding(Thing thing) : thing_(std::make_unique<Thing>(std::move(thing))) {}
  bool step() override {
    thing_.reset();
    return false;
  }
  void finished() override {}

 private:
  std::unique_ptr<Thing> thing_;
};

// Only of what is given away: of a copy the caller would keep the other one, and perhaps end the thing itself. A
// predicate of std::erase_if() sees constant elements of a map, which std::move() copies.
template <class Thing>
void discard(WorkPort& workers, Thing&& thing) {
  static_assert(std::is_same_v<Thing, std::remove_cvref_t<Thing>>, "it has to be moved");
  workers.start(std::make_unique<Discarding<Thing>>(std::forward<Thing>(thing)));
}

}  // namespace tenon::node
