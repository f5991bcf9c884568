// SPDX-License-Identifier: MIT
// Watches as the interface has them: a request waits for a change and is answered once. Each is a stream of the waist
// that is cancelled when it has brought what the reply needs; the client's next request begins a new one behind it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "Kv.h"
#include "calls.hpp"
#include "net/client/submissions.hpp"

namespace tenon::api_thrift {

inline constexpr std::int64_t kWatchWaitMsMax = 60'000;

// Of one thread.
class WaitingWatches {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Answer {
    std::function<void(const thrift_api::WatchReply&)> succeed;
    std::function<void(apache::thrift::TDelayedException*)> fail;
  };

  // Keeps: submissions.
  explicit WaitingWatches(net::Submissions& submissions) : submissions_(submissions) {}

  // Submits a request for a watch and answers it once: with the first changes, or with none when `wait` is over and the
  // node has said where the watch stands.
  void add(const tenon_request& request, const std::shared_ptr<Caller>& caller, std::chrono::milliseconds wait,
           Answer answer);
  // The connection waits no longer for changes.
  void hurry(const Caller& caller);
  // The connection is closed, and nobody waits for its answers.
  void forget(const Caller& caller);
  // From now on nobody waits for changes.
  void drain();
  void expire(Time now);
  std::optional<Time> next_deadline() const;

 private:
  struct Waiting {
    std::shared_ptr<Caller> caller;
    Answer answer;
    Time deadline;
    bool is_over = false;                             // it waits for no change any more
    std::optional<thrift_api::WatchReply> last_mark;  // what the node has said of where the watch stands
    std::uint64_t request = 0;                        // its id among the submissions; 0: not known yet
  };

  void take(std::uint64_t number, const tenon_completion& completion);
  // Takes one out; whoever calls answers it.
  Waiting remove(std::uint64_t number);
  // Answers one when all is known that a reply without changes needs.
  void end_wait(std::uint64_t number);
  template <class Holds>
  void end_wait_where(Holds holds);

  net::Submissions& submissions_;
  std::map<std::uint64_t, Waiting> waiting_;  // by number
  std::uint64_t last_number_ = 0;
  bool is_draining_ = false;
};

}  // namespace tenon::api_thrift
