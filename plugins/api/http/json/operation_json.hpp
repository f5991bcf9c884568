// SPDX-License-Identifier: MIT
// Operations, compares and results as JSON; docs/apis/http-api.md and openapi.json have their members.
#pragma once

#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/client/request_batch.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_http {

// What a reader of results needs to know of operations whose memory is gone.
struct OperationShape {
  std::uint32_t kind;
  std::uint32_t flags;
};
std::vector<OperationShape> shapes_of(std::span<const tenon_operation> operations);

// Each throws Refused that says which element is wrong. What they refer to lies in the batch.
std::span<tenon_operation> read_operations(net::RequestBatch& batch, std::span<const boost::json::value> all,
                                           std::string_view name);
std::span<tenon_compare> read_compares(net::RequestBatch& batch, std::span<const boost::json::value> all);

// An object with what the operation gave, or with its error; `message` is the completion's, and says which bound was
// passed.
void append_result(std::string& text, const OperationShape& shape, const tenon_result& result,
                   std::string_view message);
// What a scan found, as members of the object that is begun.
class JsonObject;
void append_scan(JsonObject& object, std::string& text, const OperationShape& shape, const tenon_result& result);

}  // namespace tenon::api_http
