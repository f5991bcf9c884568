// SPDX-License-Identifier: MIT
// The one place where what the node says of a request becomes what the client is told. docs/thrift-api.md has the same
// table for people.
#pragma once

#include <string>

#include "tenon/bytes.hpp"
#include "tenon/client_api.h"
#include "tenon_types.h"

namespace tenon::api_thrift {

// An outcome that is not listed is one that this plugin does not know, so nothing may be concluded from it.
constexpr thrift_api::Outcome::type outcome_of(std::uint32_t outcome) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
      return thrift_api::Outcome::DONE;
    case TENON_OUTCOME_REFUSED:
      return thrift_api::Outcome::REFUSED;
    case TENON_OUTCOME_SESSION_EXPIRED:
      return thrift_api::Outcome::SESSION_EXPIRED;
    case TENON_OUTCOME_OVERLOADED:
      return thrift_api::Outcome::OVERLOADED;
    default:
      return thrift_api::Outcome::UNKNOWN;
  }
}

// `outcome` decides only when the node gave no error code with it.
constexpr thrift_api::ErrorCode::type code_of(std::uint32_t outcome, tenon_error error) noexcept {
  using thrift_api::ErrorCode;
  switch (error) {
    case TENON_OK:
      if (outcome == TENON_OUTCOME_OVERLOADED) return ErrorCode::BUSY;
      if (outcome == TENON_OUTCOME_SESSION_EXPIRED) return ErrorCode::NOT_FOUND;
      if (outcome == TENON_OUTCOME_UNKNOWN) return ErrorCode::TIMEOUT;
      return ErrorCode::INTERNAL;
    case TENON_ERROR_INVALID:
      return ErrorCode::INVALID;
    case TENON_ERROR_UNSUPPORTED:
      return ErrorCode::UNSUPPORTED;
    case TENON_ERROR_NOT_FOUND:
      return ErrorCode::NOT_FOUND;
    case TENON_ERROR_TOO_LARGE:
      return ErrorCode::TOO_LARGE;
    case TENON_ERROR_BUSY:
      return ErrorCode::BUSY;
    case TENON_ERROR_NOT_LEADER:
      return ErrorCode::NOT_LEADER;
    case TENON_ERROR_CLOSED:
      return ErrorCode::CLOSED;
    case TENON_ERROR_CANCELLED:
      return ErrorCode::CANCELLED;
    case TENON_ERROR_TIMEOUT:
      return ErrorCode::TIMEOUT;
    case TENON_ERROR_COMPACTED:
      return ErrorCode::COMPACTED;
    case TENON_ERROR_WRONG_TYPE:
      return ErrorCode::WRONG_TYPE;
    case TENON_ERROR_NO_SPACE:
      return ErrorCode::NO_SPACE;
    case TENON_ERROR_IO:
      return ErrorCode::IO;
    case TENON_ERROR_CORRUPT:
      return ErrorCode::CORRUPT;
    case TENON_ERROR_REUSED:
      return ErrorCode::REUSED;
    default:
      return ErrorCode::INTERNAL;
  }
}

// What a person reads when the node gave no message.
constexpr const char* message_of(thrift_api::Outcome::type outcome) noexcept {
  switch (outcome) {
    case thrift_api::Outcome::DONE:
      return "the request was executed and changed nothing";
    case thrift_api::Outcome::REFUSED:
      return "the node refused the request; it was not applied";
    case thrift_api::Outcome::SESSION_EXPIRED:
      return "the session has expired; the request was not executed now";
    case thrift_api::Outcome::OVERLOADED:
      return "the node is at its bounds; the request was not applied, try again";
    case thrift_api::Outcome::EXECUTED:
      return "an earlier try in this session was executed; its reply was too large to be kept";
    default:
      return "the node does not know whether the request was applied";
  }
}

// The exception for a request that ended as `completion` says, or for which `error` is that of one of its operations.
inline thrift_api::TenonError error_of(const tenon_completion& completion, tenon_error error) {
  thrift_api::TenonError made;
  made.__set_outcome(outcome_of(completion.outcome));
  made.__set_code(code_of(completion.outcome, error));
  made.__set_message(completion.message.size != 0 ? std::string(view(completion.message))
                                                  : std::string(message_of(made.outcome)));
  if (completion.leader != 0) made.__set_leader_node(static_cast<std::int64_t>(completion.leader));
  if (completion.leader_address.size != 0) made.__set_leader_address(std::string(view(completion.leader_address)));
  const bool is_too_late = completion.outcome == TENON_OUTCOME_REFUSED && error == TENON_ERROR_COMPACTED;
  if (is_too_late && completion.revision != 0) {
    made.__set_oldest_revision(static_cast<std::int64_t>(completion.revision));
  }
  return made;
}

// The exception for a request whose reply was forgotten.
inline thrift_api::TenonError forgotten_reply() {
  thrift_api::TenonError made;
  made.__set_outcome(thrift_api::Outcome::EXECUTED);
  made.__set_code(thrift_api::ErrorCode::TOO_LARGE);
  made.__set_message(message_of(made.outcome));
  return made;
}

// The exception for a request whose answer has not a result for each operation. Nothing may be concluded from it.
inline thrift_api::TenonError wrong_count(std::size_t found, std::size_t expected) {
  thrift_api::TenonError made;
  made.__set_outcome(thrift_api::Outcome::UNKNOWN);
  made.__set_code(thrift_api::ErrorCode::INTERNAL);
  made.__set_message("the node's answer has " + std::to_string(found) + " results; expected " +
                     std::to_string(expected) + ", one for each operation");
  return made;
}

// The exception for a request that was never submitted.
inline thrift_api::TenonError refusal(thrift_api::ErrorCode::type code, const std::string& message) {
  thrift_api::TenonError made;
  made.__set_outcome(thrift_api::Outcome::REFUSED);
  made.__set_code(code);
  made.__set_message(message);
  return made;
}

}  // namespace tenon::api_thrift
