// SPDX-License-Identifier: MIT
// What goes into a node from client APIs, and what comes out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/store.hpp"
#include "raft/types.hpp"

namespace tenon::node {

// Names a request to whoever submitted it: a queue, and the request's id there. Queue 0 is the node's own, for what
// peers have forwarded. The mark is no part of the name: whoever submitted the request gets it back with the answer.
struct Token {
  std::uint64_t queue = 0;
  std::uint64_t request = 0;
  std::uint64_t mark = 0;
  bool operator==(const Token& other) const noexcept { return queue == other.queue && request == other.request; }
};

enum class Access {
  read,
  write,
  logged_read,  // it changes nothing, but goes through the log as a write does
};

// What a read, but for one that goes through the log, may rest on. A stronger one always serves.
enum class Consistency {
  linearizable,  // it shows everything that was acknowledged when it came
  lease,         // the same, as long as no clock is further off than the operator has said
  stale,         // it shows what this node has applied, as long as that is not too old
};

enum class Ordering {
  free,
  after_writes,  // a read that must see every write submitted before it
};

enum class Forwarding {
  allowed,  // a node that does not lead passes a write on to the leader, and serves a read by itself
  refused,  // it refuses, and says who leads
};

enum class Freshness {
  confirmed,  // it begins at a state that is not older than when it was asked for
  local,      // it begins at what is applied on this node, as long as that knows of a leader
};

// What a watch wants.
struct WatchRequest {
  std::string first;
  std::string end;                // the keys are [first, end); empty: to the last key
  std::uint64_t revision = 0;     // changes from it on; 0: from now on
  std::uint64_t records_max = 1;  // on loan at a time; > 0
  bool with_previous = false;
  Freshness freshness = Freshness::confirmed;
};

// Wants the messages of channels.
struct SubscribeRequest {
  std::string first;
  std::string end;                // the channels are [first, end); empty: to the last
  std::uint64_t records_max = 1;  // on loan at a time; > 0
};

// Has a message for whoever listens.
struct PublishRequest {
  std::string channel;
  std::string value;
};

// Small, for it is moved often; what few requests have lies elsewhere.
struct Submission {
  Token token;
  Access access = Access::read;
  Ordering ordering = Ordering::free;
  Forwarding forwarding = Forwarding::allowed;
  std::string command;                             // validated, and encoded by core/kv
  raft::Instant deadline;                          // when the client no longer waits; of a watch, for it to begin
  std::unique_ptr<const WatchRequest> watch = {};  // it is a read that becomes a stream, and has no command
  Consistency consistency = Consistency::linearizable;
  // Of a stale read: it shows everything that was acknowledged before it came, and so long before its answer. nullopt:
  // anything will do.
  std::optional<raft::Duration> max_age = std::nullopt;
  // At most one, and there is nothing else then but the token.
  std::unique_ptr<const SubscribeRequest> subscription = {};
  std::unique_ptr<const PublishRequest> publication = {};
};

inline std::uint64_t held_bytes(const Submission& submission) noexcept {
  const std::uint64_t range = submission.watch ? submission.watch->first.size() + submission.watch->end.size() : 0;
  const auto& subscription = submission.subscription;
  const auto& publication = submission.publication;
  const std::uint64_t channels = subscription ? subscription->first.size() + subscription->end.size() : 0;
  const std::uint64_t message = publication ? publication->channel.size() + publication->value.size() : 0;
  return submission.command.size() + range + channels + message;
}

// What the client may conclude; the meanings are those of TENON_OUTCOME_* in client_api.h.
enum class Outcome { done, refused, unknown, overloaded };

// What an answer of a stream holds, until it is given back.
struct StreamLoan {
  std::uint64_t stream = 0;  // the node's number for it; never used twice
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

struct Answer {
  Token token;
  Outcome outcome = Outcome::done;
  tenon_error error = TENON_OK;
  std::string message;                            // for people, when error is not OK
  raft::NodeId leader;                            // as last heard of; 0: not known
  kv::Reply reply;                                // of DONE; of COMPACTED the revision at which a watch can begin
  std::optional<StreamLoan> loan = std::nullopt;  // of a stream, and not its last answer
  bool has_missed = false;                        // of a subscription: messages were lost
  // Of a subscription: what has come for it, in place of the records of a reply. Others may have the same.
  std::vector<std::shared_ptr<const kv::Record>> messages = {};
  raft::Term term = {};  // of the node when it answered; 0: it has not heard of the request
};

}  // namespace tenon::node
