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

// Takes an rvalue alone: of a copy the last one might end here.
template <class Thing>
void discard(WorkPort& workers, Thing&& thing) {
  static_assert(!std::is_reference_v<Thing> && !std::is_const_v<Thing>);
  workers.start(std::make_unique<Discarding<Thing>>(std::move(thing)));
}

}  // namespace tenon::node
