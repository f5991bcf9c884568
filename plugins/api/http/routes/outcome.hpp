// SPDX-License-Identifier: MIT
// The one place where what the node says of a request becomes what the client is told. docs/apis/http-api.md has the
// same table for people.
#pragma once

#include <string>

#include "response.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_http {

// One word for programs.
const char* code_of(std::uint32_t outcome, tenon_error error) noexcept;
const char* outcome_name(std::uint32_t outcome) noexcept;

// For a request that ended as `completion` says, or for which `error` is that of one of its operations.
Failure failure_of(const tenon_completion& completion, tenon_error error);
// The same for a request of this target that another node would have to do: 307 to the leader, when it is known.
Failure failure_or_redirect(const tenon_completion& completion, tenon_error error, std::string_view target);

// The result of a request that asked for one operation. Throws Refused when the request or the operation failed.
const tenon_result& only_result(const tenon_completion& completion, std::string_view target);
// The results of one that asked for several. Throws Refused when the request failed.
std::span<const tenon_result> all_results(const tenon_completion& completion, std::string_view target);

// Throws Refused: 503, to be tried again, for what this node cannot answer yet.
[[noreturn]] void refuse_for_now(std::string message, std::string code);

// Throws Refused when there is not one result for each of so many operations: the node's answer is input too.
void require_count(std::span<const tenon_result> all, std::size_t count);

// What every answer of the node's state says beside its body: X-Tenon-Revision, X-Tenon-Term and X-Tenon-Leader.
std::string state_fields(const tenon_completion& completion);

}  // namespace tenon::api_http
