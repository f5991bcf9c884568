// SPDX-License-Identifier: MIT
// A node's answer as the completion that crosses the waist.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/submission.hpp"
#include "tenon/client_api.h"

namespace tenon::host {

struct GiveBack {
  void operator()(const tenon_completion* completion) const noexcept;
};
// Owns a completion until it is handed to a plugin, which then owes its loan's release.
using CompletionPointer = std::unique_ptr<const tenon_completion, GiveBack>;

// Any thread. The completion holds the reply's bytes; nothing is copied. `message` is for people, when there is an
// error.
CompletionPointer make_completion(node::Answer answer, std::string message);

}  // namespace tenon::host
