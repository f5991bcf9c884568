// SPDX-License-Identifier: MIT

#include "conversion.hpp"
#include "tenon_client/client.hpp"

namespace tenon::client {
namespace {

thrift_api::CompareTarget::type to_target(Compare::Target target) {
  switch (target) {
    case Compare::Target::kValue:
      return thrift_api::CompareTarget::VALUE;
    case Compare::Target::kVersion:
      return thrift_api::CompareTarget::VERSION;
    case Compare::Target::kCreateRevision:
      return thrift_api::CompareTarget::CREATE_REVISION;
    default:
      return thrift_api::CompareTarget::MOD_REVISION;
  }
}

thrift_api::CompareRelation::type to_relation(Compare::Relation relation) {
  switch (relation) {
    case Compare::Relation::kEqual:
      return thrift_api::CompareRelation::EQUAL;
    case Compare::Relation::kNotEqual:
      return thrift_api::CompareRelation::NOT_EQUAL;
    case Compare::Relation::kLess:
      return thrift_api::CompareRelation::LESS;
    default:
      return thrift_api::CompareRelation::GREATER;
  }
}

thrift_api::Compare to_compare(const Compare& compare) {
  thrift_api::Compare made;
  made.__set_key(compare.key);
  made.__set_target(to_target(compare.target));
  made.__set_relation(to_relation(compare.relation));
  if (compare.target == Compare::Target::kValue) {
    made.__set_value(compare.value);
  } else {
    made.__set_number(wire_integer(compare.number));
  }
  return made;
}

thrift_api::Operation to_operation(const Operation& operation) {
  thrift_api::Operation made;
  switch (operation.kind) {
    case Operation::Kind::kPut:
      made.__set_put(put_request(operation.key, operation.value, operation.expiry));
      break;
    case Operation::Kind::kGet:
      made.__set_get(request_of<thrift_api::GetRequest>(operation.key));
      break;
    case Operation::Kind::kErase:
      made.__set_remove(request_of<thrift_api::RemoveRequest>(operation.key));
      break;
    case Operation::Kind::kEraseRange: {
      thrift_api::RemoveRangeRequest range;
      set_range(range, operation.range);
      made.__set_remove_range(range);
      break;
    }
    case Operation::Kind::kAppend: {
      auto append = request_of<thrift_api::AppendRequest>(operation.key);
      append.__set_value(operation.value);
      made.__set_append(append);
      break;
    }
    case Operation::Kind::kIncrement: {
      auto increment = request_of<thrift_api::IncrementRequest>(operation.key);
      increment.__set_delta(operation.delta);
      made.__set_increment(increment);
      break;
    }
    case Operation::Kind::kExpire: {
      auto expire = request_of<thrift_api::ExpireRequest>(operation.key);
      set_expiry(expire, operation.expiry);
      made.__set_expire(expire);
      break;
    }
    case Operation::Kind::kPersist:
      made.__set_persist(request_of<thrift_api::PersistRequest>(operation.key));
      break;
  }
  return made;
}

std::vector<thrift_api::Operation> to_operations(const std::vector<Operation>& operations) {
  std::vector<thrift_api::Operation> made;
  made.reserve(operations.size());
  for (const Operation& operation : operations) made.push_back(to_operation(operation));
  return made;
}

OperationResult to_result(Operation::Kind kind, const thrift_api::OperationReply& reply) {
  switch (kind) {
    case Operation::Kind::kPut:
      return {kind, std::nullopt, 0};
    case Operation::Kind::kGet:
      return {kind, to_optional(reply.get.__isset.record, reply.get.record), 0};
    case Operation::Kind::kErase:
      return {kind, std::nullopt, reply.remove.removed ? 1 : 0};
    case Operation::Kind::kEraseRange:
      return {kind, std::nullopt, reply.remove_range.removed};
    case Operation::Kind::kAppend:
      return {kind, std::nullopt, reply.append.length};
    case Operation::Kind::kIncrement:
      return {kind, std::nullopt, reply.increment.number};
    case Operation::Kind::kExpire:
      return {kind, std::nullopt, reply.expire.changed ? 1 : 0};
    default:
      return {kind, std::nullopt, reply.persist.changed ? 1 : 0};
  }
}

}  // namespace

TransactionResult Client::transaction(const Transaction& transaction) {
  thrift_api::TransactionRequest request;
  std::vector<thrift_api::Compare> compares;
  for (const Compare& compare : transaction.compares) compares.push_back(to_compare(compare));
  request.__set_compares(compares);
  request.__set_operations(to_operations(transaction.operations));
  if (!transaction.otherwise.empty()) request.__set_otherwise(to_operations(transaction.otherwise));
  set_session(request, transaction.in_session);
  const auto reply = call_kv<thrift_api::TransactionReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_transaction(request); },
      &thrift_api::KvClient::recv_transaction);
  TransactionResult result{number(reply.revision), reply.succeeded, {}};
  const std::vector<Operation>& ran = reply.succeeded ? transaction.operations : transaction.otherwise;
  if (ran.size() != reply.replies.size()) {
    throw UnknownOutcome("a transaction of " + std::to_string(ran.size()) + " operations had " +
                         std::to_string(reply.replies.size()) + " replies; the server is of another version");
  }
  for (std::size_t i = 0; i < ran.size(); ++i) result.results.push_back(to_result(ran[i].kind, reply.replies[i]));
  return result;
}

SwapResult Client::compare_and_swap(std::string_view key, const std::optional<std::string>& expected,
                                    std::string_view value, const std::optional<InSession>& in_session) {
  Transaction swap;
  Compare condition;
  condition.key = key;
  if (expected) {
    condition.target = Compare::Target::kValue;
    condition.value = *expected;
  }
  swap.compares = {condition};
  swap.operations.push_back({.kind = Operation::Kind::kPut, .key = std::string(key), .value = std::string(value)});
  swap.otherwise.push_back({.kind = Operation::Kind::kGet, .key = std::string(key)});
  swap.in_session = in_session;
  TransactionResult result = transaction(swap);
  if (result.succeeded) return {result.revision, true, std::nullopt};
  return {result.revision, false, std::move(result.results.front().record)};
}

}  // namespace tenon::client
