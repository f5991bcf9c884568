// SPDX-License-Identifier: MIT
// What goes into a node from client APIs, and what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

enum class Access { read, write };

enum class Ordering {
  free,
  after_writes,  // a read that must see every write submitted before it
};

enum class Forwarding {
  allowed,  // a node that does not lead passes a write on to the leader, and serves a read by itself
  refused,  // it refuses, and says who leads
};

struct Submission {
  Token token;
  Access access = Access::read;
  Ordering ordering = Ordering::free;
  Forwarding forwarding = Forwarding::allowed;
  std::string command;     // validated, and encoded by core/kv
  raft::Instant deadline;  // when the client no longer waits
};

// What the client may conclude; the meanings are those of TENON_OUTCOME_* in client_api.h.
enum class Outcome { done, refused, unknown, overloaded };

struct Answer {
  Token token;
  Outcome outcome = Outcome::done;
  tenon_error error = TENON_OK;
  std::string_view message;  // for people, when error is not OK; a literal
  raft::NodeId leader;       // as last heard of; 0: not known
  kv::Reply reply;           // of DONE
};

}  // namespace tenon::node
