// SPDX-License-Identifier: MIT
#include "asking.hpp"

#include <algorithm>
#include <charconv>

#include "base64.hpp"
#include "outcome.hpp"
#include "tenon/option.hpp"

namespace tenon::api_http {

namespace {

[[noreturn]] void refuse_parameter(std::string_view name, const std::string& expected) {
  refuse("the parameter " + std::string(name) + " is not of its form; expected " + expected);
}

std::optional<std::uint64_t> decimal_of(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void set_way(const Exchange& exchange, tenon_request& request) {
  request.timeout_ms = milliseconds_of(exchange, "timeout").value_or(0);
  if (!flag_of(exchange, "forward", true)) request.flags |= TENON_REQUEST_NO_FORWARD;
}

std::uint32_t consistency_of(std::string_view text) {
  if (text == "linearizable") return TENON_READ_LINEARIZABLE;
  if (text == "lease") return TENON_READ_LEASE;
  if (text == "stale") return TENON_READ_STALE;
  if (text == "log") return TENON_READ_LOG;
  refuse_parameter("consistency", "linearizable, lease, stale or log");
}

// The field is SESSION-SEQUENCE. The node keeps the answers to the last 64 sequences of a session.
void set_session(const Exchange& exchange, tenon_request& request) {
  constexpr std::uint64_t kKept = 64;
  const auto key = exchange.request().field("idempotency-key");
  if (!key) return;
  const std::size_t dash = std::min(key->find('-'), key->size());
  const std::uint64_t session = decimal_of(key->substr(0, dash)).value_or(0);
  const std::uint64_t sequence = decimal_of(key->substr(std::min(dash + 1, key->size()))).value_or(0);
  if (session == 0 || sequence == 0) {
    refuse(
        "the Idempotency-Key is not of its form; expected SESSION-SEQUENCE, the number that POST /v1/sessions gave, "
        "a dash, and 1, 2, 3.. for each write of the session",
        "invalid_idempotency_key");
  }
  request.session = session;
  request.session_sequence = sequence;
  request.session_outstanding = sequence < kKept ? 1 : sequence - kKept + 1;
}

}  // namespace

std::optional<std::uint64_t> number_of(const Exchange& exchange, std::string_view parameter) {
  const std::string* text = exchange.parameter(parameter);
  if (text == nullptr) return std::nullopt;
  const auto number = decimal_of(*text);
  if (!number) refuse_parameter(parameter, "decimal digits");
  return number;
}

std::optional<std::uint64_t> milliseconds_of(const Exchange& exchange, std::string_view parameter) {
  const std::string* text = exchange.parameter(parameter);
  if (text == nullptr) return std::nullopt;
  const bool is_digits = decimal_of(*text).has_value();
  const auto duration = parse_duration(is_digits ? *text + "s" : *text);
  const auto count = duration ? std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count() : 0;
  if (count <= 0) refuse_parameter(parameter, "a duration of at least 1ms, such as 500ms, 30s, 5m or 2h");
  return static_cast<std::uint64_t>(count);
}

bool flag_of(const Exchange& exchange, std::string_view parameter, bool if_absent) {
  const std::string* text = exchange.parameter(parameter);
  if (text == nullptr) return if_absent;
  if (text->empty() || *text == "yes" || *text == "true" || *text == "1") return true;
  if (*text == "no" || *text == "false" || *text == "0") return false;
  refuse_parameter(parameter, "yes or no");
}

std::string cursor_of(const Exchange& exchange) {
  const std::string* text = exchange.parameter("cursor");
  if (text == nullptr) return {};
  const auto cursor = base64_decoded(*text);
  if (!cursor || cursor->empty()) refuse_parameter("cursor", "one that an earlier answer had");
  return *cursor;
}

tenon_request read_request(Service&, const Exchange& exchange, std::span<const tenon_operation> operations) {
  tenon_request made = request(0, operations);
  set_way(exchange, made);
  if (const std::string* text = exchange.parameter("consistency")) made.consistency = consistency_of(*text);
  if (const auto max_age = milliseconds_of(exchange, "max_age")) {
    if (made.consistency != TENON_READ_STALE) {
      refuse("a read has max_age and is not stale; set consistency=stale, or leave it out");
    }
    made.max_age_ms = *max_age;
  }
  return made;
}

tenon_request write_request(Service&, const Exchange& exchange, std::span<const tenon_operation> operations) {
  tenon_request made = request(0, operations);
  set_way(exchange, made);
  set_session(exchange, made);
  return made;
}

std::span<tenon_operation> operations_of(Service& service, const tenon_operation& one) {
  const std::span<tenon_operation> made = service.submissions.batch().make<tenon_operation>(1);
  made[0] = one;
  return made;
}

void ask(Service& service, const std::shared_ptr<Exchange>& exchange, const tenon_request& request,
         ReadCompletion read) {
  tenon_request traced = request;
  traced.trace = service.submissions.batch().keep(exchange->request_id());
  service.submissions.add(traced, [exchange, read = std::move(read)](Completion completion) {
    try {
      exchange->respond(read(*completion));
    } catch (const Refused& refused) {
      exchange->fail(refused.failure);
    }
  });
}

void ask_admin(Service& service, const std::shared_ptr<Exchange>& exchange, std::vector<std::string_view> verbs,
               ReadTexts read) {
  struct Gathered {
    std::vector<std::string> texts;
    std::size_t missing;
    bool is_over = false;
  };
  const auto gathered = std::make_shared<Gathered>(Gathered{std::vector<std::string>(verbs.size()), verbs.size()});
  for (std::size_t i = 0; i < verbs.size(); ++i) {
    const auto operations = service.telling.batch().make<tenon_operation>(1);
    operations[0] = admin(verbs[i]);
    service.telling.add(request(0, operations), [exchange, gathered, i, read](Completion completion) {
      if (gathered->is_over) return;
      try {
        const tenon_result& result = only_result(*completion, exchange->request().target);
        if (result.record_count != 0) gathered->texts[i] = view(result.records[0].value);
        if (--gathered->missing != 0) return;
        gathered->is_over = true;
        exchange->respond(read(gathered->texts));
      } catch (const Refused& refused) {
        gathered->is_over = true;
        exchange->fail(refused.failure);
      }
    });
  }
}

}  // namespace tenon::api_http
