// SPDX-License-Identifier: MIT
// What happens, by WebSocket. Beside the pages that every path is for, those of other members of the cluster may listen
// here: a dashboard hears of each node by its own word, and of one that it could go to when its own is lost.
#include <algorithm>
#include <optional>
#include <utility>

#include "admin_text.hpp"
#include "handlers.hpp"
#include "live_sockets.hpp"
#include "provenance.hpp"

namespace tenon::api_http {

namespace {

// Throws Refused.
void open(Service& service, const std::shared_ptr<Exchange>& exchange) {
  std::optional<Connection> connection = exchange->take_connection();
  if (!connection) {
    refuse("an upgrade has to be the only unanswered request of its connection", "pipelined_upgrade", 409);
  }
  service.live.take(std::move(connection->socket), std::move(connection->ticket), exchange->request());
}

bool is_of_member(const Request& request, const tenon_completion& members) {
  const bool is_done = members.outcome == TENON_OUTCOME_DONE && members.error == TENON_OK;
  if (!is_done || members.result_count != 1 || members.results[0].record_count != 1) return false;
  const auto places = web_addresses(view(members.results[0].records[0].value));
  const std::string_view origin = request.field(FieldName::origin).value_or("");
  return std::any_of(places.begin(), places.end(),
                     [&](const std::string& place) { return is_origin_of(origin, place); });
}

}  // namespace

void open_live(Service& service, const std::shared_ptr<Exchange>& exchange) {
  check_upgrade(exchange->request(), service.settings.live);
  if (!is_foreign(service, exchange->request())) return open(service, exchange);
  const auto operations = service.telling.batch().make<tenon_operation>(1);
  operations[0] = admin("members");
  service.telling.add(request(0, operations), [&service, exchange](Completion completion) {
    try {
      if (!is_of_member(exchange->request(), *completion)) refuse_foreign();
      open(service, exchange);
    } catch (const Refused& refused) {
      exchange->fail(refused.failure);
    }
  });
}

}  // namespace tenon::api_http
