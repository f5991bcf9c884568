// SPDX-License-Identifier: MIT
// The one way in which a build of this plugin is wrong.
#pragma once

namespace tenon::wrong_client_api {

enum class Sin {
  none,
  answers_twice,        // sends some replies a second time
  drains_for_ever,      // drain() waits for the answers, however long they take
  forgets_an_answer,    // what was under way when the leader changed is never answered
  grows_without_bound,  // reads on from a client that does not read its replies
  hides_a_failure,      // start() is OK although the address cannot be bound
  ignores_drain,        // drain() returns at once, and requests are taken as before
  keeps_its_queue,      // stop() leaves the queue to a thread that looks at it once more
  leaks_a_completion,   // keeps what came for a client that is gone
  leaks_a_thread,       // starts a thread that never ends
  swaps_answers,        // answers a read with what another has found
  tells_a_failure       // tells of an unknown outcome as of a failure
};

// Defined in plugin.cpp, which is all that is compiled anew for another sin.
extern const Sin kSin;

}  // namespace tenon::wrong_client_api
