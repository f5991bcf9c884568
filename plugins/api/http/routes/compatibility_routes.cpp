// SPDX-License-Identifier: MIT
// Paths that an earlier key-value server had: /set, /get, /delete, /health, /raft/status. Writes go to the leader only;
// any other node answers 409 and says where it is. Their errors have the form
// {"ok": false, "error", "message", "request_id"} and, for not_leader, "leaderId" and "leader".
#include <algorithm>
#include <cstdlib>

#include "admin_text.hpp"
#include "asking.hpp"
#include "handlers.hpp"
#include "json_input.hpp"
#include "json_text.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

Response response_of_compatible(const Failure& failure, std::string_view request_id) {
  Response response;
  const bool is_elsewhere = failure.code == "not_leader";
  response.status = is_elsewhere ? 409 : failure.status;
  {
    JsonObject object(response.body);
    object.flag("ok", false);
    object.text("error", failure.code);
    object.text("message", failure.message);
    object.text("request_id", request_id);
    if (is_elsewhere) {
      object.text("leaderId", failure.leader == 0 ? "" : std::to_string(failure.leader));
      object.text("leader", failure.leader_address);
    }
  }
  response.body += '\n';
  return response;
}

// Reads the request and asks, or answers why not.
template <class Read>
void answer_compatibly(Exchange& exchange, Read&& read) {
  try {
    read();
  } catch (const Refused& refused) {
    exchange.respond(response_of_compatible(refused.failure, exchange.request_id()));
  }
}

void ask_node(Service& service, const std::shared_ptr<Exchange>& exchange, const tenon_request& asked,
              std::function<void(JsonObject&, const tenon_completion&, const tenon_result&)> append) {
  ask(service, exchange, asked, [exchange, append = std::move(append)](const tenon_completion& completion) {
    try {
      const bool is_done = completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK;
      if (!is_done) return response_of_compatible(failure_of(completion, completion.error), exchange->request_id());
      Response response;
      {
        JsonObject object(response.body);
        object.flag("ok", true);
        append(object, completion, only_result(completion, {}));
      }
      response.body += '\n';
      return response;
    } catch (const Refused& refused) {
      return response_of_compatible(refused.failure, exchange->request_id());
    }
  });
}

std::string required_key(const Exchange& exchange) {
  const std::string* key = exchange.parameter("key");
  if (key == nullptr || key->empty()) refuse("the parameter key is missing or empty", "key_empty");
  return *key;
}

tenon_request for_leader(std::span<const tenon_operation> operations) {
  tenon_request made = request(0, operations);
  made.flags |= TENON_REQUEST_NO_FORWARD;
  return made;
}

[[noreturn]] void refuse_absent() { refuse("there is no such key", "key_not_found", 404); }

// The first of its addresses for clients that this API serves.
std::string address_of(const NamedTexts& member) {
  for (const std::string_view one : split(text_at(member, "clients"), '|')) {
    if (one.starts_with("http://")) return std::string(one);
  }
  return {};
}

std::string role_of(const NamedTexts& status) {
  std::string role(text_at(status, "role"));
  if (!role.empty() && role[0] >= 'a' && role[0] <= 'z') role[0] = static_cast<char>(role[0] - 'a' + 'A');
  return role;
}

struct Cluster {
  NamedTexts status;
  std::vector<NamedTexts> members;

  std::string_view own_id() const { return text_at(status, "node_id"); }
  std::string address(std::string_view id) const {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const NamedTexts& one) { return text_at(one, "id") == id; });
    return found == members.end() ? std::string() : address_of(*found);
  }
  std::string leader_id() const {
    const std::string_view id = text_at(status, "leader");
    return id == "0" ? std::string() : std::string(id);
  }
  // Of all members but this one.
  std::string peers() const {
    std::string list = "[";
    for (const NamedTexts& member : members) {
      if (text_at(member, "id") == own_id()) continue;
      const std::string address = address_of(member);
      list += (list.size() == 1 ? "" : ",") + quoted(address.empty() ? text_at(member, "id") : address);
    }
    return list += ']';
  }
  std::string by_peer(std::string_view name) const {
    std::string text;
    JsonObject object(text);
    for (const NamedTexts& member : members) {
      if (member.contains(name)) object.raw(text_at(member, "id"), std::to_string(number_at(member, name)));
    }
    object.end();
    return text;
  }
};

// A sample without labels.
double metric_of(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ' ') continue;
    return std::strtod(std::string(line.substr(name.size() + 1)).c_str(), nullptr);
  }
  return 0;
}

void append_number(JsonObject& object, std::string_view name, std::uint64_t number) {
  object.raw(name, std::to_string(number));
}

}  // namespace

void set_compatible(Service& service, const std::shared_ptr<Exchange>& exchange) {
  answer_compatibly(*exchange, [&] {
    const boost::json::object body = parse_json_object(exchange->request().body, service.settings.json_depth_max);
    const JsonInput input(body);
    const std::string key = input.text("key").value_or("");
    const std::optional<std::string> value = input.text("value");
    if (key.empty()) refuse("the member key is missing or empty", "key_empty");
    if (!value) refuse("the member value is missing", "value_missing");
    net::RequestBatch& batch = service.submissions.batch();
    tenon_operation one = operation(TENON_PUT, view(batch.keep(key)));
    one.value = batch.keep(*value);
    ask_node(service, exchange, for_leader(operations_of(service, one)),
             [key, value = *value](JsonObject& object, const tenon_completion&, const tenon_result&) {
               object.text("key", key);
               object.text("value", value);
             });
  });
}

void get_compatible(Service& service, const std::shared_ptr<Exchange>& exchange) {
  answer_compatibly(*exchange, [&] {
    const std::string key = required_key(*exchange);
    const tenon_operation one = get(view(service.submissions.batch().keep(key)));
    ask_node(service, exchange, request(0, operations_of(service, one)),
             [key](JsonObject& object, const tenon_completion&, const tenon_result& result) {
               if (result.record_count == 0) refuse_absent();
               object.bytes("key", key);
               object.bytes("value", view(result.records[0].value));
             });
  });
}

void delete_compatible(Service& service, const std::shared_ptr<Exchange>& exchange) {
  answer_compatibly(*exchange, [&] {
    const std::string key = required_key(*exchange);
    const tenon_operation one = erase(view(service.submissions.batch().keep(key)));
    ask_node(service, exchange, for_leader(operations_of(service, one)),
             [key](JsonObject& object, const tenon_completion&, const tenon_result& result) {
               if (result.number == 0) refuse_absent();
               object.bytes("key", key);
             });
  });
}

void tell_health(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"status", "members", "metrics"}, [](const std::vector<std::string>& texts) {
    constexpr double kMillisecondsPerSecond = 1000;
    const Cluster cluster{read_lines(texts[0]), read_table(texts[1])};
    const double age_seconds = std::clamp(metric_of(texts[2], "tenon_state_age_seconds"), 0.0, 1e9);
    Response response;
    {
      JsonObject object(response.body);
      object.text("id", cluster.own_id());
      object.text("addr", cluster.address(cluster.own_id()));
      object.raw("peers", cluster.peers());
      append_number(object, "peersCount", cluster.members.empty() ? 0 : cluster.members.size() - 1);
      object.text("state", role_of(cluster.status));
      append_number(object, "term", number_at(cluster.status, "term"));
      object.text("leaderId", cluster.leader_id());
      append_number(object, "lastHeartbeatAgoMs", static_cast<std::uint64_t>(age_seconds * kMillisecondsPerSecond));
    }
    response.body += '\n';
    return response;
  });
}

void tell_raft_status(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"status", "members"}, [](const std::vector<std::string>& texts) {
    const Cluster cluster{read_lines(texts[0]), read_table(texts[1])};
    const std::uint64_t first = number_at(cluster.status, "first_index");
    const std::uint64_t last = number_at(cluster.status, "last_index");
    Response response;
    {
      JsonObject object(response.body);
      object.text("node_id", cluster.own_id());
      object.text("state", role_of(cluster.status));
      append_number(object, "term", number_at(cluster.status, "term"));
      append_number(object, "commitIndex", number_at(cluster.status, "commit_index"));
      append_number(object, "lastApplied", number_at(cluster.status, "applied_index"));
      append_number(object, "logLen", last + 1 - std::min(first, last + 1));
      append_number(object, "lastLogIndex", last);
      append_number(object, "lastLogTerm", number_at(cluster.status, "last_term"));
      append_number(object, "logBaseIndex", first == 0 ? 0 : first - 1);
      object.text("leaderId", cluster.leader_id());
      object.text("leaderAddr", cluster.address(cluster.leader_id()));
      object.raw("peers", cluster.peers());
      object.raw("nextIndex", cluster.by_peer("next_index"));
      object.raw("matchIndex", cluster.by_peer("match_index"));
    }
    response.body += '\n';
    return response;
  });
}

}  // namespace tenon::api_http
