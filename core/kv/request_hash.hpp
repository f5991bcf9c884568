// SPDX-License-Identifier: MIT
// The hash by which a session tells a retry from another request with the same sequence: of all that the client has
// asked for. Not of what a retry may differ in: the lowest outstanding sequence, and the limits, into which the node
// that took the request puts its own, so that nobody can tell any more what was asked for. Only that of a delete range
// which is a request by itself is bounded by the same number on every node, kOperationKeysMax, and counts.
#pragma once

#include <cstdint>

#include "kv/command.hpp"

namespace tenon::kv {

// The same on every node.
std::uint64_t request_hash(const Command& command) noexcept;

}  // namespace tenon::kv
