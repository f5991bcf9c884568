// SPDX-License-Identifier: MIT
// Several operations in one request, and sessions, within which a request can be tried again.
#include <charconv>

#include "asking.hpp"
#include "handlers.hpp"
#include "json_input.hpp"
#include "json_text.hpp"
#include "operation_json.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

void append_results(JsonObject& object, std::string& text, const std::vector<OperationShape>& shapes,
                    std::span<const tenon_result> all, std::string_view message) {
  require_count(all, shapes.size());
  object.name("results");
  text += '[';
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 0) text += ',';
    append_result(text, shapes[i], all[i], message);
  }
  text += ']';
}

Response read_transaction(const Exchange& exchange, const tenon_completion& completion,
                          const std::vector<OperationShape>& operations, const std::vector<OperationShape>& otherwise) {
  const std::span<const tenon_result> all = all_results(completion, exchange.request().target);
  for (const tenon_result& result : all) {
    if (result.error != TENON_OK) throw Refused{failure_of(completion, result.error)};
  }
  const bool succeeded = (completion.flags & TENON_COMPLETION_ELSE) == 0;
  Response response;
  {
    JsonObject object(response.body);
    object.big("revision", completion.revision);
    object.flag("succeeded", succeeded);
    append_results(object, response.body, succeeded ? operations : otherwise, all, {});
  }
  response.body += '\n';
  response.fields = state_fields(completion);
  return response;
}

Response read_batch(const Exchange& exchange, const tenon_completion& completion,
                    const std::vector<OperationShape>& operations) {
  const std::span<const tenon_result> all = all_results(completion, exchange.request().target);
  Response response;
  {
    JsonObject object(response.body);
    object.big("revision", completion.revision);
    append_results(object, response.body, operations, all, view(completion.message));
  }
  response.body += '\n';
  response.fields = state_fields(completion);
  return response;
}

// With the way of a read and that of a write, for it may be either.
tenon_request mixed_request(Service& service, const Exchange& exchange, std::span<const tenon_operation> operations) {
  tenon_request made = write_request(service, exchange, operations);
  const tenon_request read = read_request(service, exchange, operations);
  made.consistency = read.consistency;
  made.max_age_ms = read.max_age_ms;
  return made;
}

std::uint64_t session_of(const Exchange& exchange) {
  const std::string& text = exchange.rest();
  std::uint64_t session = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), session);
  if (error != std::errc() || end != text.data() + text.size() || session == 0) {
    refuse("the path names no session; expected the number that POST /v1/sessions gave");
  }
  return session;
}

void ask_of_session(Service& service, const std::shared_ptr<Exchange>& exchange, std::uint32_t kind) {
  tenon_request asked = request(0, operations_of(service, operation(kind, {})));
  asked.timeout_ms = milliseconds_of(*exchange, "timeout").value_or(0);
  asked.session = session_of(*exchange);
  ask(service, exchange, asked, [exchange](const tenon_completion& completion) {
    only_result(completion, exchange->request().target);
    return Response{200, kJsonType, "{}\n", state_fields(completion)};
  });
}

}  // namespace

void run_transaction(Service& service, const std::shared_ptr<Exchange>& exchange) {
  const boost::json::object body = parse_json_object(exchange->request().body, service.settings.json_depth_max);
  const JsonInput input(body);
  input.require_only({"compares", "operations", "otherwise"});
  net::RequestBatch& batch = service.submissions.batch();
  const auto compares = read_compares(batch, input.array("compares"));
  const auto operations = read_operations(batch, input.array("operations"), "operations");
  const auto otherwise = read_operations(batch, input.array("otherwise"), "otherwise");
  tenon_request asked = mixed_request(service, *exchange, operations);
  asked.compares = compares.data();
  asked.compare_count = compares.size();
  asked.otherwise = otherwise.data();
  asked.otherwise_count = otherwise.size();
  ask(service, exchange, asked,
      [exchange, shapes = shapes_of(operations), others = shapes_of(otherwise)](const tenon_completion& completion) {
        return read_transaction(*exchange, completion, shapes, others);
      });
}

void run_batch(Service& service, const std::shared_ptr<Exchange>& exchange) {
  const boost::json::object body = parse_json_object(exchange->request().body, service.settings.json_depth_max);
  const JsonInput input(body);
  input.require_only({"operations"});
  const auto operations = read_operations(service.submissions.batch(), input.array("operations"), "operations");
  tenon_request asked = mixed_request(service, *exchange, operations);
  asked.flags |= TENON_REQUEST_INDEPENDENT;
  ask(service, exchange, asked, [exchange, shapes = shapes_of(operations)](const tenon_completion& completion) {
    return read_batch(*exchange, completion, shapes);
  });
}

void open_session(Service& service, const std::shared_ptr<Exchange>& exchange) {
  constexpr std::uint64_t kMinuteMs = 60'000;
  tenon_operation open = operation(TENON_SESSION_OPEN, {});
  open.expiry_ms = milliseconds_of(*exchange, "ttl").value_or(kMinuteMs);
  tenon_request asked = request(0, operations_of(service, open));
  asked.timeout_ms = milliseconds_of(*exchange, "timeout").value_or(0);
  ask(service, exchange, asked, [exchange](const tenon_completion& completion) {
    const tenon_result& result = only_result(completion, exchange->request().target);
    return Response{200, kJsonType, "{\"session\":\"" + std::to_string(result.number) + "\"}\n",
                    state_fields(completion)};
  });
}

void keep_session(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_of_session(service, exchange, TENON_SESSION_KEEP_ALIVE);
}

void close_session(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_of_session(service, exchange, TENON_SESSION_CLOSE);
}

}  // namespace tenon::api_http
