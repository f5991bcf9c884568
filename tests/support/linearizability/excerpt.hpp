// SPDX-License-Identifier: MIT
// The smallest part of a history that is not linearizable, for people. Only that is left out without which the rest is
// explained as well or better: what was called after the contradiction is complete, reads, what writes report beside
// being done, and puts whose value nobody has seen. So a contradiction in the rest is one of the whole.
#pragma once

#include "search.hpp"

namespace tenon::support {

// Needs: the operations are not linearizable.
Operations excerpt_of(const std::vector<const Operation*>& operations, const Limits& limits);
// In lines: the excerpt, how far an order can explain it, and what then fits nowhere.
std::string account_of(const Operations& excerpt, const Limits& limits);
std::vector<const Operation*> pointers_to(const Operations& operations);

}  // namespace tenon::support
