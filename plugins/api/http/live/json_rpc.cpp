// SPDX-License-Identifier: MIT
#include "json_rpc.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "json_input.hpp"
#include "json_text.hpp"
#include "refused.hpp"

namespace tenon::api_http {

namespace json = boost::json;

namespace {

std::string error_reply(std::string_view id, const RpcError& error) {
  std::string text;
  JsonObject reply(text);
  reply.text("jsonrpc", "2.0");
  reply.raw("id", id);
  reply.name("error");
  JsonObject object(text);
  object.raw("code", std::to_string(error.code));
  object.text("message", error.message);
  if (!error.word.empty()) {
    object.name("data");
    JsonObject data(text);
    data.text("code", error.word);
    if (error.limit) data.raw("limit", limit_json(*error.limit));
  }
  object.end();
  reply.end();
  return text;
}

std::string result_reply(std::string_view id, std::string_view result) {
  std::string text;
  JsonObject reply(text);
  reply.text("jsonrpc", "2.0");
  reply.raw("id", id);
  reply.raw("result", result);
  reply.end();
  return text;
}

// Sets `id` as soon as it is known, as JSON; empty: it is a notification. Throws RpcRefused.
RpcCall read_call(const json::value& value, const RpcLimits& limits, std::string& id) {
  const auto invalid = [](const std::string& message) { throw RpcRefused{{kInvalidRequest, message}}; };
  const json::object* object = value.if_object();
  if (object == nullptr) invalid("a call is an object");
  const json::value* version = object->if_contains("jsonrpc");
  if (version == nullptr || *version != json::value("2.0")) invalid("jsonrpc is not \"2.0\"");
  std::string given_id;
  if (const json::value* member = object->if_contains("id")) {
    if (!member->is_string() && !member->is_number() && !member->is_null()) {
      invalid("an id is a string, a number or null");
    }
    given_id = json::serialize(*member);
    if (given_id.size() > limits.id_bytes_max) {
      throw RpcRefused{{kInvalidRequest,
                        "the id has more than " + std::to_string(limits.id_bytes_max) + " bytes (id_bytes_max)",
                        "id_too_large", Limit{"id_bytes_max", limits.id_bytes_max}}};
    }
    id = given_id;
  }
  RpcCall call;
  const json::value* method = object->if_contains("method");
  if (method == nullptr || !method->is_string()) invalid("method is no string");
  call.method = std::string(method->get_string().data(), method->get_string().size());
  if (const json::value* parameters = object->if_contains("params")) {
    if (!parameters->is_object()) invalid("params is no object");
    call.parameters = parameters->get_object();
  }
  id = given_id;
  return call;
}

// Nothing for a notification.
std::string answer_one(const json::value& value, const RpcLimits& limits, const AnswerCall& answer,
                       const CallFailed& failed) {
  std::string id = "null";
  try {
    const RpcCall call = read_call(value, limits, id);
    const std::string result = answer(call);
    return id.empty() ? std::string() : result_reply(id, result);
  } catch (const RpcRefused& refused) {
    failed(refused.error);
    return id.empty() ? std::string() : error_reply(id, refused.error);
  } catch (const Refused& refused) {
    const RpcError error{kInvalidParameters, refused.failure.message, refused.failure.code, refused.failure.limit};
    failed(error);
    return id.empty() ? std::string() : error_reply(id, error);
  }
}

}  // namespace

std::string answer_rpc(std::string_view text, const RpcLimits& limits, const AnswerCall& answer,
                       const CallFailed& failed) {
  const auto refuse_all = [&](const RpcError& error) {
    failed(error);
    return error_reply("null", error);
  };
  json::value value;
  try {
    value = parse_json(text, limits.json_depth_max);
  } catch (const Refused& refused) {
    return refuse_all({kParseError, refused.failure.message, refused.failure.code, refused.failure.limit});
  }
  const json::array* calls = value.if_array();
  if (calls == nullptr) return answer_one(value, limits, answer, failed);
  if (calls->empty()) return refuse_all({kInvalidRequest, "the array has no calls"});
  if (calls->size() > limits.calls_max) {
    return refuse_all({kInvalidRequest,
                       "the array has more than " + std::to_string(limits.calls_max) + " calls (calls_max)",
                       "too_many_calls", Limit{"calls_max", limits.calls_max}});
  }
  std::string replies;
  for (const json::value& call : *calls) {
    const std::string reply = answer_one(call, limits, answer, failed);
    if (!reply.empty()) replies.append(replies.empty() ? "[" : ",").append(reply);
  }
  return replies.empty() ? replies : replies + "]";
}

std::string notification_head(std::string_view method) {
  std::string text = "{\"jsonrpc\":\"2.0\",\"method\":\"";
  text.append(method).append("\",\"params\":");
  return text;
}

}  // namespace tenon::api_http
