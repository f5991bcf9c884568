// SPDX-License-Identifier: MIT
// One key as a resource whose body is its value, and ranges of keys.
#include "asking.hpp"
#include "condition.hpp"
#include "handlers.hpp"
#include "json_text.hpp"
#include "operation_json.hpp"
#include "outcome.hpp"

namespace tenon::api_http {

namespace {

std::string_view target_of(const Exchange& exchange) noexcept { return exchange.request().target; }

std::string record_fields(const tenon_record& record) {
  std::string fields = "ETag: " + entity_tag(record.modified) + "\r\n";
  fields += "X-Tenon-Create-Revision: " + std::to_string(record.created) + "\r\n";
  fields += "X-Tenon-Version: " + std::to_string(record.version) + "\r\n";
  if (record.expires_at_ms != 0) fields += "X-Tenon-Expires-At-Ms: " + std::to_string(record.expires_at_ms) + "\r\n";
  return fields;
}

Response read_get(const Exchange& exchange, const tenon_completion& completion) {
  const tenon_result& result = only_result(completion, target_of(exchange));
  std::string fields = state_fields(completion);
  fields += "X-Tenon-Cluster-Time-Ms: " + std::to_string(completion.cluster_time_ms) + "\r\n";
  if (result.record_count == 0) {
    Failure failure{404, "key_not_found", "there is no such key"};
    failure.fields = fields;
    throw Refused{std::move(failure)};
  }
  const tenon_record& record = result.records[0];
  fields += record_fields(record);
  switch (condition_of(exchange.request(), record.modified)) {
    case ReadCondition::kNotModified:
      return {304, kBytesType, {}, fields};
    case ReadCondition::kFailed: {
      Failure failure{412, "precondition_failed", "the key has another entity tag than If-Match says"};
      failure.fields = fields;
      throw Refused{std::move(failure)};
    }
    default:
      return {200, kBytesType, std::string(view(record.value)), fields};
  }
}

// Of a write whose condition did not hold; the other operation then told how the key is now.
[[noreturn]] void refuse_condition(const tenon_completion& completion) {
  Failure failure{412, "precondition_failed", "the key is not as If-Match or If-None-Match says; nothing was changed"};
  failure.outcome = "done";
  failure.fields = state_fields(completion);
  for (const tenon_result& result : results(completion)) {
    for (const tenon_record& record : records(result)) failure.fields += record_fields(record);
  }
  throw Refused{std::move(failure)};
}

const tenon_result& written_result(const tenon_completion& completion, const Exchange& exchange) {
  all_results(completion, target_of(exchange));
  if ((completion.flags & TENON_COMPLETION_ELSE) != 0) refuse_condition(completion);
  return only_result(completion, target_of(exchange));
}

void append_previous(JsonObject& object, std::string& text, const tenon_result& result) {
  for (const tenon_record& record : records(result)) {
    if (record.kind != TENON_RECORD_PREVIOUS) continue;
    object.name("previous");
    append_record(text, record, WithValue::kYes);
  }
}

Response read_put(const Exchange& exchange, const tenon_completion& completion) {
  const tenon_result& result = written_result(completion, exchange);
  Response response;
  {
    JsonObject object(response.body);
    object.big("revision", completion.revision);
    append_previous(object, response.body, result);
  }
  response.body += '\n';
  response.fields = state_fields(completion) + "ETag: " + entity_tag(completion.revision) + "\r\n";
  return response;
}

Response read_delete(const Exchange& exchange, const tenon_completion& completion) {
  const tenon_result& result = written_result(completion, exchange);
  Response response;
  {
    JsonObject object(response.body);
    object.big("revision", completion.revision);
    object.flag("deleted", result.number != 0);
    append_previous(object, response.body, result);
  }
  response.body += '\n';
  response.fields = state_fields(completion);
  return response;
}

Response read_scan(const Exchange& exchange, const tenon_completion& completion, std::uint32_t flags) {
  const tenon_result& result = only_result(completion, target_of(exchange));
  Response response;
  std::string& text = response.body;
  {
    JsonObject object(text);
    object.big("revision", completion.revision);
    object.big("cluster_time_ms", completion.cluster_time_ms);
    append_scan(object, text, {TENON_SCAN, flags}, result);
  }
  text += '\n';
  response.fields = state_fields(completion);
  return response;
}

// Makes the write conditional when the request is.
void set_condition(Service& service, const Exchange& exchange, std::string_view key, tenon_request& request) {
  const std::optional<tenon_compare> compare = compare_of(exchange.request(), key);
  if (!compare) return;
  const auto compares = service.submissions.batch().make<tenon_compare>(1);
  compares[0] = *compare;
  tenon_operation look = operation(TENON_SCAN, key);
  look.flags = TENON_RANGE_ONE | TENON_SCAN_KEYS;
  const auto otherwise = operations_of(service, look);
  request.compares = compares.data();
  request.compare_count = compares.size();
  request.otherwise = otherwise.data();
  request.otherwise_count = otherwise.size();
}

void write_key(Service& service, const std::shared_ptr<Exchange>& exchange, tenon_operation operation,
               Response (*read)(const Exchange&, const tenon_completion&)) {
  if (flag_of(*exchange, "return_previous", false)) operation.flags |= TENON_WITH_PREVIOUS;
  tenon_request asked = write_request(service, *exchange, operations_of(service, operation));
  set_condition(service, *exchange, view(operation.key), asked);
  ask(service, exchange, asked,
      [exchange, read](const tenon_completion& completion) { return read(*exchange, completion); });
}

}  // namespace

void get_key(Service& service, const std::shared_ptr<Exchange>& exchange) {
  const tenon_operation one = get(view(service.submissions.batch().keep(exchange->rest())));
  ask(service, exchange, read_request(service, *exchange, operations_of(service, one)),
      [exchange](const tenon_completion& completion) { return read_get(*exchange, completion); });
}

void put_key(Service& service, const std::shared_ptr<Exchange>& exchange) {
  net::RequestBatch& batch = service.submissions.batch();
  tenon_operation one = operation(TENON_PUT, view(batch.keep(exchange->rest())));
  one.value = batch.keep(exchange->request().body);
  const auto ttl = milliseconds_of(*exchange, "ttl");
  const auto expires_at = number_of(*exchange, "expires_at_ms");
  const bool keeps = flag_of(*exchange, "keep_expiry", false);
  if ((ttl ? 1 : 0) + (expires_at ? 1 : 0) + (keeps ? 1 : 0) > 1) {
    refuse("a put says twice when the key expires; set one of ttl, expires_at_ms and keep_expiry");
  }
  if (ttl) one.expiry_ms = *ttl;
  if (expires_at) {
    one.expiry_ms = *expires_at;
    one.flags |= TENON_EXPIRY_ABSOLUTE;
  }
  if (keeps) one.flags |= TENON_EXPIRY_KEEP;
  write_key(service, exchange, one, read_put);
}

void delete_key(Service& service, const std::shared_ptr<Exchange>& exchange) {
  write_key(service, exchange, erase(view(service.submissions.batch().keep(exchange->rest()))), read_delete);
}

void scan_keys(Service& service, const std::shared_ptr<Exchange>& exchange) {
  net::RequestBatch& batch = service.submissions.batch();
  const std::string* prefix = exchange->parameter("prefix");
  const std::string* start = exchange->parameter("start");
  const std::string* end = exchange->parameter("end");
  if (prefix != nullptr && (start != nullptr || end != nullptr)) {
    refuse("a range has both a prefix and a bound; set prefix, or start and end");
  }
  const auto kept = [&](const std::string* text) { return text == nullptr ? tenon_bytes{} : batch.keep(*text); };
  tenon_operation one = operation(TENON_SCAN, {});
  one.key = prefix != nullptr ? kept(prefix) : kept(start);
  if (prefix != nullptr) one.flags |= TENON_RANGE_PREFIX;
  one.range_end = kept(end);
  one.limit = number_of(*exchange, "limit").value_or(0);
  one.limit_bytes = number_of(*exchange, "limit_bytes").value_or(0);
  one.cursor = batch.keep(cursor_of(*exchange));
  if (flag_of(*exchange, "keys", false)) one.flags |= TENON_SCAN_KEYS;
  if (flag_of(*exchange, "count", false)) one.flags |= TENON_SCAN_COUNT;
  if (flag_of(*exchange, "reverse", false)) one.flags |= TENON_SCAN_BACKWARD;
  if (const std::string* match = exchange->parameter("match")) {
    one.flags |= TENON_SCAN_MATCH;
    one.value = batch.keep(*match);
  }
  ask(service, exchange, read_request(service, *exchange, operations_of(service, one)),
      [exchange, flags = one.flags](const tenon_completion& completion) {
        return read_scan(*exchange, completion, flags);
      });
}

}  // namespace tenon::api_http
