// SPDX-License-Identifier: MIT
// How routes read what a request asks for, and ask the node for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange.hpp"
#include "service.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_http {

// Each throws Refused that names the parameter when its text is not of the form; nullopt: it is absent.
// Decimal digits.
std::optional<std::uint64_t> number_of(const Exchange& exchange, std::string_view parameter);
// Decimal digits and one of us ms s m h; digits alone are seconds.
std::optional<std::uint64_t> milliseconds_of(const Exchange& exchange, std::string_view parameter);
// yes, true, 1 or nothing at all; no, false or 0.
bool flag_of(const Exchange& exchange, std::string_view parameter, bool if_absent);
// Bytes without padding, in the alphabet for URLs of RFC 4648.
std::string cursor_of(const Exchange& exchange);

// A request for these operations with what the parameters consistency, max_age, timeout and forward say. What it refers
// to lies in the batch.
tenon_request read_request(Service& service, const Exchange& exchange, std::span<const tenon_operation> operations);
// The same with timeout, forward and the field Idempotency-Key.
tenon_request write_request(Service& service, const Exchange& exchange, std::span<const tenon_operation> operations);
// One operation, in the batch.
std::span<tenon_operation> operations_of(Service& service, const tenon_operation& one);

// Asks the node. `read` makes the answer of the completion; what it throws as Refused is the answer instead.
using ReadCompletion = std::function<Response(const tenon_completion&)>;
void ask(Service& service, const std::shared_ptr<Exchange>& exchange, const tenon_request& request,
         ReadCompletion read);
// Asks it for admin verbs and reads the texts that it answers, in the order of the verbs.
using ReadTexts = std::function<Response(const std::vector<std::string>&)>;
void ask_admin(Service& service, const std::shared_ptr<Exchange>& exchange, std::vector<std::string_view> verbs,
               ReadTexts read);

}  // namespace tenon::api_http
