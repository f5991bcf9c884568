// SPDX-License-Identifier: MIT
#include "operation_json.hpp"

#include <algorithm>
#include "base64.hpp"
#include "json_input.hpp"
#include "json_text.hpp"
#include "outcome.hpp"
#include "refused.hpp"

namespace tenon::api_http {

namespace json = boost::json;

namespace {

struct KindName {
  std::string_view name;
  std::uint32_t kind;
};
constexpr KindName kKinds[] = {
    {"get", TENON_GET},       {"scan", TENON_SCAN},           {"put", TENON_PUT},
    {"append", TENON_APPEND}, {"increment", TENON_INCREMENT}, {"delete", TENON_DELETE},
    {"expire", TENON_EXPIRE}, {"persist", TENON_PERSIST},     {"delete_range", TENON_DELETE_RANGE},
};

std::string_view name_of(std::uint32_t kind) noexcept {
  const auto found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindName& one) { return one.kind == kind; });
  return found == std::end(kKinds) ? "unknown" : found->name;
}

std::uint32_t kind_of(const JsonInput& input) {
  const std::string name = input.text("op").value_or("");
  const auto found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindName& one) { return one.name == name; });
  if (found == std::end(kKinds)) {
    input.refuse_member("op", "get, scan, put, append, increment, delete, delete_range, expire or persist");
  }
  return found->kind;
}

std::string required_bytes(const JsonInput& input, std::string_view name) {
  std::optional<std::string> bytes = input.bytes(name);
  if (!bytes) input.refuse_member(name, "it to be there, or " + std::string(name) + "_base64");
  return *std::move(bytes);
}

// Sets when the key expires, and returns how many ways to say it the object has used.
int set_expiry(const JsonInput& input, tenon_operation& made) {
  const auto ttl = input.number("ttl_ms");
  const auto expires_at = input.number("expires_at_ms");
  if (ttl) made.expiry_ms = *ttl;
  if (expires_at) {
    made.expiry_ms = *expires_at;
    made.flags |= TENON_EXPIRY_ABSOLUTE;
  }
  if ((ttl && *ttl == 0) || (expires_at && *expires_at == 0)) input.refuse_member("the expiry", "a positive number");
  return (ttl ? 1 : 0) + (expires_at ? 1 : 0);
}

void set_range(net::RequestBatch& batch, const JsonInput& input, tenon_operation& made) {
  const auto prefix = input.bytes("prefix");
  const auto start = input.bytes("start");
  const auto end = input.bytes("end");
  if (prefix && (start || end)) input.refuse_member("the range", "either prefix, or start and end");
  if (made.kind == TENON_DELETE_RANGE && !prefix && !start && !end) {
    input.refuse_member("the range", "prefix, or start and end; an empty prefix is every key");
  }
  made.key = batch.keep(prefix ? *prefix : start.value_or(""));
  if (prefix) made.flags |= TENON_RANGE_PREFIX;
  made.range_end = batch.keep(end.value_or(""));
  made.limit = input.number("limit").value_or(0);
  const auto cursor = base64_decoded(input.text("cursor").value_or(""));
  if (!cursor) input.refuse_member("cursor", "one that an earlier result had");
  made.cursor = batch.keep(*cursor);
}

void read_scan(net::RequestBatch& batch, const JsonInput& input, tenon_operation& made) {
  input.require_only({"op", "prefix", "prefix_base64", "start", "start_base64", "end", "end_base64", "limit",
                      "limit_bytes", "cursor", "keys", "count", "reverse", "match", "match_base64"});
  set_range(batch, input, made);
  made.limit_bytes = input.number("limit_bytes").value_or(0);
  if (input.flag("keys")) made.flags |= TENON_SCAN_KEYS;
  if (input.flag("count")) made.flags |= TENON_SCAN_COUNT;
  if (input.flag("reverse")) made.flags |= TENON_SCAN_BACKWARD;
  if (const auto match = input.bytes("match")) {
    made.flags |= TENON_SCAN_MATCH;
    made.value = batch.keep(*match);
  }
}

void read_put(net::RequestBatch& batch, const JsonInput& input, tenon_operation& made) {
  input.require_only({"op", "key", "key_base64", "value", "value_base64", "ttl_ms", "expires_at_ms", "keep_expiry",
                      "return_previous"});
  made.value = batch.keep(required_bytes(input, "value"));
  int ways = set_expiry(input, made);
  if (input.flag("keep_expiry")) {
    made.flags |= TENON_EXPIRY_KEEP;
    ++ways;
  }
  if (ways > 1) input.refuse_member("the expiry", "one of ttl_ms, expires_at_ms and keep_expiry");
}

void read_of_key(net::RequestBatch& batch, const JsonInput& input, tenon_operation& made) {
  switch (made.kind) {
    case TENON_PUT:
      read_put(batch, input, made);
      break;
    case TENON_APPEND:
      input.require_only({"op", "key", "key_base64", "value", "value_base64", "return_previous"});
      made.value = batch.keep(required_bytes(input, "value"));
      break;
    case TENON_INCREMENT:
      input.require_only({"op", "key", "key_base64", "delta", "return_previous"});
      made.delta = input.signed_number("delta").value_or(1);
      break;
    case TENON_EXPIRE:
      input.require_only({"op", "key", "key_base64", "ttl_ms", "expires_at_ms", "return_previous"});
      if (set_expiry(input, made) != 1) input.refuse_member("the expiry", "ttl_ms or expires_at_ms");
      break;
    case TENON_GET:
      input.require_only({"op", "key", "key_base64"});
      break;
    default:
      input.require_only({"op", "key", "key_base64", "return_previous"});
  }
  made.key = batch.keep(required_bytes(input, "key"));
  if (made.kind != TENON_GET && input.flag("return_previous")) made.flags |= TENON_WITH_PREVIOUS;
}

tenon_operation read_operation(net::RequestBatch& batch, const JsonInput& input) {
  tenon_operation made = operation(kind_of(input), {});
  if (made.kind == TENON_SCAN) {
    read_scan(batch, input, made);
  } else if (made.kind == TENON_DELETE_RANGE) {
    input.require_only(
        {"op", "prefix", "prefix_base64", "start", "start_base64", "end", "end_base64", "limit", "cursor"});
    set_range(batch, input, made);
  } else {
    read_of_key(batch, input, made);
  }
  return made;
}

std::uint32_t relation_of(const JsonInput& input) {
  const std::string text = input.text("relation").value_or("=");
  if (text == "=") return TENON_EQUAL;
  if (text == "!=") return TENON_NOT_EQUAL;
  if (text == "<") return TENON_LESS;
  if (text == ">") return TENON_GREATER;
  input.refuse_member("relation", "=, !=, < or >");
}

std::uint32_t target_of(const JsonInput& input) {
  const std::string text = input.text("target").value_or("");
  if (text == "value") return TENON_COMPARE_VALUE;
  if (text == "version") return TENON_COMPARE_VERSION;
  if (text == "create_revision") return TENON_COMPARE_CREATED;
  if (text == "mod_revision") return TENON_COMPARE_MODIFIED;
  input.refuse_member("target", "value, version, create_revision or mod_revision");
}

void append_previous(JsonObject& object, std::string& text, const tenon_result& result) {
  for (const tenon_record& record : records(result)) {
    if (record.kind != TENON_RECORD_PREVIOUS) continue;
    object.name("previous");
    append_record(text, record, WithValue::kYes);
  }
}

void append_outcome(JsonObject& object, std::string& text, const OperationShape& shape, const tenon_result& result) {
  switch (shape.kind) {
    case TENON_GET:
      object.name("record");
      if (result.record_count == 0) {
        text += "null";
      } else {
        append_record(text, result.records[0], WithValue::kYes);
      }
      return;
    case TENON_SCAN:
      return append_scan(object, text, shape, result);
    case TENON_DELETE_RANGE:
      object.big("deleted", result.number);
      if (result.cursor.size != 0) object.text("cursor", base64_encoded(view(result.cursor), Base64::kForUrls));
      return;
    case TENON_DELETE:
      object.flag("deleted", result.number != 0);
      break;
    case TENON_APPEND:
      object.big("length", result.number);
      break;
    case TENON_INCREMENT:
      object.big("number", result.number);
      break;
    case TENON_EXPIRE:
    case TENON_PERSIST:
      object.flag("changed", result.number != 0);
      break;
    default:
      break;
  }
  append_previous(object, text, result);
}

}  // namespace

std::vector<OperationShape> shapes_of(std::span<const tenon_operation> operations) {
  std::vector<OperationShape> shapes;
  shapes.reserve(operations.size());
  for (const tenon_operation& one : operations) shapes.push_back({one.kind, one.flags});
  return shapes;
}

std::span<tenon_operation> read_operations(net::RequestBatch& batch, std::span<const json::value> all,
                                           std::string_view name) {
  const std::span<tenon_operation> made = batch.make<tenon_operation>(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    made[i] = read_operation(batch, JsonInput(all[i].get_object(), std::string(name) + "[" + std::to_string(i) + "]"));
  }
  return made;
}

std::span<tenon_compare> read_compares(net::RequestBatch& batch, std::span<const json::value> all) {
  const std::span<tenon_compare> made = batch.make<tenon_compare>(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const JsonInput input(all[i].get_object(), "compares[" + std::to_string(i) + "]");
    input.require_only({"key", "key_base64", "target", "relation", "value", "value_base64", "number"});
    made[i].key = batch.keep(required_bytes(input, "key"));
    made[i].what = target_of(input);
    made[i].relation = relation_of(input);
    if (made[i].what == TENON_COMPARE_VALUE) {
      made[i].value = batch.keep(required_bytes(input, "value"));
    } else {
      const auto number = input.number("number");
      if (!number) input.refuse_member("number", "it to be there");
      made[i].number = *number;
    }
  }
  return made;
}

void append_scan(JsonObject& object, std::string& text, const OperationShape& shape, const tenon_result& result) {
  if ((shape.flags & TENON_SCAN_COUNT) != 0) {
    object.big("count", result.number);
  } else {
    const WithValue with_value = (shape.flags & TENON_SCAN_KEYS) != 0 ? WithValue::kNo : WithValue::kYes;
    object.name("records");
    text += '[';
    for (std::uint32_t i = 0; i < result.record_count; ++i) {
      if (i != 0) text += ',';
      append_record(text, result.records[i], with_value);
    }
    text += ']';
  }
  if (result.cursor.size != 0) object.text("cursor", base64_encoded(view(result.cursor), Base64::kForUrls));
}

void append_result(std::string& text, const OperationShape& shape, const tenon_result& result,
                   std::string_view message) {
  JsonObject object(text);
  object.text("op", name_of(shape.kind));
  if (result.error == TENON_OK) return append_outcome(object, text, shape, result);
  object.name("error");
  JsonObject error(text);
  error.text("code", code_of(TENON_OUTCOME_DONE, result.error));
  if (result.error == TENON_ERROR_TOO_LARGE && !message.empty()) error.text("message", message);
}

}  // namespace tenon::api_http
