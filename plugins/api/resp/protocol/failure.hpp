// SPDX-License-Identifier: MIT
// The one place where what the node says of a request that it did not do becomes what the client is told.
// docs/apis/redis-api.md has the same table for people.
#pragma once

#include <cstdint>
#include <string>

#include "settings.hpp"
#include "tenon/client_api.h"

namespace tenon::api_resp {

// The text of the error, without '-', for a request that did not end as DONE without an error. `slot` is that of its
// first key.
std::string failure_text(const tenon_completion& completion, Redirect redirect, std::uint16_t slot);

// Whether nothing may be concluded about the request, so that the client must not go on as if something could.
constexpr bool is_unknown(const tenon_completion& completion) noexcept {
  return completion.outcome != TENON_OUTCOME_DONE && completion.outcome != TENON_OUTCOME_REFUSED &&
         completion.outcome != TENON_OUTCOME_SESSION_EXPIRED && completion.outcome != TENON_OUTCOME_OVERLOADED;
}

// The text for an operation that was decided to change nothing, while its request was done. `makes_value` tells a value
// that would have been too large from a reply that would have been.
std::string operation_failure_text(const tenon_result& result, bool makes_value);

}  // namespace tenon::api_resp
