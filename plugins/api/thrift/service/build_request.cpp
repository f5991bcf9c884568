// SPDX-License-Identifier: MIT
#include <algorithm>

#include "conversion.hpp"
#include "error_mapping.hpp"
#include "tenon/operation.hpp"

namespace tenon::api_thrift {

namespace {

using thrift_api::ErrorCode;

[[noreturn]] void refuse(ErrorCode::type code, const std::string& message) { throw refusal(code, message); }

tenon_operation operation_of(RequestBatch& batch, std::uint32_t kind, const std::string& key) {
  tenon_operation made = operation(kind, {});
  made.key = batch.keep(key);
  return made;
}

tenon_operation operation_of(RequestBatch& batch, const thrift_api::PutRequest& put) {
  tenon_operation made = operation_of(batch, TENON_PUT, put.key);
  made.value = batch.keep(put.value);
  if (put.return_previous) made.flags |= TENON_WITH_PREVIOUS;
  return made;
}

tenon_operation operation_of(RequestBatch& batch, const thrift_api::GetRequest& get) {
  return operation_of(batch, TENON_GET, get.key);
}

tenon_operation operation_of(RequestBatch& batch, const thrift_api::RemoveRequest& remove) {
  tenon_operation made = operation_of(batch, TENON_DELETE, remove.key);
  if (remove.return_previous) made.flags |= TENON_WITH_PREVIOUS;
  return made;
}

std::uint64_t bound_of(const char* name, std::int64_t number) {
  if (number < 0) {
    refuse(ErrorCode::INVALID,
           std::string(name) + " is " + std::to_string(number) + "; expected 0 or a positive number");
  }
  return static_cast<std::uint64_t>(number);
}

tenon_operation operation_of(RequestBatch& batch, const thrift_api::ScanRequest& scan) {
  const bool has_range = scan.__isset.first_key || scan.__isset.end_key;
  if (scan.__isset.prefix && has_range) {
    refuse(ErrorCode::INVALID, "a scan has both a prefix and a range; set prefix, or first_key and end_key");
  }
  tenon_operation made = operation_of(batch, TENON_SCAN, scan.__isset.prefix ? scan.prefix : scan.first_key);
  if (scan.__isset.prefix) made.flags |= TENON_RANGE_PREFIX;
  made.range_end = batch.keep(scan.end_key);
  made.limit = bound_of("limit", scan.limit);
  made.limit_bytes = bound_of("limit_bytes", scan.limit_bytes);
  if (scan.keys_only) made.flags |= TENON_SCAN_KEYS;
  if (scan.count_only) made.flags |= TENON_SCAN_COUNT;
  made.cursor = batch.keep(scan.cursor);
  return made;
}

tenon_operation operation_of(RequestBatch& batch, const thrift_api::Operation& one) {
  const auto& isset = one.__isset;
  if (isset.put + isset.get + isset.remove + isset.scan != 1) {
    refuse(ErrorCode::UNSUPPORTED,
           "an operation has not exactly one member that this version knows: put, get, remove, scan");
  }
  if (isset.put) return operation_of(batch, one.put);
  if (isset.get) return operation_of(batch, one.get);
  if (isset.remove) return operation_of(batch, one.remove);
  return operation_of(batch, one.scan);
}

// The number that came for an enum. It may lie outside of what the type can hold, so it is not read as that type.
template <class Enum>
std::int32_t number_of(const Enum& value) noexcept {
  std::int32_t number = 0;
  static_assert(sizeof number == sizeof value);
  std::memcpy(&number, &value, sizeof number);
  return number;
}

std::uint32_t what_of(std::int32_t target) {
  switch (target) {
    case thrift_api::CompareTarget::VALUE:
      return TENON_COMPARE_VALUE;
    case thrift_api::CompareTarget::VERSION:
      return TENON_COMPARE_VERSION;
    case thrift_api::CompareTarget::CREATE_REVISION:
      return TENON_COMPARE_CREATED;
    case thrift_api::CompareTarget::MOD_REVISION:
      return TENON_COMPARE_MODIFIED;
    default:
      refuse(ErrorCode::UNSUPPORTED, "compare target " + std::to_string(target) + " is not known to this version");
  }
}

std::uint32_t relation_of(std::int32_t relation) {
  switch (relation) {
    case thrift_api::CompareRelation::EQUAL:
      return TENON_EQUAL;
    case thrift_api::CompareRelation::NOT_EQUAL:
      return TENON_NOT_EQUAL;
    case thrift_api::CompareRelation::LESS:
      return TENON_LESS;
    case thrift_api::CompareRelation::GREATER:
      return TENON_GREATER;
    default:
      refuse(ErrorCode::UNSUPPORTED, "compare relation " + std::to_string(relation) + " is not known to this version");
  }
}

tenon_compare compare_of(RequestBatch& batch, const thrift_api::Compare& compare) {
  tenon_compare made{};
  made.struct_size = sizeof made;
  made.what = what_of(number_of(compare.target));
  made.relation = relation_of(number_of(compare.relation));
  made.key = batch.keep(compare.key);
  if (made.what == TENON_COMPARE_VALUE) {
    if (!compare.__isset.value) refuse(ErrorCode::INVALID, "a compare of VALUE has no value");
    made.value = batch.keep(compare.value);
  } else {
    if (!compare.__isset.number) refuse(ErrorCode::INVALID, "a compare of a version or revision has no number");
    made.number = bound_of("the number of a compare", compare.number);
  }
  return made;
}

template <class Operation>
tenon_request request_of(RequestBatch& batch, const Operation& one) {
  const std::span<tenon_operation> operations = batch.make<tenon_operation>(1);
  operations[0] = operation_of(batch, one);
  return request(0, operations);
}

std::span<tenon_operation> operations_of(RequestBatch& batch, const std::vector<thrift_api::Operation>& all) {
  const std::span<tenon_operation> made = batch.make<tenon_operation>(all.size());
  std::transform(all.begin(), all.end(), made.begin(), [&](const auto& one) { return operation_of(batch, one); });
  return made;
}

std::vector<OperationShape> shapes_of(const tenon_operation* operations, std::uint64_t count) {
  std::vector<OperationShape> shapes;
  shapes.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) shapes.push_back({operations[i].kind, operations[i].flags});
  return shapes;
}

}  // namespace

tenon_request build(RequestBatch& batch, const thrift_api::PutRequest& put) { return request_of(batch, put); }
tenon_request build(RequestBatch& batch, const thrift_api::GetRequest& get) { return request_of(batch, get); }
tenon_request build(RequestBatch& batch, const thrift_api::RemoveRequest& remove) { return request_of(batch, remove); }
tenon_request build(RequestBatch& batch, const thrift_api::ScanRequest& scan) { return request_of(batch, scan); }

tenon_request build(RequestBatch& batch, const thrift_api::TransactionRequest& transaction) {
  const std::span<tenon_compare> compares = batch.make<tenon_compare>(transaction.compares.size());
  std::transform(transaction.compares.begin(), transaction.compares.end(), compares.begin(),
                 [&](const auto& compare) { return compare_of(batch, compare); });
  const std::span<tenon_operation> operations = operations_of(batch, transaction.operations);
  return request(0, operations, compares, operations_of(batch, transaction.otherwise));
}

tenon_request build_admin(RequestBatch& batch, const std::string& verb, const std::string& argument) {
  const std::span<tenon_operation> operations = batch.make<tenon_operation>(1);
  operations[0] = operation_of(batch, TENON_ADMIN, verb);
  operations[0].value = batch.keep(argument);
  return request(0, operations);
}

RequestShape shape_of(const tenon_request& request) {
  return {shapes_of(request.operations, request.operation_count),
          shapes_of(request.otherwise, request.otherwise_count)};
}

bool changes_keyspace(const RequestShape& shape) noexcept {
  const auto changes = [](const OperationShape& one) { return tenon::changes_keyspace(one.kind); };
  return std::any_of(shape.operations.begin(), shape.operations.end(), changes) ||
         std::any_of(shape.otherwise.begin(), shape.otherwise.end(), changes);
}

}  // namespace tenon::api_thrift
