// SPDX-License-Identifier: MIT
// Who waits for a reply: the plugin's connections on one side, Thrift's processors on the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tenon::api_thrift {

// A connection as the processors see it. All calls come on the I/O thread.
class Caller {
 public:
  virtual ~Caller() = default;

  // Makes a place in the order of replies, for a request that has come.
  virtual std::uint64_t open_slot() = 0;
  // Ends the slot with a Thrift message; an empty one means that nothing is to be sent.
  virtual void reply(std::uint64_t slot, std::string_view message) = 0;
  // From now on replies may leave in any order.
  virtual void allow_reordering() = 0;
  virtual bool reordering() const noexcept = 0;

  // Writes that have been submitted for this connection and have not ended. While there are some, and replies are in
  // order, a read must see them: a client that sends a put and a get at once expects that.
  std::uint64_t unfinished_writes = 0;
  // Watches of this connection that wait for a change.
  std::uint64_t waiting_watches = 0;
};

// The request that a processor is handing to its handler.
struct CurrentCall {
  std::shared_ptr<Caller> caller;
};

}  // namespace tenon::api_thrift
