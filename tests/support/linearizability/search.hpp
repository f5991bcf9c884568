// SPDX-License-Identifier: MIT
// The search for an order that explains a history of a group of keys: Wing and Gong's, which tries every operation that
// may be next, with Lowe's memory of what was tried already. What was tried is a set of operations and the state that
// they have led to, remembered by 128 bits that depend on both.
//
// Those that may be next are the ones that were called before, or when, the first of the others returned. Those of
// unknown outcome never return; they come last in each choice, and need not come at all.
#pragma once

#include <unordered_set>

#include "key_states.hpp"

namespace tenon::support {

struct Explained {
  Verdict verdict = Verdict::linearizable;
  std::size_t explained = 0;            // operations of known outcome in the longest order that was found
  std::vector<const Operation*> order;  // that order, when it was asked for
  std::string state;                    // after it, in words
};

enum class Wanted : std::uint8_t { verdict, order };
// `spent` counts the steps, and is held against the limits as it is. Needs: the operations outlive the call; no refused
// one is among them.
Explained explain(const std::vector<const Operation*>& operations, const Limits& limits, std::uint64_t& spent,
                  Wanted wanted);

}  // namespace tenon::support
