// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include "exchange.hpp"
#include "net/client/submissions.hpp"

namespace tenon::api_http {

namespace {

constexpr const char* kRetryAfter = "Retry-After: 1\r\n";

// Of what was surely not applied, or of a read that failed.
unsigned status_of_refusal(tenon_error error) noexcept {
  switch (error) {
    case TENON_ERROR_INVALID:
    case TENON_ERROR_UNSUPPORTED:
      return 400;
    case TENON_ERROR_NOT_FOUND:
      return 404;
    case TENON_ERROR_WRONG_TYPE:
      return 409;
    case TENON_ERROR_COMPACTED:
      return 410;
    case TENON_ERROR_TOO_LARGE:
      return 413;
    case TENON_ERROR_REUSED:
      return 422;
    case TENON_ERROR_NO_SPACE:
      return 507;
    case TENON_ERROR_BUSY:
    case TENON_ERROR_NOT_LEADER:
    case TENON_ERROR_CLOSED:
    case TENON_ERROR_CANCELLED:
    case TENON_ERROR_TIMEOUT:
      return 503;
    default:
      return 500;
  }
}

unsigned status_of(std::uint32_t outcome, tenon_error error) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
    case TENON_OUTCOME_REFUSED:
      return status_of_refusal(error);
    case TENON_OUTCOME_SESSION_EXPIRED:
      return 410;
    case TENON_OUTCOME_OVERLOADED:
      return 429;
    default:
      return 504;
  }
}

const char* name_of(tenon_error error) noexcept {
  switch (error) {
    case TENON_ERROR_INVALID:
      return "invalid";
    case TENON_ERROR_UNSUPPORTED:
      return "unsupported";
    case TENON_ERROR_NOT_FOUND:
      return "not_found";
    case TENON_ERROR_TOO_LARGE:
      return "too_large";
    case TENON_ERROR_BUSY:
      return "busy";
    case TENON_ERROR_NOT_LEADER:
      return "not_leader";
    case TENON_ERROR_CLOSED:
      return "closed";
    case TENON_ERROR_CANCELLED:
      return "cancelled";
    case TENON_ERROR_TIMEOUT:
      return "timeout";
    case TENON_ERROR_COMPACTED:
      return "compacted";
    case TENON_ERROR_WRONG_TYPE:
      return "wrong_type";
    case TENON_ERROR_NO_SPACE:
      return "no_space";
    case TENON_ERROR_IO:
      return "io";
    case TENON_ERROR_CORRUPT:
      return "corrupt";
    case TENON_ERROR_REUSED:
      return "idempotency_key_reused";
    default:
      return "internal";
  }
}

const char* message_of_done(tenon_error error) noexcept {
  switch (error) {
    case TENON_ERROR_WRONG_TYPE:
      return "the value is no decimal number of 64 bits, or would be none; nothing was changed";
    default:
      return "the request was executed and changed nothing";
  }
}

// What a person reads when the node gave no message.
const char* message_of(std::uint32_t outcome, tenon_error error) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
      return message_of_done(error);
    case TENON_OUTCOME_REFUSED:
      return "the node refused the request; it was not applied";
    case TENON_OUTCOME_SESSION_EXPIRED:
      return "the session has expired; the request was not executed now, and of an earlier try nothing is known";
    case TENON_OUTCOME_OVERLOADED:
      return "the node is at its bounds; the request was not applied, try again";
    default:
      return "the node does not know whether the request was applied; read before trying again";
  }
}

void require_done(const tenon_completion& completion, std::string_view target) {
  if (completion.outcome != TENON_OUTCOME_DONE || completion.error != TENON_OK) {
    throw Refused{failure_or_redirect(completion, completion.error, target)};
  }
  if ((completion.flags & TENON_COMPLETION_FORGOTTEN) != 0) {
    Failure failure{409, "reply_forgotten",
                    "an earlier try with this Idempotency-Key was executed; its answer was too large to be kept"};
    failure.outcome = "done";
    throw Refused{std::move(failure)};
  }
}

}  // namespace

const char* code_of(std::uint32_t outcome, tenon_error error) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
    case TENON_OUTCOME_REFUSED:
      return name_of(error);
    case TENON_OUTCOME_SESSION_EXPIRED:
      return "session_expired";
    case TENON_OUTCOME_OVERLOADED:
      return "overloaded";
    default:
      return "unknown_outcome";
  }
}

const char* outcome_name(std::uint32_t outcome) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
      return "done";
    case TENON_OUTCOME_REFUSED:
    case TENON_OUTCOME_OVERLOADED:
      return "refused";
    default:
      return "unknown";
  }
}

Failure failure_of(const tenon_completion& completion, tenon_error error) {
  Failure failure{status_of(completion.outcome, error), code_of(completion.outcome, error),
                  completion.message.size != 0 ? std::string(view(completion.message))
                                               : std::string(message_of(completion.outcome, error))};
  failure.outcome = outcome_name(completion.outcome);
  failure.leader = completion.leader;
  if (completion.leader_address.size != 0) {
    failure.leader_address = "http://" + std::string(view(completion.leader_address));
  }
  if (failure.status == 429 || failure.status == 503) failure.fields = kRetryAfter;
  const bool is_too_late = completion.outcome == TENON_OUTCOME_REFUSED && error == TENON_ERROR_COMPACTED;
  if (is_too_late && completion.revision != 0) {
    failure.limit = Limit{"oldest_revision", completion.revision};
  }
  if (const auto depth = net::depth_reached(completion)) failure.limit = Limit{"queue_depth", *depth};
  return failure;
}

Failure failure_or_redirect(const tenon_completion& completion, tenon_error error, std::string_view target) {
  Failure failure = failure_of(completion, error);
  const bool is_elsewhere = completion.outcome == TENON_OUTCOME_REFUSED && error == TENON_ERROR_NOT_LEADER;
  if (!is_elsewhere || failure.leader_address.empty()) return failure;
  failure.status = 307;
  failure.fields = field_line("Location", failure.leader_address + std::string(target));
  return failure;
}

void refuse_for_now(std::string message, std::string code) {
  throw Refused{Failure{.status = 503, .code = std::move(code), .message = std::move(message), .fields = kRetryAfter}};
}

void require_count(std::span<const tenon_result> all, std::size_t count) {
  if (all.size() == count) return;
  Failure failure{500, "internal",
                  "the node's answer has " + std::to_string(all.size()) + " results; expected " +
                      std::to_string(count) + ", one for each operation"};
  failure.outcome = outcome_name(TENON_OUTCOME_UNKNOWN);
  throw Refused{std::move(failure)};
}

const tenon_result& only_result(const tenon_completion& completion, std::string_view target) {
  const std::span<const tenon_result> all = all_results(completion, target);
  require_count(all, 1);
  if (all[0].error != TENON_OK) throw Refused{failure_of(completion, all[0].error)};
  return all[0];
}

std::span<const tenon_result> all_results(const tenon_completion& completion, std::string_view target) {
  require_done(completion, target);
  return results(completion);
}

std::string state_fields(const tenon_completion& completion) {
  std::string fields = "X-Tenon-Revision: " + std::to_string(completion.revision) + "\r\n";
  if (completion.term != 0) fields += "X-Tenon-Term: " + std::to_string(completion.term) + "\r\n";
  if (completion.leader != 0) fields += "X-Tenon-Leader: " + std::to_string(completion.leader) + "\r\n";
  return fields;
}

}  // namespace tenon::api_http
