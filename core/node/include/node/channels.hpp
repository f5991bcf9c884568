// SPDX-License-Identifier: MIT
// Messages that are published in channels, for whoever listens at that moment: at most once, never through the log.
//
// Model. A subscription is a stream of answers with the messages of a range of channels. A message goes to the
// subscriptions of this node and, on the bulk lanes, to every other member, which gives it to its own. It is kept once,
// however many it is for. Everything is bounded, and what is beyond a bound is lost and counted: when a subscription,
// its queue or all together have as much on loan as they may, it misses messages, and its next answer says so; what is
// published faster than peers may be sent goes to this node's subscriptions only. What one round has no time to give
// out waits for the next, up to a bound, behind which a publication is refused.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/reply.hpp"
#include "node/peer_links.hpp"
#include "node/requests.hpp"
#include "node/submission.hpp"
#include "raft/membership.hpp"

namespace tenon::node {

inline constexpr std::size_t kSubscriptionsMax = 1'024;           // above it one is refused as overloaded
inline constexpr std::uint64_t kSubscriptionRecordsMax = 10'000;  // on loan to one, whatever it asks for
// On loan to one, to those of one queue and to all, each beyond one message of each subscription.
inline constexpr std::uint64_t kSubscriptionBytesMax = 8u << 20;
inline constexpr std::uint64_t kSubscriptionQueueBytesMax = 64u << 20;
inline constexpr std::uint64_t kSubscriptionsBytesMax = 256u << 20;
inline constexpr std::uint64_t kArrivedBytesMax = 16u << 20;  // that wait to be given out
inline constexpr std::size_t kGivenOutMax = 65'536;           // subscriptions looked at in one round, for any message
inline constexpr std::uint64_t kPublicationBytesPerSecond = 8u << 20;        // that are sent to each peer
inline constexpr std::uint64_t kPublicationBurstBytes = 2u << 20;            // that may be sent at once
inline constexpr std::uint64_t kFirstSubscription = std::uint64_t{1} << 63;  // their loans have numbers from here on

inline constexpr std::uint64_t kMessageBytesMax = wire::kPublicationBytesMax;  // of a message and its channel

// All but the first since the start.
struct ChannelStatus {
  std::uint64_t subscriptions = 0;  // that are open
  std::uint64_t published = 0;      // messages, on this node
  std::uint64_t received = 0;       // from peers
  std::uint64_t missed = 0;         // by subscriptions of this node; what could not even wait counts once
  std::uint64_t unsent = 0;         // not sent to peers, for each that it was for
  bool operator==(const ChannelStatus&) const = default;
};

class Channels {
 public:
  // Keeps: answers and links.
  Channels(AnswerPort& answers, PeerLinks& links) : answers_(answers), links_(links) {}

  // Begins a stream. Needs: submission.subscription.
  void open(const Submission& submission, raft::NodeId leader);
  // Sends a message to the other members; run() gives it to the subscriptions of this node, and answers with how many
  // those are. Refused as overloaded when too much waits. Needs: submission.publication.
  void publish(const Submission& submission, const raft::Membership& membership, raft::NodeId self, raft::Instant now);
  // A message has come from a peer.
  void receive(std::string_view channel, std::string_view value);

  // Ends the stream as cancelled; false: there is none of this token.
  bool cancel(Token token, raft::NodeId leader);
  // Ends every stream as refused, for that reason: no message will come to this node any more.
  void refuse_all(tenon_error error, const std::string& why);
  // The queue is gone: its streams end without an answer.
  void end_queue(std::uint64_t queue);
  // What was on loan has come back. Needs: loan.stream >= kFirstSubscription.
  void give_back(const StreamLoan& loan);
  // Gives out what has come. False: there is more, for the next call at once.
  bool run(std::uint64_t cluster_time_ms, raft::NodeId leader);

  ChannelStatus status() const noexcept;

 private:
  struct Subscription {
    Token token;
    SubscribeRequest wanted;
    std::uint64_t records_on_loan = 0;  // waiting ones included; <= wanted.records_max
    std::uint64_t bytes_on_loan = 0;    // the same; <= kSubscriptionBytesMax, or one message alone
    std::vector<std::shared_ptr<const kv::Record>> waiting;
    std::uint64_t waiting_bytes = 0;
    bool has_missed = false;  // since the last answer
  };
  using Subscriptions = std::map<std::uint64_t, Subscription>;  // by number
  struct Arrived {
    std::optional<Token> publisher;  // nullopt: a peer
    std::shared_ptr<const kv::Record> message;
    std::uint64_t last_subscription;  // when it came; it is for none that was opened later
  };

  bool may_wait(std::uint64_t size) const noexcept { return arrived_bytes_ + size <= kArrivedBytesMax; }
  void wait(std::optional<Token> publisher, std::string channel, std::string value);
  // How many subscriptions of this node it is for.
  std::int64_t deliver(const Arrived& arrived);
  bool has_room(const Subscription& to, std::uint64_t size) const;
  void take_back(Subscription& from, std::uint64_t records, std::uint64_t bytes);
  Subscriptions::iterator end(Subscriptions::iterator at);
  bool may_send(std::uint64_t bytes, raft::Instant now);

  AnswerPort& answers_;
  PeerLinks& links_;
  Subscriptions subscriptions_;
  std::deque<Arrived> arrived_;
  std::uint64_t arrived_bytes_ = 0;                          // <= kArrivedBytesMax
  std::map<std::uint64_t, std::uint64_t> queue_loan_bytes_;  // sums of bytes_on_loan, not 0
  std::uint64_t loan_bytes_ = 0;                             // the sum of all
  bool has_waiting_ = false;
  std::uint64_t last_number_ = kFirstSubscription - 1;
  std::uint64_t allowance_ = kPublicationBurstBytes;  // <= kPublicationBurstBytes
  raft::Instant allowed_at_{};
  ChannelStatus counts_;
};

}  // namespace tenon::node
