// SPDX-License-Identifier: MIT
// Messages that are published and kept nowhere.
#include "asking.hpp"
#include "handlers.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

void publish(Service& service, const std::shared_ptr<Exchange>& exchange) {
  net::RequestBatch& batch = service.submissions.batch();
  tenon_operation one = operation(TENON_PUBLISH, view(batch.keep(exchange->rest())));
  one.value = batch.keep(exchange->request().body);
  tenon_request asked = request(0, operations_of(service, one));
  asked.timeout_ms = milliseconds_of(*exchange, "timeout").value_or(0);
  ask(service, exchange, asked, [exchange](const tenon_completion& completion) {
    const tenon_result& result = only_result(completion, exchange->request().target);
    return Response{200, kJsonType, "{\"subscribers\":\"" + std::to_string(result.number) + "\"}\n", {}};
  });
}

}  // namespace tenon::api_http
