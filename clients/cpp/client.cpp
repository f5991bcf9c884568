// SPDX-License-Identifier: MIT
#include "tenon_client/client.hpp"

#include <algorithm>
#include <utility>

#include "conversion.hpp"

namespace tenon::client {
namespace {

// A kind that this client does not know leaves a record as it is now.
Change::Kind kind_of(const thrift_api::Change& change) {
  switch (wire_number(change.kind)) {
    case thrift_api::ChangeKind::REMOVED:
      return Change::Kind::kErased;
    case thrift_api::ChangeKind::EXPIRED:
      return Change::Kind::kExpired;
    default:
      return Change::Kind::kPut;
  }
}

}  // namespace

Client::Client(Options options) : caller_(std::make_unique<Caller>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

PutResult Client::put(std::string_view key, std::string_view value, const PutOptions& options) {
  thrift_api::PutRequest request = put_request(key, value, options.expiry);
  set_options(request, options.write);
  const auto reply = call_kv<thrift_api::PutReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_put(request); }, &thrift_api::KvClient::recv_put);
  return {number(reply.revision), previous_of(reply)};
}

GetResult Client::get(std::string_view key, const ReadOptions& options) {
  auto request = request_of<thrift_api::GetRequest>(key);
  set_consistency(request, options);
  const auto reply = call_kv<thrift_api::GetReply>(
      *caller_, Effect::kRead, [&](auto& client) { client.send_get(request); }, &thrift_api::KvClient::recv_get);
  return {number(reply.revision), to_optional(reply.__isset.record, reply.record), number(reply.cluster_time_ms)};
}

GetManyResult Client::get_many(const std::vector<std::string>& keys, const ReadOptions& options) {
  thrift_api::GetManyRequest request;
  request.__set_keys(keys);
  set_consistency(request, options);
  const auto reply = call_kv<thrift_api::GetManyReply>(
      *caller_, Effect::kRead, [&](auto& client) { client.send_getMany(request); },
      &thrift_api::KvClient::recv_getMany);
  GetManyResult result{number(reply.revision), {}, number(reply.cluster_time_ms)};
  for (const thrift_api::FoundRecord& found : reply.records) {
    result.records.push_back(to_optional(found.__isset.record, found.record));
  }
  return result;
}

EraseResult Client::erase(std::string_view key, const WriteOptions& options) {
  auto request = request_of<thrift_api::RemoveRequest>(key);
  set_options(request, options);
  const auto reply = call_kv<thrift_api::RemoveReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_remove(request); }, &thrift_api::KvClient::recv_remove);
  return {number(reply.revision), reply.removed, previous_of(reply)};
}

EraseRangeResult Client::erase_range(const EraseRangeRequest& wanted) {
  thrift_api::RemoveRangeRequest request;
  set_range(request, wanted.range);
  if (wanted.limit != 0) request.__set_limit(wire_integer(wanted.limit));
  if (!wanted.cursor.empty()) request.__set_cursor(wanted.cursor);
  set_session(request, wanted.in_session);
  const auto reply = call_kv<thrift_api::RemoveRangeReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_removeRange(request); },
      &thrift_api::KvClient::recv_removeRange);
  return {number(reply.revision), number(reply.removed), reply.__isset.cursor ? reply.cursor : std::string()};
}

AppendResult Client::append(std::string_view key, std::string_view value, const WriteOptions& options) {
  auto request = request_of<thrift_api::AppendRequest>(key);
  request.__set_value(std::string(value));
  set_options(request, options);
  const auto reply = call_kv<thrift_api::AppendReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_append(request); }, &thrift_api::KvClient::recv_append);
  return {number(reply.revision), number(reply.length), previous_of(reply)};
}

IncrementResult Client::increment(std::string_view key, std::int64_t delta, const WriteOptions& options) {
  auto request = request_of<thrift_api::IncrementRequest>(key);
  request.__set_delta(delta);
  set_options(request, options);
  const auto reply = call_kv<thrift_api::IncrementReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_increment(request); },
      &thrift_api::KvClient::recv_increment);
  return {number(reply.revision), reply.number, previous_of(reply)};
}

ChangeResult Client::expire(std::string_view key, const Expiry& expiry, const WriteOptions& options) {
  auto request = request_of<thrift_api::ExpireRequest>(key);
  set_expiry(request, expiry);
  set_options(request, options);
  const auto reply = call_kv<thrift_api::ExpireReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_expire(request); }, &thrift_api::KvClient::recv_expire);
  return {number(reply.revision), reply.changed, previous_of(reply)};
}

ChangeResult Client::persist(std::string_view key, const WriteOptions& options) {
  auto request = request_of<thrift_api::PersistRequest>(key);
  set_options(request, options);
  const auto reply = call_kv<thrift_api::PersistReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_persist(request); },
      &thrift_api::KvClient::recv_persist);
  return {number(reply.revision), reply.changed, previous_of(reply)};
}

ScanResult Client::scan(const ScanRequest& wanted) {
  thrift_api::ScanRequest request;
  set_range(request, wanted.range);
  if (wanted.limit != 0) request.__set_limit(wire_integer(wanted.limit));
  if (wanted.content == ScanContent::kKeys) request.__set_keys_only(true);
  if (wanted.content == ScanContent::kCount) request.__set_count_only(true);
  if (wanted.order == ScanOrder::kBackward) request.__set_backward(true);
  if (!wanted.match.empty()) request.__set_match(wanted.match);
  set_consistency(request, wanted.read);
  if (!wanted.cursor.empty()) request.__set_cursor(wanted.cursor);
  const auto reply = call_kv<thrift_api::ScanReply>(
      *caller_, Effect::kRead, [&](auto& client) { client.send_scan(request); }, &thrift_api::KvClient::recv_scan);
  ScanResult result{number(reply.revision),
                    {},
                    reply.__isset.cursor ? reply.cursor : std::string(),
                    number(reply.__isset.count ? reply.count : 0)};
  for (const thrift_api::Record& record : reply.records) result.records.push_back(to_record(record));
  return result;
}

WatchResult Client::watch(const WatchRequest& wanted) {
  const std::chrono::milliseconds wait = std::min(wanted.wait, kWatchWaitMax);
  thrift_api::WatchRequest request;
  set_range(request, wanted.range);
  if (wanted.from_revision != 0) request.__set_from_revision(wire_integer(wanted.from_revision));
  if (wait.count() > 0) request.__set_wait_ms(wait.count());
  if (wanted.limit != 0) request.__set_limit(wire_integer(wanted.limit));
  if (wanted.previous == Previous::kWanted) request.__set_return_previous(true);
  thrift_api::WatchReply reply;
  try {
    reply = call_kv<thrift_api::WatchReply>(
        *caller_, Effect::kRead, [&](auto& client) { client.send_watch(request); }, &thrift_api::KvClient::recv_watch,
        wait);
  } catch (const Refused& refused) {
    if (refused.code == ErrorCode::kTimeout || refused.overloaded) caller_->leave_endpoint();
    throw;
  }
  WatchResult result{number(reply.next_revision), {}};
  for (const thrift_api::Change& change : reply.changes) {
    result.changes.push_back({kind_of(change), to_record(change.record), previous_of(change)});
  }
  return result;
}

std::uint64_t Client::open_session(std::chrono::milliseconds duration) {
  thrift_api::OpenSessionRequest request;
  request.__set_duration_ms(duration.count());
  const auto reply = call_kv<thrift_api::OpenSessionReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_openSession(request); },
      &thrift_api::KvClient::recv_openSession);
  return number(reply.session);
}

void Client::keep_session_alive(std::uint64_t session, std::uint64_t lowest_outstanding) {
  thrift_api::KeepSessionAliveRequest request;
  request.__set_session(wire_integer(session));
  if (lowest_outstanding != 0) request.__set_lowest_outstanding(wire_integer(lowest_outstanding));
  call_kv<thrift_api::KeepSessionAliveReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_keepSessionAlive(request); },
      &thrift_api::KvClient::recv_keepSessionAlive);
}

void Client::close_session(std::uint64_t session) {
  thrift_api::CloseSessionRequest request;
  request.__set_session(wire_integer(session));
  call_kv<thrift_api::CloseSessionReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_closeSession(request); },
      &thrift_api::KvClient::recv_closeSession);
}

}  // namespace tenon::client
