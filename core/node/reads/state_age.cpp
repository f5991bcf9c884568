// SPDX-License-Identifier: MIT
#include "node/reads/state_age.hpp"

#include <algorithm>

namespace tenon::node {

void StateAge::confirmed(raft::Instant asked, raft::LogIndex index) {
  if (as_of_ && asked <= *as_of_) return;
  if (index <= applied_) {
    as_of_ = asked;
    return;
  }
  // One that is later and needs no more makes those before it useless.
  std::erase_if(waiting_, [&](const Confirmed& one) { return one.asked <= asked && one.index >= index; });
  const bool is_useless = std::any_of(waiting_.begin(), waiting_.end(),
                                      [&](const Confirmed& one) { return one.asked >= asked && one.index <= index; });
  if (is_useless) return;
  // The one that is reached first is kept, so that a node which applies slowly gets there; the last gives way.
  if (waiting_.size() == kWaitingMax) waiting_.pop_back();
  const auto place =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Confirmed& one) { return one.index > index; });
  waiting_.insert(place, {asked, index});
}

void StateAge::applied(raft::LogIndex index) noexcept {
  applied_ = std::max(applied_, index);
  while (!waiting_.empty() && waiting_.front().index <= applied_) {
    as_of_ = std::max(as_of_, std::optional(waiting_.front().asked));
    waiting_.erase(waiting_.begin());
  }
}

}  // namespace tenon::node
