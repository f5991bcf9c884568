// SPDX-License-Identifier: MIT
// A subscription to messages that are published.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "subscription.hpp"

namespace tenon::api_http {

// Messages come at most once. A client that does not read holds the node back, which then leaves messages out, and the
// client is told that some were missed.
class LiveConnection::ChannelSubscription final : public Subscription,
                                                  public std::enable_shared_from_this<ChannelSubscription> {
 public:
  // A star at the end of the pattern stands for any rest; without it the pattern is one channel.
  ChannelSubscription(LiveConnection& owner, std::uint64_t id, std::string pattern)
      : Subscription(owner, id), pattern_(std::move(pattern)) {}

  void begin() override;
  void on_sent() override { unsent_.clear(); }
  void end() override;

 private:
  void take(Completion completion);

  const std::string pattern_;
  std::uint64_t request_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<Completion> unsent_;
  net::Submissions* submissions_ = nullptr;  // null: not begun, or over
};

}  // namespace tenon::api_http
