// SPDX-License-Identifier: MIT
// The order in which the replies of one connection leave.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/check.hpp"

namespace tenon::api_thrift {

// Slots are opened in the order of the requests and filled in any order. A reply leaves when every earlier slot has
// been filled, or at once after allow_reordering(). Of one thread.
class ReplyOrder {
 public:
  std::uint64_t open() {
    ++unfinished_;
    if (!reordering_) replies_.emplace_back();
    return next_++;
  }

  // Ends a slot; an empty reply means that nothing is to be sent. Calls deliver(std::string_view) for every reply that
  // may leave now. Needs: the slot is open, and deliver does not call this object.
  template <class Deliver>
  void fill(std::uint64_t slot, std::string_view reply, Deliver&& deliver) {
    TENON_CHECK(slot < next_ && unfinished_ > 0);
    --unfinished_;
    if (reordering_ || slot == first()) {
      if (!reply.empty()) deliver(reply);
      if (reordering_) return;
      replies_.pop_front();
    } else {
      std::optional<std::string>& held = replies_.at(slot - first());
      TENON_CHECK(!held);
      held.emplace(reply);
      held_bytes_ += reply.size();
      return;
    }
    while (!replies_.empty() && replies_.front()) {
      release(*replies_.front(), deliver);
      replies_.pop_front();
    }
  }

  // From now on replies leave as they come; delivers what was held.
  template <class Deliver>
  void allow_reordering(Deliver&& deliver) {
    reordering_ = true;
    for (const std::optional<std::string>& held : replies_) {
      if (held) release(*held, deliver);
    }
    replies_.clear();
  }

  bool reordering() const noexcept { return reordering_; }
  // Slots that are not filled. A held reply is filled.
  std::uint64_t unfinished() const noexcept { return unfinished_; }
  // Slots whose reply has not left.
  std::uint64_t waiting() const noexcept { return reordering_ ? unfinished_ : replies_.size(); }
  std::uint64_t held_bytes() const noexcept { return held_bytes_; }

 private:
  std::uint64_t first() const noexcept { return next_ - replies_.size(); }
  template <class Deliver>
  void release(const std::string& held, Deliver&& deliver) {
    held_bytes_ -= held.size();
    if (!held.empty()) deliver(std::string_view(held));
  }

  std::deque<std::optional<std::string>> replies_;  // of the slots [first(), next_)
  std::uint64_t next_ = 0;
  std::uint64_t unfinished_ = 0;
  std::uint64_t held_bytes_ = 0;
  bool reordering_ = false;
};

}  // namespace tenon::api_thrift
