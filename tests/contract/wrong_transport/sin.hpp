// SPDX-License-Identifier: MIT
// The one way in which a build of this plugin is wrong.
#pragma once

namespace tenon::wrong_transport {

enum class Sin {
  none,
  blocks,              // send() waits for room in a full queue
  calls_after_stop,    // a thread that stop() did not wait for reports one more event
  duplicates,          // after a reconnect the last frame before it is sent again
  foreign_cluster,     // takes the introduction of a node of another cluster
  leaks_a_loan,        // forgets the frames that were queued when a lane went down
  leaks_a_thread,      // starts a thread that never ends
  merges,              // sends two small frames that wait as one
  one_connection,      // both lanes travel on the connection of the control lane
  releases_too_early,  // gives a frame back when it is queued, and sends it later
  reorders,            // of two frames that wait sends the second one first
  hides_a_failure,     // start() is OK although the address cannot be bound
  throws,              // lets an exception out of set_peer()
  unbounded,           // takes every frame, whatever the queue holds
  up_twice             // reports UP once more when the first frame has been sent
};

// Both are defined in plugin.cpp, which is all that is compiled anew for another sin.
extern const Sin kSin;
extern const char* const kScheme;  // of this plugin's addresses

}  // namespace tenon::wrong_transport
