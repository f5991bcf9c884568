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

std::uint64_t size_of(const kv::Record& message) noexcept {
  return kMessageBytes + message.key.size() + message.value.size();
}

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
                            "as many subscriptions are open on this node as it serves, " +
                                std::to_string(kSubscriptionsMax) + "; end some",
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
  const std::uint64_t size = kMessageBytes + message.channel.size() + message.value.size();
  if (!may_wait(size)) {
    return answers_.answer({submission.token,
                            Outcome::overloaded,
                            TENON_ERROR_BUSY,
                            "more is published than this node gives out: " + std::to_string(arrived_bytes_) +
                                " bytes wait, at most " + std::to_string(kArrivedBytesMax) + "; try later",
                            {},
                            {}});
  }
  ++counts_.published;
  const bool may_leave = may_send(size, now);
  for (const raft::Member& member : membership.members) {
    if (member.id == self) continue;
    const bool is_queued = may_leave && links_.queue(member.id, wire::Publication{message.channel, message.value});
    if (!is_queued) ++counts_.unsent;
  }
  wait(submission.token, message.channel, message.value);
}

void Channels::receive(std::string_view channel, std::string_view value) {
  ++counts_.received;
  if (may_wait(kMessageBytes + channel.size() + value.size())) {
    return wait(std::nullopt, std::string(channel), std::string(value));
  }
  ++counts_.missed;
  for (auto& [number, to] : subscriptions_) to.has_missed = true;
}

void Channels::wait(std::optional<Token> publisher, std::string channel, std::string value) {
  auto message =
      std::make_shared<const kv::Record>(kv::Record{TENON_RECORD_CURRENT, std::move(channel), std::move(value)});
  arrived_bytes_ += size_of(*message);
  arrived_.push_back({publisher, std::move(message), last_number_});
}

bool Channels::has_room(const Subscription& to, std::uint64_t size) const {
  if (to.records_on_loan == to.wanted.records_max) return false;
  const auto of_queue = queue_loan_bytes_.find(to.token.queue);
  const std::uint64_t queue_bytes = of_queue == queue_loan_bytes_.end() ? 0 : of_queue->second;
  return to.bytes_on_loan == 0 ||
         (to.bytes_on_loan + size <= kSubscriptionBytesMax && queue_bytes + size <= kSubscriptionQueueBytesMax &&
          loan_bytes_ + size <= kSubscriptionsBytesMax);
}

std::int64_t Channels::deliver(const Arrived& arrived) {
  const std::uint64_t size = size_of(*arrived.message);
  std::int64_t found = 0;
  for (auto& [number, to] : subscriptions_) {
    if (number > arrived.last_subscription) break;
    if (!is_for(to.wanted, arrived.message->key)) continue;
    ++found;
    if (!has_room(to, size)) {
      to.has_missed = true;
      ++counts_.missed;
      continue;
    }
    ++to.records_on_loan;
    to.bytes_on_loan += size;
    to.waiting_bytes += size;
    queue_loan_bytes_[to.token.queue] += size;
    loan_bytes_ += size;
    to.waiting.push_back(arrived.message);
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
  end(at);
  return true;
}

void Channels::refuse_all(tenon_error error, const std::string& why) {
  for (const auto& [number, one] : subscriptions_) {
    answers_.answer({one.token, Outcome::refused, error, why, {}, {}});
  }
  while (!subscriptions_.empty()) end(subscriptions_.begin());
}

void Channels::end_queue(std::uint64_t queue) {
  for (auto at = subscriptions_.begin(); at != subscriptions_.end();) {
    at = at->second.token.queue == queue ? end(at) : std::next(at);
  }
}

Channels::Subscriptions::iterator Channels::end(Subscriptions::iterator at) {
  take_back(at->second, at->second.records_on_loan, at->second.bytes_on_loan);
  return subscriptions_.erase(at);
}

void Channels::take_back(Subscription& from, std::uint64_t records, std::uint64_t bytes) {
  TENON_CHECK(records <= from.records_on_loan && bytes <= from.bytes_on_loan);
  from.records_on_loan -= records;
  from.bytes_on_loan -= bytes;
  loan_bytes_ -= bytes;
  const auto of_queue = queue_loan_bytes_.find(from.token.queue);
  if (of_queue == queue_loan_bytes_.end()) return;  // nothing was on loan
  of_queue->second -= bytes;
  if (of_queue->second == 0) queue_loan_bytes_.erase(of_queue);
}

void Channels::give_back(const StreamLoan& loan) {
  const auto at = subscriptions_.find(loan.stream);
  if (at == subscriptions_.end()) return;  // it has ended, and nothing counts for it any more
  take_back(at->second, loan.records, loan.bytes);
}

bool Channels::run(std::uint64_t cluster_time_ms, raft::NodeId leader) {
  for (std::size_t work = 0; !arrived_.empty() && work < kGivenOutMax; work += 1 + subscriptions_.size()) {
    const Arrived arrived = std::move(arrived_.front());
    arrived_.pop_front();
    arrived_bytes_ -= size_of(*arrived.message);
    const std::int64_t found = deliver(arrived);
    if (!arrived.publisher) continue;
    Answer answer{*arrived.publisher, Outcome::done, TENON_OK, {}, {}, {}};
    answer.reply.results.emplace_back().number = found;
    answers_.answer(std::move(answer));
  }
  if (!std::exchange(has_waiting_, false)) return arrived_.empty();
  for (auto& [number, to] : subscriptions_) {
    if (to.waiting.empty()) continue;
    const StreamLoan loan{number, to.waiting.size(), std::exchange(to.waiting_bytes, 0)};
    Answer answer{to.token, Outcome::done, TENON_OK, {}, leader, {}, loan};
    answer.has_missed = std::exchange(to.has_missed, false);
    answer.reply.cluster_time_ms = cluster_time_ms;
    answer.reply.bytes = loan.bytes;
    answer.messages = std::exchange(to.waiting, {});
    answers_.answer(std::move(answer));
  }
  return arrived_.empty();
}

ChannelStatus Channels::status() const noexcept {
  ChannelStatus status = counts_;
  status.subscriptions = subscriptions_.size();
  status.unsent += links_.publications_dropped();
  return status;
}

}  // namespace tenon::node
