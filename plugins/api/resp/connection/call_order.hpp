// SPDX-License-Identifier: MIT
// The requests of one client that the node has not answered, in the order in which their replies leave.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan.hpp"
#include "tenon/check.hpp"

namespace tenon::api_resp {

struct Call {
  ReplyShape shape;
  // Its id among the submissions; 0: it is answered without the node, or by the request of a call before it.
  std::uint64_t request = 0;
  std::uint64_t shared_by = 1;  // how many calls this one's request answers: it and those that follow
  std::uint16_t slot = 0;       // as an error may have to name it
  bool is_write = false;
  bool is_silent = false;   // nothing is to be sent
  bool is_ready = false;    // `held` is its reply, or it has left already
  bool is_unknown = false;  // nobody knows whether it was applied
  std::string held;
  std::string key;  // of a read that shares its request, to ask again; else empty
};

// Calls have numbers, one more each time. The places of earlier calls serve again, with the memory of their replies. Of
// one thread.
class CallOrder {
 public:
  bool empty() const noexcept { return first_ == next_; }
  std::uint64_t size() const noexcept { return next_ - first_; }
  std::uint64_t next_number() const noexcept { return next_; }

  // A new last call. The reference holds until the next push().
  Call& push() {
    if (size() == calls_.size()) grow();
    Call& call = calls_[place(next_++)];
    call.shape = {};
    call.request = 0;
    call.shared_by = 1;
    call.slot = 0;
    call.is_write = false;
    call.is_silent = false;
    call.is_ready = false;
    call.is_unknown = false;
    call.held.clear();
    call.key.clear();
    return call;
  }
  // Needs: not empty.
  Call& front() noexcept { return calls_[place(first_)]; }
  Call& back() noexcept { return calls_[place(next_ - 1)]; }
  bool is_front(std::uint64_t number) const noexcept { return number == first_; }
  // Needs: a call with this number waits.
  Call& at(std::uint64_t number) {
    TENON_CHECK(number >= first_ && number < next_);
    return calls_[place(number)];
  }
  // Needs: not empty.
  void pop() {
    Call& call = calls_[place(first_++)];
    if (call.held.capacity() > kHeldBytesKept) std::string().swap(call.held);
    if (empty() && calls_.size() > kCallsKept) std::vector<Call>().swap(calls_);
  }

 private:
  static constexpr std::size_t kFirstCalls = 4;
  static constexpr std::size_t kCallsKept = 128;
  static constexpr std::size_t kHeldBytesKept = 256;

  std::size_t place(std::uint64_t number) const noexcept {
    return static_cast<std::size_t>(number & (calls_.size() - 1));
  }
  void grow() {
    std::vector<Call> larger(calls_.empty() ? kFirstCalls : 2 * calls_.size());
    for (std::uint64_t number = first_; number != next_; ++number) {
      larger[static_cast<std::size_t>(number & (larger.size() - 1))] = std::move(calls_[place(number)]);
    }
    calls_ = std::move(larger);
  }

  std::vector<Call> calls_;  // a power of two, or none
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace tenon::api_resp
