// SPDX-License-Identifier: MIT
#include "node/channels.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tenon/check.hpp"
#include "tenon/client_api.h"

namespace tenon::node {
namespace {

// What a message costs beside its bytes.
constexpr std::uint64_t kMessageBytes = 64;

bool is_for(const SubscribeRequest& wanted, std::string_view channel) noexcept {
  return channel >= wanted.first && (wanted.end.empty() || channel < wanted.end);
}

}  // namespace

void Channels::open(const Submission& submission, raft::NodeId leader) {
  TENON_CHECK(submission.subscription != nullptr && submission.subscription->records_max > 0);
  if (subscriptions_.size() == kSubscriptionsMax) {
    return answers_.answer({submission.token,
                            Outcome::overloaded,
                            TENON_ERROR_BUSY,
                            "as many subscriptions are open on this node as it serves; end some",
                            leader,
                            {}});
  }
  Subscription& made = subscriptions_[++last_number_];
  made.token = submission.token;
  made.wanted = *submission.subscription;
}

void Channels::publish(const Submission& submission, const raft::Membership& membership, raft::NodeId self,
                       raft::Instant now) {
  TENON_CHECK(submission.publication != nullptr);
  const PublishRequest& message = *submission.publication;
  ++counts_.published;
  const std::int64_t found = deliver(message.channel, message.value);
  const bool may_leave = may_send(kMessageBytes + message.channel.size() + message.value.size(), now);
  for (const raft::Member& member : membership.members) {
    if (member.id == self) continue;
    const bool is_queued = may_leave && links_.queue(member.id, wire::Publication{message.channel, message.value});
    if (!is_queued) ++counts_.unsent;
  }
  Answer answer{submission.token, Outcome::done, TENON_OK, {}, {}, {}};
  answer.reply.results.emplace_back().number = found;
  answers_.answer(std::move(answer));
}

void Channels::receive(std::string_view channel, std::string_view value) {
  ++counts_.received;
  deliver(channel, value);
}

std::int64_t Channels::deliver(std::string_view channel, std::string_view value) {
  const std::uint64_t size = kMessageBytes + channel.size() + value.size();
  std::int64_t found = 0;
  for (auto& [number, to] : subscriptions_) {
    if (!is_for(to.wanted, channel)) continue;
    ++found;
    const bool has_room = to.bytes_on_loan == 0 || to.bytes_on_loan + size <= kSubscriptionBytesMax;
    if (!has_room || to.records_on_loan == to.wanted.records_max) {
      to.has_missed = true;
      ++counts_.missed;
      continue;
    }
    ++to.records_on_loan;
    to.bytes_on_loan += size;
    to.waiting_bytes += size;
    to.waiting.push_back({TENON_RECORD_CURRENT, std::string(channel), std::string(value), 0, 0, 0});
    has_waiting_ = true;
  }
  return found;
}

// What was not used within the time of a burst is not made up for.
bool Channels::may_send(std::uint64_t bytes, raft::Instant now) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - allowed_at_);
  const auto microseconds = static_cast<std::uint64_t>(std::clamp<std::int64_t>(passed.count(), 0, 1'000'000));
  allowance_ = std::min(kPublicationBurstBytes, allowance_ + microseconds * kPublicationBytesPerSecond / 1'000'000);
  allowed_at_ = now;
  if (bytes > allowance_) return false;
  allowance_ -= bytes;
  return true;
}

bool Channels::cancel(Token token, raft::NodeId leader) {
  const auto at = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                               [&](const auto& one) { return one.second.token == token; });
  if (at == subscriptions_.end()) return false;
  answers_.answer({token, Outcome::refused, TENON_ERROR_CANCELLED, "the subscription was cancelled", leader, {}});
  subscriptions_.erase(at);
  return true;
}

void Channels::end_queue(std::uint64_t queue) {
  std::erase_if(subscriptions_, [&](const auto& one) { return one.second.token.queue == queue; });
}

void Channels::give_back(const StreamLoan& loan) {
  const auto at = subscriptions_.find(loan.stream);
  if (at == subscriptions_.end()) return;  // it has ended, and nothing counts for it any more
  TENON_CHECK(loan.records <= at->second.records_on_loan && loan.bytes <= at->second.bytes_on_loan);
  at->second.records_on_loan -= loan.records;
  at->second.bytes_on_loan -= loan.bytes;
}

void Channels::run(std::uint64_t cluster_time_ms, raft::NodeId leader) {
  if (!std::exchange(has_waiting_, false)) return;
  for (auto& [number, to] : subscriptions_) {
    if (to.waiting.empty()) continue;
    const StreamLoan loan{number, to.waiting.size(), std::exchange(to.waiting_bytes, 0)};
    Answer answer{to.token, Outcome::done, TENON_OK, {}, leader, {}, loan};
    answer.has_missed = std::exchange(to.has_missed, false);
    answer.reply.cluster_time_ms = cluster_time_ms;
    answer.reply.bytes = loan.bytes;
    answer.reply.results.emplace_back().records = std::exchange(to.waiting, {});
    answers_.answer(std::move(answer));
  }
}

ChannelStatus Channels::status() const noexcept {
  ChannelStatus status = counts_;
  status.subscriptions = subscriptions_.size();
  status.unsent += links_.publications_dropped();
  return status;
}

}  // namespace tenon::node
