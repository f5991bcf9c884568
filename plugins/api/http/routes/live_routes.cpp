// SPDX-License-Identifier: MIT
// What happens, by WebSocket. Beside the pages that every path is for, those of other members of the cluster may listen
// here: a dashboard hears of each node by its own word, and of one that it could go to when its own is lost.
#include <algorithm>
#include <optional>
#include <utility>

#include "admin_text.hpp"
#include "handlers.hpp"
#include "live_sockets.hpp"
#include "outcome.hpp"
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

// Throws Refused. A node that has just started hears from each other member where that one serves pages: until all have
// said it, a page that is not among them is not known to be another site's.
void require_page_of_member(const Request& request, const tenon_result& members) {
  if (members.record_count != 1) refuse_foreign();
  const std::string_view text = view(members.records[0].value);
  const auto places = web_addresses(text);
  const std::string_view origin = request.field(FieldName::origin).value_or("");
  const auto is_place = [&](const std::string& place) { return is_origin_of(origin, place); };
  if (std::any_of(places.begin(), places.end(), is_place)) return;
  const auto table = read_table(text);
  const auto is_silent = [](const NamedTexts& member) { return text_at(member, "clients").empty(); };
  if (std::none_of(table.begin(), table.end(), is_silent)) refuse_foreign();
  refuse_for_now(
      "the request comes from a page of another site or of a member that has not said yet where it serves pages",
      "members_silent");
}

}  // namespace

void open_live(Service& service, const std::shared_ptr<Exchange>& exchange) {
  check_upgrade(exchange->request(), service.settings.live);
  if (!is_foreign(service, exchange->request())) return open(service, exchange);
  const auto operations = service.telling.batch().make<tenon_operation>(1);
  operations[0] = admin("members");
  service.telling.add(request(0, operations), [&service, exchange](Completion completion) {
    try {
      require_page_of_member(exchange->request(), only_result(*completion, exchange->request().target));
      open(service, exchange);
    } catch (const Refused& refused) {
      exchange->fail(refused.failure);
    }
  });
}

}  // namespace tenon::api_http
