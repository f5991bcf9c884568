// SPDX-License-Identifier: MIT
// The plugin's side of its queue: requests go in batches, completions find whoever waits for them.
#pragma once

#include <cstdint>
#include <vector>

#include "request_batch.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_resp {

// Whoever waits for a request. `number` is its own, from add().
class Waiter {
 public:
  // Is told of each completion; the last one is that without the flag MORE. May add and cancel requests.
  virtual void take(std::uint64_t number, const tenon_completion& completion) = 0;

 protected:
  ~Waiter() = default;
};

// How many streams there are at most: the messages of all channels, and the changes of all keys.
inline constexpr std::uint64_t kStreamsMax = 2;

// A request that was added is ended exactly once, in poll() or submit(), unless its waiter abandoned it. Memory is that
// of the most requests there have been at a time, and nothing is allocated for one more than before. One that is done
// has a result for each operation that ran: an answer that has not is told as UNKNOWN. Of one thread.
class Submissions {
 public:
  // `depth` is for requests that are no streams. Needs: the queue's own is greater by kStreamsMax.
  Submissions(Queue queue, std::uint64_t depth) : queue_(std::move(queue)), depth_(depth) {}

  // Where the bytes of the next request are kept.
  RequestBatch& batch() noexcept { return batch_; }
  // Gives the request an id, which it returns, and adds it to the batch; its waiter is told nothing within this call.
  // The waiter must live until its request has ended or was abandoned.
  std::uint64_t add(tenon_request request, Waiter& waiter, std::uint64_t number);
  // The same for a request that goes on until something ends it, and takes no place from the others. Needs: there are
  // fewer than kStreamsMax.
  std::uint64_t add_stream(tenon_request request, Waiter& waiter);
  // Its waiter is told nothing more of this request, which goes on or, when it may be stopped, ends.
  void abandon(std::uint64_t request);
  // Asks a request to end, which its waiter is told later.
  void cancel(std::uint64_t request);
  // Whether the batch has grown large, and is to be submitted: many large requests of one wake-up shall not lie here
  // twice.
  bool is_large() const noexcept;
  // Submits the batch. Requests that the queue does not take end as OVERLOADED.
  void submit();
  // Tells waiters what has been completed.
  void poll();

  int event_fd() const noexcept { return queue_.event_fd(); }
  // Whether the queue takes another request behind so many that are to be added yet; what is added beyond is refused as
  // OVERLOADED.
  bool has_credit(std::uint64_t others = 0) const noexcept { return unfinished_ - streams_ + others < depth_; }
  std::uint64_t unfinished() const noexcept { return unfinished_; }

 private:
  struct Entry {
    Waiter* waiter = nullptr;  // null: nobody waits any more
    std::uint64_t number = 0;
    std::uint64_t operation_count = 0;
    std::uint64_t otherwise_count = 0;
    std::uint32_t generation = 0;
    bool is_open = false;
    bool is_stream = false;
  };

  // Null when there is no such request any more.
  Entry* find(std::uint64_t request);
  void complete(const tenon_completion& completion);
  void tell(Entry& entry, const tenon_completion& completion);

  const Queue queue_;
  const std::uint64_t depth_;
  RequestBatch batch_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;  // entries that are not open
  std::uint64_t unfinished_ = 0;
  std::uint64_t streams_ = 0;  // of those
};

}  // namespace tenon::api_resp
