// SPDX-License-Identifier: MIT
#include "caller.hpp"

#include <tenon_types.h>
#include <thrift/TApplicationException.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tenon::client {
namespace {

using apache::thrift::TApplicationException;
using apache::thrift::TException;
using apache::thrift::protocol::TBinaryProtocolT;
using apache::thrift::transport::TMemoryBuffer;

// No record of an answer takes fewer bytes, so that no list can ask for more memory than the frame pays for.
constexpr std::size_t kElementBytesMin = 16;

// Of every outcome but these a client has to think that the write may have been applied.
bool is_decided(int outcome) {
  using thrift_api::Outcome;
  return outcome == Outcome::DONE || outcome == Outcome::REFUSED || outcome == Outcome::OVERLOADED;
}

[[noreturn]] void throw_answered(Effect effect, const std::string& endpoint, const thrift_api::TenonError& error) {
  const ErrorCode code = to_code(wire_number(error.code));
  const int outcome = wire_number(error.outcome);
  const std::string what = endpoint + " answered: " + error.message + " (" + name(code) + ")";
  if (outcome == thrift_api::Outcome::SESSION_EXPIRED) throw SessionExpired(what);
  if (outcome == thrift_api::Outcome::EXECUTED) throw ReplyForgotten(what);
  if (effect == Effect::kWrite && !is_decided(outcome)) throw UnknownOutcome(what);
  std::optional<std::uint64_t> leader;
  if (error.__isset.leader_node) leader = static_cast<std::uint64_t>(error.leader_node);
  Refused refused(what, code, outcome == thrift_api::Outcome::OVERLOADED, leader,
                  error.__isset.leader_address ? error.leader_address : std::string());
  if (error.__isset.oldest_revision) refused.oldest_revision = static_cast<std::uint64_t>(error.oldest_revision);
  throw refused;
}

// The node refused because of what it is at this time, not because of the request.
bool may_succeed_elsewhere(const Refused& error) {
  return error.code == ErrorCode::kNotLeader || error.code == ErrorCode::kClosed;
}

}  // namespace

Protocol reading(std::string& frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  const auto buffer = std::make_shared<TMemoryBuffer>(reinterpret_cast<std::uint8_t*>(frame.data()), size);
  const auto protocol = std::make_shared<TBinaryProtocolT<TMemoryBuffer>>(buffer);
  protocol->setStringSizeLimit(static_cast<std::int32_t>(std::max<std::size_t>(frame.size(), 1)));
  protocol->setContainerSizeLimit(static_cast<std::int32_t>(frame.size() / kElementBytesMin + 1));
  protocol->setStrict(true, true);
  return protocol;
}

ErrorCode to_code(int number) {
  constexpr int kLast = static_cast<int>(ErrorCode::kReused) + 1;
  return number >= 1 && number <= kLast ? static_cast<ErrorCode>(number - 1) : ErrorCode::kInternal;
}

const char* name(ErrorCode code) {
  constexpr const char* kNames[] = {"invalid", "unsupported", "not found", "too large", "busy",       "not leader",
                                    "closed",  "cancelled",   "timeout",   "compacted", "wrong type", "no space",
                                    "io",      "corrupt",     "internal",  "reused"};
  return kNames[static_cast<std::size_t>(code)];
}

Caller::Caller(Options options) : options_(std::move(options)) {
  if (options_.endpoints.empty()) throw std::invalid_argument("a client needs at least one endpoint");
}

void Caller::call(Effect effect, const std::function<void(const Protocol&)>& encode,
                  const std::function<void(const Protocol&)>& decode, std::chrono::milliseconds wait) {
  wait_ = wait;
  const auto buffer = std::make_shared<TMemoryBuffer>();
  encode(std::make_shared<TBinaryProtocolT<TMemoryBuffer>>(buffer));
  const std::string request = buffer->getBufferAsString();
  std::string failures;
  std::optional<Refused> refusal;
  int hints = 0;
  for (std::size_t tried = 0; hinted_ || tried < options_.endpoints.size();) {
    if (!hinted_) ++tried;
    try {
      if (attempt(effect, request, decode, failures)) return;
    } catch (const Refused& error) {
      if (!may_succeed_elsewhere(error)) throw;
      refusal = error;
      if (hints < kHintsMax && take_hint(error)) {
        ++hints;
        continue;
      }
    }
    leave_endpoint();
  }
  if (refusal) throw Refused(*refusal);
  throw NoConnection((options_.endpoints.size() == 1 ? "no answer from " : "no endpoint answered: ") + failures);
}

bool Caller::attempt(Effect effect, const std::string& request, const std::function<void(const Protocol&)>& decode,
                     std::string& failures) {
  std::optional<std::string> answer = exchange(effect, request, failures);
  return answer && decode_answer(effect, *answer, decode, failures);
}

// False: there is no hint, or it names the node that gave it.
bool Caller::take_hint(const Refused& refusal) {
  try {
    const Endpoint leader = parse_endpoints(refusal.leader_address).front();
    if (leader == endpoint()) return false;
    connection_.reset();
    hinted_ = leader;
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

void Caller::leave_endpoint() {
  connection_.reset();
  hinted_.reset();
  position_ = (position_ + 1) % options_.endpoints.size();
}

std::optional<std::string> Caller::exchange(Effect effect, const std::string& request, std::string& failures) {
  try {
    if (connection_ == nullptr || connection_->is_stale()) {
      connection_.reset();
      connection_ = std::make_unique<Connection>(endpoint(), options_.connect_timeout);
    }
  } catch (const ConnectionError& error) {
    fail(Effect::kRead, error.what(), failures);  // nothing was sent, whatever the request
    return std::nullopt;
  }
  const Connection::Clock::time_point deadline = Connection::Clock::now() + options_.request_timeout + wait_;
  try {
    connection_->send_frame(request, deadline);
    return connection_->receive_frame(deadline);
  } catch (const ConnectionError& error) {
    fail(effect, error.what(), failures);
    return std::nullopt;
  }
}

// False: the answer is none, and a read may try elsewhere.
bool Caller::decode_answer(Effect effect, std::string& answer, const std::function<void(const Protocol&)>& decode,
                           std::string& failures) {
  try {
    decode(reading(answer));
    return true;
  } catch (const thrift_api::TenonError& error) {
    throw_answered(effect, endpoint().text(), error);
  } catch (const TApplicationException& error) {
    if (error.getType() == TApplicationException::UNKNOWN_METHOD) {
      throw Refused(endpoint().text() + " answered that it does not know the request: " + error.what() +
                        "; the server is of another version",
                    ErrorCode::kUnsupported, false, std::nullopt, "");
    }
    fail(effect, std::string("found an answer that is none: ") + error.what(), failures);
  } catch (const TException& error) {
    fail(effect, std::string("found an answer that cannot be read: ") + error.what(), failures);
  }
  return false;
}

void Caller::fail(Effect effect, const std::string& what, std::string& failures) {
  const std::string where = endpoint().text() + ": " + what;
  if (effect == Effect::kWrite) {
    leave_endpoint();
    throw UnknownOutcome("the write was sent, and what became of it is unknown: " + where);
  }
  failures += (failures.empty() ? "" : "; ") + where;
}

}  // namespace tenon::client
