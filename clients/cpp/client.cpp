// SPDX-License-Identifier: MIT
#include "tenon_client/client.hpp"

#include <Kv.h>

#include <utility>

#include "caller.hpp"

namespace tenon::client {
namespace {

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

Record to_record(const thrift_api::Record& record) {
  return {record.key, record.__isset.value ? record.value : std::string(), number(record.create_revision),
          number(record.mod_revision), number(record.version)};
}

std::optional<Record> to_optional(bool is_set, const thrift_api::Record& record) {
  if (!is_set) return std::nullopt;
  return to_record(record);
}

thrift_api::PutRequest put_request(std::string_view key, std::string_view value) {
  thrift_api::PutRequest request;
  request.__set_key(std::string(key));
  request.__set_value(std::string(value));
  return request;
}

thrift_api::GetRequest get_request(std::string_view key) {
  thrift_api::GetRequest request;
  request.__set_key(std::string(key));
  return request;
}

thrift_api::Compare compare(std::string_view key, const std::optional<std::string>& expected) {
  thrift_api::Compare made;
  made.__set_key(std::string(key));
  made.__set_relation(thrift_api::CompareRelation::EQUAL);
  if (expected) {
    made.__set_target(thrift_api::CompareTarget::VALUE);
    made.__set_value(*expected);
  } else {
    made.__set_target(thrift_api::CompareTarget::VERSION);
    made.__set_number(0);
  }
  return made;
}

// One call of the Kv service: `send` writes the request by the generated client, `receive` reads the reply.
template <class Reply>
Reply call_kv(Caller& caller, Effect effect, const std::function<void(thrift_api::KvClient&)>& send,
              void (thrift_api::KvClient::*receive)(Reply&)) {
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
      });
  return reply;
}

}  // namespace

Client::Client(Options options) : caller_(std::make_unique<Caller>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

PutResult Client::put(std::string_view key, std::string_view value) {
  const thrift_api::PutRequest request = put_request(key, value);
  const auto reply = call_kv<thrift_api::PutReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_put(request); }, &thrift_api::KvClient::recv_put);
  return {number(reply.revision)};
}

GetResult Client::get(std::string_view key) {
  const thrift_api::GetRequest request = get_request(key);
  const auto reply = call_kv<thrift_api::GetReply>(
      *caller_, Effect::kRead, [&](auto& client) { client.send_get(request); }, &thrift_api::KvClient::recv_get);
  return {number(reply.revision), to_optional(reply.__isset.record, reply.record)};
}

EraseResult Client::erase(std::string_view key) {
  thrift_api::RemoveRequest request;
  request.__set_key(std::string(key));
  const auto reply = call_kv<thrift_api::RemoveReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_remove(request); }, &thrift_api::KvClient::recv_remove);
  return {number(reply.revision), reply.removed};
}

ScanResult Client::scan(const ScanRequest& wanted) {
  thrift_api::ScanRequest request;
  if (wanted.range.prefix) request.__set_prefix(*wanted.range.prefix);
  if (!wanted.range.first_key.empty()) request.__set_first_key(wanted.range.first_key);
  if (!wanted.range.end_key.empty()) request.__set_end_key(wanted.range.end_key);
  if (wanted.limit != 0) request.__set_limit(static_cast<std::int64_t>(wanted.limit));
  if (wanted.content == ScanContent::kKeys) request.__set_keys_only(true);
  if (!wanted.cursor.empty()) request.__set_cursor(wanted.cursor);
  const auto reply = call_kv<thrift_api::ScanReply>(
      *caller_, Effect::kRead, [&](auto& client) { client.send_scan(request); }, &thrift_api::KvClient::recv_scan);
  ScanResult result{number(reply.revision), {}, reply.__isset.cursor ? reply.cursor : std::string()};
  for (const thrift_api::Record& record : reply.records) result.records.push_back(to_record(record));
  return result;
}

SwapResult Client::compare_and_swap(std::string_view key, const std::optional<std::string>& expected,
                                    std::string_view value) {
  thrift_api::Operation put;
  put.__set_put(put_request(key, value));
  thrift_api::Operation get;
  get.__set_get(get_request(key));
  thrift_api::TransactionRequest request;
  request.__set_compares({compare(key, expected)});
  request.__set_operations({put});
  request.__set_otherwise({get});
  const auto reply = call_kv<thrift_api::TransactionReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_transaction(request); },
      &thrift_api::KvClient::recv_transaction);
  SwapResult result{number(reply.revision), reply.succeeded, std::nullopt};
  if (!reply.succeeded && reply.replies.size() == 1 && reply.replies[0].__isset.get) {
    result.current = to_optional(reply.replies[0].get.__isset.record, reply.replies[0].get.record);
  }
  return result;
}

}  // namespace tenon::client
