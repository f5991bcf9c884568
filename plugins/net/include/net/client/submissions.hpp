// SPDX-License-Identifier: MIT
// The plugin's side of its queue: requests go in batches, completions find whoever waits for them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "net/client/request_batch.hpp"
#include "tenon/client_api.hpp"

namespace tenon::net {

// Each request that was added is ended exactly once, by its continuation: from poll(), or from submit() or add() when
// the queue has no credit for it. That of a stream is also called with each completion before, which has the flag MORE;
// whoever keeps a completion holds the stream back. Continuations may add and cancel requests. Of one thread.
class Submissions {
 public:
  using Continuation = std::function<void(Completion)>;

  // `first_id` is that of its first request; those of several queues are to be far apart.
  Submissions(Queue queue, std::uint64_t depth, std::uint64_t first_id = 1)
      : queue_(std::move(queue)), depth_(depth), next_id_(first_id) {}

  // Where the bytes of the next request are kept.
  RequestBatch& batch() noexcept { return batch_; }
  // Gives the request an id, which it returns, and adds it to the batch. Submits the batch when it has grown large.
  std::uint64_t add(tenon_request request, Continuation continuation);
  // Asks a request to end, which its continuation is told later. One that is not known is ignored.
  void cancel(std::uint64_t request);
  // Submits the batch. Requests that the queue does not take end as OVERLOADED.
  void submit();
  // Answers what has been completed.
  void poll();

  int event_fd() const noexcept { return queue_.event_fd(); }

 private:
  void complete(Completion completion);

  Queue queue_;
  const std::uint64_t depth_;
  RequestBatch batch_;
  std::unordered_map<std::uint64_t, Continuation> continuations_;
  std::uint64_t next_id_;
};

// The depth of the queue that had no room for the request; nullopt: the completion is the host's own.
std::optional<std::uint64_t> depth_reached(const tenon_completion& completion) noexcept;

}  // namespace tenon::net
