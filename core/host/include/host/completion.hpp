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

// Memory of completions that one thread makes and others release: small ones lie side by side in rooms that serve again
// when all that lie there were released, so that in a steady state nothing is allocated for one more. A completion that
// is not released keeps its room.
class CompletionRooms {
 public:
  CompletionRooms() = default;
  CompletionRooms(const CompletionRooms&) = delete;
  CompletionRooms& operator=(const CompletionRooms&) = delete;
  // Completions in hand stay until they are released.
  ~CompletionRooms();

  // The completion of an answer that is done, copied. Null: it is not for here, being too large, of a stream, or one
  // that says more than results; make_completion() takes it then. Of one thread.
  CompletionPointer try_make(const node::Answer& answer);

 private:
  struct Room;
  friend struct SharedBlock;
  // Room for so many bytes, <= kSharedBytesMax; the room is held once more for it.
  void* allocate(std::size_t size);
  void begin_room();

  std::vector<Room*> rooms_;  // at most kRoomsKept, each held once
  std::size_t current_ = 0;   // of rooms_, when there are any
};

// The answer to an admin verb. Any thread.
CompletionPointer make_admin_completion(node::Token token, std::string verb, std::string text);

// The mark of the token that was answered. Needs: made by a function of this header.
std::uint64_t mark_of(const tenon_completion& completion) noexcept;

// The memory that a completion holds until it is released, nearly.
std::uint64_t held_bytes(const tenon_completion& completion) noexcept;

}  // namespace tenon::host
