// SPDX-License-Identifier: MIT
// How a request can fail, and what may be concluded. Every what() is one line for a person: what was tried, and what
// happened.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace tenon::client {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// No endpoint answered. A write was not sent to any of them; a read may have been.
struct NoConnection : Error {
  using Error::Error;
};

// A write was sent, perhaps in part, and no answer says what became of it: it may have been applied, now or later.
// The client never repeats it. Reading the key tells, once a later write or a read of the cluster has gone through.
struct UnknownOutcome : Error {
  using Error::Error;
};

// The session of the write has expired, or has forgotten its sequence: nothing was done now, and of an earlier try
// nothing is known any more.
struct SessionExpired : Error {
  using Error::Error;
};

// An earlier try of the write in its session was executed, and its reply was too large to be kept.
struct ReplyForgotten : Error {
  using Error::Error;
};

enum class ErrorCode {
  kInvalid,
  kUnsupported,
  kNotFound,
  kTooLarge,
  kBusy,
  kNotLeader,
  kClosed,
  kCancelled,
  kTimeout,
  kCompacted,
  kWrongType,
  kNoSpace,
  kIo,
  kCorrupt,
  kInternal,  // also every code that this client does not know
  kReused,    // the session has used the sequence for another request
};

// The word of the IDL in small letters: "not leader".
const char* name(ErrorCode code);

// A node answered that it will not do it: a write was surely not applied, a read failed.
struct Refused : Error {
  Refused(const std::string& what, ErrorCode the_code, bool is_overloaded, std::optional<std::uint64_t> node,
          std::string address)
      : Error(what), code(the_code), overloaded(is_overloaded), leader_node(node), leader_address(std::move(address)) {}

  ErrorCode code;
  bool overloaded;                           // the node is at its bounds: the same request may succeed later
  std::optional<std::uint64_t> leader_node;  // the leader as the node last heard of it
  std::string leader_address;                // "host:port" of its Thrift API; empty when it is not known
  // Of a watch that comes too late (kCompacted): the first revision that one can begin at on that node.
  std::optional<std::uint64_t> oldest_revision = std::nullopt;
};

}  // namespace tenon::client
