// SPDX-License-Identifier: MIT
// JSON-RPC 2.0 as clients send it: one call, or an array of calls.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "response.hpp"

namespace tenon::api_http {

struct RpcLimits {
  std::uint64_t json_depth_max;  // of a message
  std::uint64_t calls_max;       // in it
  std::uint64_t id_bytes_max;    // of a call, as JSON
};

struct RpcError {
  int code;
  std::string message;
  std::string word = {};  // for programs, as HTTP errors have it; empty: the code says all
  std::optional<Limit> limit = std::nullopt;
};
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParameters = -32602;
inline constexpr int kRefused = -32000;

// Thrown by whoever answers a call; so is Refused, which becomes kInvalidParameters.
struct RpcRefused {
  RpcError error;
};

struct RpcCall {
  std::string method;
  boost::json::object parameters;
};

// Calls `answer` for each call in `text`, which returns the result as JSON, and returns what is to be sent: an object,
// an array of them, or nothing when all were notifications. What is no call is answered with its error. `failed` is
// told of each error, also of a notification, which is answered with nothing.
using AnswerCall = std::function<std::string(const RpcCall&)>;
using CallFailed = std::function<void(const RpcError&)>;
std::string answer_rpc(std::string_view text, const RpcLimits& limits, const AnswerCall& answer,
                       const CallFailed& failed);

// The beginning of a notification, up to where its parameters are; `}` ends it behind them.
std::string notification_head(std::string_view method);

}  // namespace tenon::api_http
