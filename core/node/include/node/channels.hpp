// SPDX-License-Identifier: MIT
// Messages that are published in channels, for whoever listens at that moment: at most once, never through the log.
//
// Model. A subscription is a stream of answers with the messages of a range of channels. A message goes at once to the
// subscriptions of this node and, on the control lanes, to every other member, which gives it to its own. Everything is
// bounded, and what is beyond a bound is lost and counted: a subscription that has as much on loan as it may misses
// messages, and its next answer says so; what is published faster than peers may be sent goes to this node's
// subscriptions only.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "kv/reply.hpp"
#include "node/peer_links.hpp"
#include "node/requests.hpp"
#include "node/submission.hpp"
#include "raft/membership.hpp"

namespace tenon::node {

inline constexpr std::size_t kSubscriptionsMax = 1'024;                      // above it one is refused as overloaded
inline constexpr std::uint64_t kSubscriptionRecordsMax = 10'000;             // on loan to one, whatever it asks for
inline constexpr std::uint64_t kSubscriptionBytesMax = 8u << 20;             // on loan to one
inline constexpr std::uint64_t kPublicationBytesPerSecond = 8u << 20;        // that are sent to each peer
inline constexpr std::uint64_t kPublicationBurstBytes = 2u << 20;            // that may be sent at once
inline constexpr std::uint64_t kFirstSubscription = std::uint64_t{1} << 63;  // their loans have numbers from here on

inline constexpr std::uint64_t kMessageBytesMax = wire::kPublicationBytesMax;  // of a message and its channel

// All but the first since the start.
struct ChannelStatus {
  std::uint64_t subscriptions = 0;  // that are open
  std::uint64_t published = 0;      // messages, on this node
  std::uint64_t received = 0;       // from peers
  std::uint64_t missed = 0;         // by subscriptions of this node, for each that a message was for
  std::uint64_t unsent = 0;         // not sent to peers, for each that it was for
  bool operator==(const ChannelStatus&) const = default;
};

class Channels {
 public:
  // Keeps: answers and links.
  Channels(AnswerPort& answers, PeerLinks& links) : answers_(answers), links_(links) {}

  // Begins a stream. Needs: submission.subscription.
  void open(const Submission& submission, raft::NodeId leader);
  // Gives a message to the subscriptions of this node and sends it to the other members; answers with how many those
  // are here. Needs: submission.publication.
  void publish(const Submission& submission, const raft::Membership& membership, raft::NodeId self, raft::Instant now);
  // A message has come from a peer.
  void receive(std::string_view channel, std::string_view value);

  // Ends the stream as cancelled; false: there is none of this token.
  bool cancel(Token token, raft::NodeId leader);
  // The queue is gone: its streams end without an answer.
  void end_queue(std::uint64_t queue);
  // What was on loan has come back. Needs: loan.stream >= kFirstSubscription.
  void give_back(const StreamLoan& loan);
  // Sends subscriptions what has come for them.
  void run(std::uint64_t cluster_time_ms, raft::NodeId leader);

  ChannelStatus status() const noexcept;

 private:
  struct Subscription {
    Token token;
    SubscribeRequest wanted;
    std::uint64_t records_on_loan = 0;  // waiting ones included; <= wanted.records_max
    std::uint64_t bytes_on_loan = 0;    // the same; <= kSubscriptionBytesMax, or one message alone
    std::vector<kv::Record> waiting;
    std::uint64_t waiting_bytes = 0;
    bool has_missed = false;  // since the last answer
  };

  // How many subscriptions of this node a message is for.
  std::int64_t deliver(std::string_view channel, std::string_view value);
  bool may_send(std::uint64_t bytes, raft::Instant now);

  AnswerPort& answers_;
  PeerLinks& links_;
  std::map<std::uint64_t, Subscription> subscriptions_;  // by number
  bool has_waiting_ = false;
  std::uint64_t last_number_ = kFirstSubscription - 1;
  std::uint64_t allowance_ = kPublicationBurstBytes;  // <= kPublicationBurstBytes
  raft::Instant allowed_at_{};
  ChannelStatus counts_;
};

}  // namespace tenon::node
