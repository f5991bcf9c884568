// SPDX-License-Identifier: MIT
// A node's answer as the completion that crosses the waist.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/node_port.hpp"
#include "node/submission.hpp"
#include "tenon/client_api.h"

namespace tenon::host {

struct GiveBack {
  void operator()(const tenon_completion* completion) const noexcept;
};
// Owns a completion until it is handed to a plugin, which then owes its loan's release.
using CompletionPointer = std::unique_ptr<const tenon_completion, GiveBack>;

// Any thread. The completion holds the reply's bytes; nothing is copied. `message` is for people, when there is an
// error. `leader_address` is where to ask instead, of a request that is not done; empty: not known. What an answer of a
// stream has on loan goes back to `node` when the completion is released. Needs: `node`, when there is a loan; it
// outlives the completion.
CompletionPointer make_completion(node::Answer answer, std::string message, std::string leader_address = {},
                                  NodePort* node = nullptr);

// The answer to an admin verb. Any thread.
CompletionPointer make_admin_completion(node::Token token, std::string verb, std::string text);

// The mark of the token that was answered. Needs: made by make_completion().
std::uint64_t mark_of(const tenon_completion& completion) noexcept;

// The memory that a completion holds until it is released, nearly.
std::uint64_t held_bytes(const tenon_completion& completion) noexcept;

}  // namespace tenon::host
