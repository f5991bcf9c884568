// SPDX-License-Identifier: MIT
#include "node/forwarded_requests.hpp"

#include <algorithm>
#include <utility>

#include "kv/command.hpp"
#include "tenon/operation.hpp"

namespace tenon::node {

namespace {

constexpr std::string_view kReused =
    "the session has used this sequence for another request, whose answer is not told; a new request takes a new "
    "sequence";

// A client cannot wait longer, whatever a peer says.
constexpr std::uint64_t kTimeoutMsMax = 3'600'000;

// Nullopt: it is no command. One that only reads was asked for through the log, or it would not have been passed on.
std::optional<Access> access_of(std::string_view encoded) {
  const std::optional<kv::Command> command = kv::decode(encoded);
  if (!command) return std::nullopt;
  const auto changes = [](const kv::Operation& operation) {
    const bool of_sessions = operation.kind >= TENON_SESSION_OPEN && operation.kind <= TENON_SESSION_CLOSE;
    return of_sessions || changes_keyspace(operation.kind);
  };
  const bool writes = std::any_of(command->operations.begin(), command->operations.end(), changes) ||
                      std::any_of(command->otherwise.begin(), command->otherwise.end(), changes);
  return writes ? Access::write : Access::logged_read;
}

std::string_view describe(tenon_error error) noexcept {
  switch (error) {
    case TENON_ERROR_NOT_LEADER:
      return "leadership changed before the leader could take the request";
    case TENON_ERROR_BUSY:
      return "the leader's inbox is full, or the sequence is too far ahead of the lowest that is outstanding; try "
             "later";
    case TENON_ERROR_REUSED:
      return kReused;
    case TENON_ERROR_TIMEOUT:
      return "the time given for the request ran out at the leader";
    default:
      return "the leader has not done it";
  }
}

std::string_view describe_refusal(tenon_error error) noexcept {
  switch (error) {
    case TENON_ERROR_BUSY:
      return "the sequence is too far ahead of the lowest that is outstanding in the session; wait for answers first";
    case TENON_ERROR_REUSED:
      return kReused;
    default:
      return "a request of a session has no sequence; expected 1 or more";
  }
}

}  // namespace

void ForwardedRequests::answer(Answer answer) {
  if (answer.token.queue != 0) return surroundings_.answer(std::move(answer));
  const auto found = waiting_.find(answer.token.request);
  if (found == waiting_.end()) return;
  links_.queue(found->second.from, wire::ForwardReply{found->second.request, static_cast<std::uint8_t>(answer.outcome),
                                                      answer.error, std::move(answer.reply)});
  waiting_.erase(found);
}

std::vector<Submission> ForwardedRequests::accept(raft::NodeId from, const wire::Forward& forward, raft::Instant now) {
  std::vector<Submission> submissions;
  submissions.reserve(forward.commands.size());
  for (const wire::ForwardedCommand& one : forward.commands) {
    const std::optional<Access> access = access_of(one.command);
    if (!access) return {};
    const std::chrono::milliseconds timeout(std::min(one.timeout_ms, kTimeoutMsMax));
    submissions.push_back(
        {{0, ++last_}, *access, Ordering::free, Forwarding::refused, std::string(one.command), now + timeout});
  }
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    waiting_.emplace(submissions[i].token.request, Waiting{from, forward.commands[i].request});
  }
  return submissions;
}

Answer applied_answer(Token token, kv::Reply reply, raft::NodeId leader) {
  const tenon_error refusal = reply.refusal;
  Answer answer{token, Outcome::done, refusal, {}, leader, std::move(reply)};
  if (refusal == TENON_OK) return answer;
  answer.outcome = Outcome::refused;
  answer.message = describe_refusal(refusal);
  return answer;
}

Answer forwarded_answer(Token token, wire::ForwardReply reply, raft::NodeId leader) {
  Answer answer{token, Outcome::unknown, reply.error, {}, leader, std::move(reply.reply)};
  if (reply.outcome <= static_cast<std::uint8_t>(Outcome::overloaded)) {
    answer.outcome = static_cast<Outcome>(reply.outcome);
  }
  if (answer.error != TENON_OK) answer.message = describe(answer.error);
  return answer;
}

}  // namespace tenon::node
