// SPDX-License-Identifier: MIT
#include "failure.hpp"

#include "tenon/bytes.hpp"

namespace tenon::api_resp {

namespace {

std::string with_message(std::string_view word, const tenon_completion& completion, std::string_view otherwise) {
  const std::string_view message = completion.message.size != 0 ? view(completion.message) : otherwise;
  return std::string(word) + " " + std::string(message);
}

std::string not_led(const tenon_completion& completion, Redirect redirect, std::uint16_t slot) {
  if (completion.leader == 0) return "CLUSTERDOWN The cluster is down: no leader is known; try again";
  if (redirect == Redirect::kForward) return with_message("TRYAGAIN", completion, "the leader has changed; try again");
  if (completion.leader_address.size != 0) {
    return "MOVED " + std::to_string(slot) + " " + std::string(view(completion.leader_address));
  }
  return "READONLY You can't write against a read only replica: node " + std::to_string(completion.leader) +
         " leads, and does not say where it serves this protocol";
}

}  // namespace

std::string failure_text(const tenon_completion& completion, Redirect redirect, std::uint16_t slot) {
  if (is_unknown(completion)) {
    return with_message("UNKNOWN", completion, "nobody can say whether it was applied") + "; it may have been applied";
  }
  if (completion.outcome == TENON_OUTCOME_OVERLOADED) {
    return with_message("TRYAGAIN", completion, "the node is at its bounds; it was not applied");
  }
  switch (completion.error) {
    case TENON_ERROR_NOT_LEADER:
      return not_led(completion, redirect, slot);
    case TENON_ERROR_BUSY:
    case TENON_ERROR_CANCELLED:
      return with_message("TRYAGAIN", completion, "it was not applied; try again");
    case TENON_ERROR_TIMEOUT:
      if (completion.leader == 0) return "CLUSTERDOWN The cluster is down: no leader was found in time; try again";
      return with_message("TRYAGAIN", completion, "it was not done in time; try again");
    case TENON_ERROR_CLOSED:
      return with_message("LOADING", completion, "the node is starting or stopping");
    case TENON_ERROR_NO_SPACE:
      return with_message("OOM", completion, "command not allowed: there is no space left");
    default:
      return with_message("ERR", completion, "the node refused the request; it was not applied");
  }
}

std::string operation_failure_text(const tenon_result& result, bool makes_value) {
  switch (result.error) {
    case TENON_ERROR_WRONG_TYPE:
      return result.number != 0 ? "ERR increment or decrement would overflow"
                                : "ERR value is not an integer or out of range";
    case TENON_ERROR_TOO_LARGE:
      return makes_value ? "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
                         : "ERR the values are more than one reply may hold (7 MiB); ask for fewer at a time";
    default:
      return "ERR the operation was refused and changed nothing (" + std::to_string(result.error) + ")";
  }
}

}  // namespace tenon::api_resp
