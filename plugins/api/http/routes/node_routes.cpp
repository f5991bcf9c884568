// SPDX-License-Identifier: MIT
// What the node says of itself. All of it is answered from what the host publishes, without a word to the node's
// thread.
#include <algorithm>

#include "admin_text.hpp"
#include "asking.hpp"
#include "cluster_json.hpp"
#include "handlers.hpp"
#include "json_text.hpp"
#include "web_files.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
// Entries that are committed and not applied, beyond which the node is said to be behind.
constexpr std::uint64_t kBehindMax = 10'000;

struct Check {
  std::string_view name;
  bool is_passed;
  std::string why;  // it is not
};

// What a node that is well never keeps waiting for so long: somebody should end it, so that it begins anew.
constexpr std::uint64_t kStandstillMsMax = 30'000;

std::string waited(std::string_view what, std::uint64_t milliseconds) {
  return std::string(what) + " has waited for " + std::to_string(milliseconds) + " ms, at most " +
         std::to_string(kStandstillMsMax) + " are allowed";
}

std::vector<Check> live_checks(const NamedTexts& status) {
  const std::uint64_t mail_ms = number_at(status, "mail_age_ms");
  const std::uint64_t sync_ms = number_at(status, "sync_age_ms");
  return {
      {"process", true, {}},
      {"node", mail_ms <= kStandstillMsMax, waited("a message for the thread of the node", mail_ms)},
      {"disk", sync_ms <= kStandstillMsMax, waited("a write to the disk", sync_ms)},
  };
}

std::vector<Check> ready_checks(const NamedTexts& status) {
  const std::uint64_t committed = number_at(status, "commit_index");
  const std::uint64_t applied = number_at(status, "applied_index");
  const std::string_view standing = text_at(status, "standing");
  return {
      {"leader", number_at(status, "leader") != 0, "this node knows of no leader"},
      {"member", standing == "voter" || standing == "incoming" || standing == "outgoing",
       "this node does not vote; its standing is " + std::string(standing)},
      {"applied", committed - std::min(applied, committed) <= kBehindMax,
       std::to_string(committed - std::min(applied, committed)) + " committed entries are not applied yet, at most " +
           std::to_string(kBehindMax) + " may be"},
      {"space", text_at(status, "log_space") != "short", "the disk has no room for the log to grow"},
  };
}

Response read_checks(const Exchange& exchange, std::vector<Check> checks) {
  if (const std::string* excluded = exchange.parameter("exclude")) {
    const std::vector<std::string_view> names = split(*excluded, ',');
    for (const std::string_view name : names) {
      if (std::none_of(checks.begin(), checks.end(), [&](const Check& one) { return one.name == name; })) {
        refuse("the parameter exclude names a check that is not there", "invalid");
      }
    }
    std::erase_if(checks,
                  [&](const Check& one) { return std::find(names.begin(), names.end(), one.name) != names.end(); });
  }
  const bool is_passed = std::all_of(checks.begin(), checks.end(), [](const Check& one) { return one.is_passed; });
  Response response{is_passed ? 200u : 503u, kTextType, {}, {}};
  if (!is_passed || flag_of(exchange, "verbose", false)) {
    for (const Check& one : checks) {
      response.body.append(one.is_passed ? "[+]" : "[-]").append(one.name);
      response.body.append(one.is_passed ? " ok" : " failed: " + one.why).append("\n");
    }
  }
  response.body += is_passed ? "ok\n" : "failed\n";
  if (!is_passed) response.fields = "Retry-After: 1\r\n";
  return response;
}

void tell_checks(Service& service, const std::shared_ptr<Exchange>& exchange,
                 std::vector<Check> (*checks)(const NamedTexts&)) {
  ask_admin(service, exchange, {"status"}, [exchange, checks](const std::vector<std::string>& texts) {
    return read_checks(*exchange, checks(read_lines(texts[0])));
  });
}

}  // namespace

void tell_live(Service& service, const std::shared_ptr<Exchange>& exchange) {
  tell_checks(service, exchange, live_checks);
}

void tell_ready(Service& service, const std::shared_ptr<Exchange>& exchange) {
  tell_checks(service, exchange, ready_checks);
}

void tell_version(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"status"}, [](const std::vector<std::string>& texts) {
    const NamedTexts status = read_lines(texts[0]);
    Response response;
    {
      JsonObject object(response.body);
      object.text("version", text_at(status, "version"));
      object.text("api", "v1");
      object.text("cluster_id", text_at(status, "cluster_id"));
      object.text("node_id", text_at(status, "node_id"));
    }
    response.body += '\n';
    return response;
  });
}

void tell_cluster(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"status", "members"}, [](const std::vector<std::string>& texts) {
    Response response;
    response.body = cluster_json(texts[0], texts[1]) + "\n";
    return response;
  });
}

void tell_slow_operations(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"slow_operations"}, [](const std::vector<std::string>& texts) {
    Response response;
    response.body = "{\"operations\":[";
    for (const SlowOperationJson& one : slow_operations_json(texts[0])) {
      response.body.append(response.body.ends_with('[') ? "" : ",").append(one.json);
    }
    response.body += "]}\n";
    return response;
  });
}

void tell_description(Service&, const std::shared_ptr<Exchange>& exchange) {
  const WebFile& file = web_files().front();
  exchange->respond({200, kJsonType, std::string(file.bytes, file.bytes + file.size), {}});
}

void tell_metrics(Service& service, const std::shared_ptr<Exchange>& exchange) {
  ask_admin(service, exchange, {"metrics"}, [](const std::vector<std::string>& texts) {
    return Response{200, kPrometheusType, texts[0], {}};
  });
}

}  // namespace tenon::api_http
