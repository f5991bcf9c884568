// SPDX-License-Identifier: MIT
// Between the types of this client and those that Thrift generates.
#pragma once

#include <Kv.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "caller.hpp"
#include "tenon_client/operation.hpp"

namespace tenon::client {

inline std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }
inline std::int64_t wire_integer(std::uint64_t value) { return static_cast<std::int64_t>(value); }

inline Record to_record(const thrift_api::Record& record) {
  Record made{record.key,
              record.__isset.value ? record.value : std::string(),
              number(record.create_revision),
              number(record.mod_revision),
              number(record.version),
              std::nullopt};
  if (record.__isset.expires_at_ms) made.expires_at_ms = number(record.expires_at_ms);
  return made;
}

inline std::optional<Record> to_optional(bool is_set, const thrift_api::Record& record) {
  if (!is_set) return std::nullopt;
  return to_record(record);
}
template <class Reply>
std::optional<Record> previous_of(const Reply& reply) {
  return to_optional(reply.__isset.previous, reply.previous);
}

template <class Request>
void set_session(Request& request, const std::optional<InSession>& in_session) {
  if (!in_session) return;
  thrift_api::InSession made;
  made.__set_session(wire_integer(in_session->session));
  made.__set_sequence(wire_integer(in_session->sequence));
  if (in_session->lowest_outstanding != 0) made.__set_lowest_outstanding(wire_integer(in_session->lowest_outstanding));
  request.__set_in_session(made);
}

template <class Request>
void set_options(Request& request, const WriteOptions& options) {
  if (options.previous == Previous::kWanted) request.__set_return_previous(true);
  set_session(request, options.in_session);
}

inline thrift_api::Consistency::type to_consistency(Consistency consistency) {
  switch (consistency) {
    case Consistency::kLease:
      return thrift_api::Consistency::LEASE;
    case Consistency::kStale:
      return thrift_api::Consistency::STALE;
    case Consistency::kLog:
      return thrift_api::Consistency::LOG;
    default:
      return thrift_api::Consistency::LINEARIZABLE;
  }
}

template <class Request>
void set_consistency(Request& request, const ReadOptions& options) {
  if (options.consistency != Consistency::kLinearizable) {
    request.__set_consistency(to_consistency(options.consistency));
  }
  if (options.max_age.count() > 0) request.__set_max_age_ms(options.max_age.count());
}

template <class Request>
void set_range(Request& request, const KeyRange& range) {
  if (range.prefix) request.__set_prefix(*range.prefix);
  if (!range.first_key.empty()) request.__set_first_key(range.first_key);
  if (!range.end_key.empty()) request.__set_end_key(range.end_key);
}

// But for kAsBefore, which only a put has.
template <class Request>
void set_expiry(Request& request, const Expiry& expiry) {
  if (expiry.kind == Expiry::Kind::kAfter) request.__set_ttl_ms(wire_integer(expiry.milliseconds));
  if (expiry.kind == Expiry::Kind::kAt) request.__set_expires_at_ms(wire_integer(expiry.milliseconds));
}

// A request that has a key.
template <class Request>
Request request_of(std::string_view key) {
  Request request;
  request.__set_key(std::string(key));
  return request;
}

inline thrift_api::PutRequest put_request(std::string_view key, std::string_view value, const Expiry& expiry) {
  auto request = request_of<thrift_api::PutRequest>(key);
  request.__set_value(std::string(value));
  set_expiry(request, expiry);
  if (expiry.kind == Expiry::Kind::kAsBefore) request.__set_keep_expiry(true);
  return request;
}

// One call of the Kv service: `send` writes the request by the generated client, `receive` reads the reply.
template <class Reply>
Reply call_kv(Caller& caller, Effect effect, const std::function<void(thrift_api::KvClient&)>& send,
              void (thrift_api::KvClient::*receive)(Reply&), std::chrono::milliseconds wait = {}) {
  Reply reply;
  caller.call(
      effect,
      [&](const Protocol& output) {
        thrift_api::KvClient client(output);
        send(client);
      },
      [&](const Protocol& input) {
        thrift_api::KvClient client(input);
        reply = Reply();
        (client.*receive)(reply);
      },
      wait);
  return reply;
}

}  // namespace tenon::client
