// SPDX-License-Identifier: MIT
#include <algorithm>

#include "conversion.hpp"
#include "error_mapping.hpp"
#include "tenon/operation.hpp"

namespace tenon::api_thrift {

namespace {

using thrift_api::ErrorCode;

[[noreturn]] void refuse(ErrorCode::type code, const std::string& message) { throw refusal(code, message); }

tenon_operation operation_of(net::RequestBatch& batch, std::uint32_t kind, const std::string& key) {
  tenon_operation made = operation(kind, {});
  made.key = batch.keep(key);
  return made;
}

std::uint64_t bound_of(const char* name, std::int64_t number) {
  if (number < 0) {
    refuse(ErrorCode::INVALID,
           std::string(name) + " is " + std::to_string(number) + "; expected 0 or a positive number");
  }
  return static_cast<std::uint64_t>(number);
}

std::uint64_t positive_of(const char* name, std::int64_t number) {
  if (number <= 0) {
    refuse(ErrorCode::INVALID, std::string(name) + " is " + std::to_string(number) + "; expected a positive number");
  }
  return static_cast<std::uint64_t>(number);
}

// A write that may return the record as it was before.
template <class Write>
tenon_operation write_of(net::RequestBatch& batch, std::uint32_t kind, const Write& write) {
  tenon_operation made = operation_of(batch, kind, write.key);
  if (write.return_previous) made.flags |= TENON_WITH_PREVIOUS;
  return made;
}

// Sets when the key expires, and returns how many ways to say it the request has used.
template <class Write>
int set_expiry(const Write& write, tenon_operation& made) {
  if (write.__isset.ttl_ms) made.expiry_ms = positive_of("ttl_ms", write.ttl_ms);
  if (write.__isset.expires_at_ms) {
    made.expiry_ms = positive_of("expires_at_ms", write.expires_at_ms);
    made.flags |= TENON_EXPIRY_ABSOLUTE;
  }
  return write.__isset.ttl_ms + write.__isset.expires_at_ms;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::PutRequest& put) {
  tenon_operation made = write_of(batch, TENON_PUT, put);
  made.value = batch.keep(put.value);
  int ways = set_expiry(put, made);
  if (put.keep_expiry) {
    made.flags |= TENON_EXPIRY_KEEP;
    ++ways;
  }
  if (ways > 1) {
    refuse(ErrorCode::INVALID, "a put says twice when the key expires; set one of ttl_ms, expires_at_ms, keep_expiry");
  }
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::GetRequest& get) {
  return operation_of(batch, TENON_GET, get.key);
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::RemoveRequest& remove) {
  return write_of(batch, TENON_DELETE, remove);
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::AppendRequest& append) {
  tenon_operation made = write_of(batch, TENON_APPEND, append);
  made.value = batch.keep(append.value);
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::IncrementRequest& increment) {
  tenon_operation made = write_of(batch, TENON_INCREMENT, increment);
  made.delta = increment.delta;
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::ExpireRequest& expire) {
  tenon_operation made = write_of(batch, TENON_EXPIRE, expire);
  if (set_expiry(expire, made) != 1) {
    refuse(ErrorCode::INVALID, "an expire does not say when; set exactly one of ttl_ms and expires_at_ms");
  }
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::PersistRequest& persist) {
  return write_of(batch, TENON_PERSIST, persist);
}

// The range of a scan, a removal or a watch.
template <class Range>
tenon_operation range_of(net::RequestBatch& batch, std::uint32_t kind, const Range& range) {
  const bool has_bound = range.__isset.first_key || range.__isset.end_key;
  if (range.__isset.prefix && has_bound) {
    refuse(ErrorCode::INVALID, "a range has both a prefix and a bound; set prefix, or first_key and end_key");
  }
  tenon_operation made = operation_of(batch, kind, range.__isset.prefix ? range.prefix : range.first_key);
  if (range.__isset.prefix) made.flags |= TENON_RANGE_PREFIX;
  made.range_end = batch.keep(range.end_key);
  made.limit = bound_of("limit", range.limit);
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::RemoveRangeRequest& remove) {
  if (!remove.__isset.prefix && !remove.__isset.first_key && !remove.__isset.end_key) {
    refuse(ErrorCode::INVALID, "a removal has no range; set prefix, or first_key and end_key; an empty prefix is all");
  }
  tenon_operation made = range_of(batch, TENON_DELETE_RANGE, remove);
  made.cursor = batch.keep(remove.cursor);
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::ScanRequest& scan) {
  tenon_operation made = range_of(batch, TENON_SCAN, scan);
  made.cursor = batch.keep(scan.cursor);
  made.limit_bytes = bound_of("limit_bytes", scan.limit_bytes);
  if (scan.keys_only) made.flags |= TENON_SCAN_KEYS;
  if (scan.count_only) made.flags |= TENON_SCAN_COUNT;
  if (scan.backward) made.flags |= TENON_SCAN_BACKWARD;
  if (scan.__isset.match) {
    made.flags |= TENON_SCAN_MATCH;
    made.value = batch.keep(scan.match);
  }
  return made;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::WatchRequest& watch) {
  tenon_operation made = range_of(batch, TENON_WATCH, watch);
  made.revision = bound_of("from_revision", watch.from_revision);
  if (watch.return_previous) made.flags |= TENON_WITH_PREVIOUS;
  return made;
}

template <class Write>
void refuse_session(const Write& write) {
  if (write.__isset.in_session) {
    refuse(ErrorCode::INVALID, "an operation of a transaction has in_session; set that of the transaction");
  }
}

template <class Read>
const Read& without_consistency(const Read& read) {
  if (read.__isset.consistency || read.__isset.max_age_ms) {
    refuse(ErrorCode::INVALID, "an operation of a transaction has a consistency; set that of the transaction");
  }
  return read;
}

tenon_operation operation_of(net::RequestBatch& batch, const thrift_api::Operation& one) {
  const auto& isset = one.__isset;
  const auto write = [&batch](const auto& member) {
    refuse_session(member);
    return operation_of(batch, member);
  };
  if (isset.put + isset.get + isset.remove + isset.scan + isset.append + isset.increment + isset.remove_range +
          isset.expire + isset.persist !=
      1) {
    refuse(ErrorCode::UNSUPPORTED,
           "an operation has not exactly one member that this version knows: put, get, remove, scan, append, "
           "increment, remove_range, expire, persist");
  }
  if (isset.put) return write(one.put);
  if (isset.get) return operation_of(batch, without_consistency(one.get));
  if (isset.remove) return write(one.remove);
  if (isset.append) return write(one.append);
  if (isset.increment) return write(one.increment);
  if (isset.remove_range) return write(one.remove_range);
  if (isset.expire) return write(one.expire);
  if (isset.persist) return write(one.persist);
  return operation_of(batch, without_consistency(one.scan));
}

// The number that came for an enum. It may lie outside of what the type can hold, so it is not read as that type.
template <class Enum>
std::int32_t number_of(const Enum& value) noexcept {
  std::int32_t number = 0;
  static_assert(sizeof number == sizeof value);
  std::memcpy(&number, &value, sizeof number);
  return number;
}

std::uint32_t consistency_of(std::int32_t consistency) noexcept {
  switch (consistency) {
    case thrift_api::Consistency::LEASE:
      return TENON_READ_LEASE;
    case thrift_api::Consistency::STALE:
      return TENON_READ_STALE;
    case thrift_api::Consistency::LOG:
      return TENON_READ_LOG;
    default:
      return TENON_READ_LINEARIZABLE;
  }
}

template <class Read>
tenon_request consistent(const Read& read, tenon_request made) {
  if (read.__isset.consistency) made.consistency = consistency_of(number_of(read.consistency));
  if (!read.__isset.max_age_ms) return made;
  if (made.consistency != TENON_READ_STALE) {
    refuse(ErrorCode::INVALID, "a read has max_age_ms and is not STALE; set consistency = STALE, or leave it out");
  }
  made.max_age_ms = positive_of("max_age_ms", read.max_age_ms);
  return made;
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

tenon_compare compare_of(net::RequestBatch& batch, const thrift_api::Compare& compare) {
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

tenon_request request_of(net::RequestBatch& batch, const tenon_operation& one) {
  const std::span<tenon_operation> operations = batch.make<tenon_operation>(1);
  operations[0] = one;
  return request(0, operations);
}

// The request of a read.
template <class Read>
tenon_request read_of(net::RequestBatch& batch, const Read& read) {
  return request_of(batch, operation_of(batch, read));
}

template <class Write>
tenon_request in_session_of(const Write& write, tenon_request request) {
  if (!write.__isset.in_session) return request;
  request.session = positive_of("session", write.in_session.session);
  request.session_sequence = positive_of("sequence", write.in_session.sequence);
  request.session_outstanding = bound_of("lowest_outstanding", write.in_session.lowest_outstanding);
  return request;
}

// The request of a write that is no transaction.
template <class Write>
tenon_request write_request_of(net::RequestBatch& batch, const Write& write) {
  return in_session_of(write, request_of(batch, operation_of(batch, write)));
}

std::span<tenon_operation> operations_of(net::RequestBatch& batch, const std::vector<thrift_api::Operation>& all) {
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

tenon_request build(net::RequestBatch& batch, const thrift_api::PutRequest& put) {
  return write_request_of(batch, put);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::GetRequest& get) {
  return consistent(get, read_of(batch, get));
}
tenon_request build(net::RequestBatch& batch, const thrift_api::RemoveRequest& remove) {
  return write_request_of(batch, remove);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::ScanRequest& scan) {
  return consistent(scan, read_of(batch, scan));
}
tenon_request build(net::RequestBatch& batch, const thrift_api::AppendRequest& append) {
  return write_request_of(batch, append);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::IncrementRequest& increment) {
  return write_request_of(batch, increment);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::RemoveRangeRequest& remove) {
  return write_request_of(batch, remove);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::ExpireRequest& expire) {
  return write_request_of(batch, expire);
}
tenon_request build(net::RequestBatch& batch, const thrift_api::PersistRequest& persist) {
  return write_request_of(batch, persist);
}

tenon_request build(net::RequestBatch& batch, const thrift_api::GetManyRequest& get) {
  const std::span<tenon_operation> operations = batch.make<tenon_operation>(get.keys.size());
  std::transform(get.keys.begin(), get.keys.end(), operations.begin(),
                 [&](const std::string& key) { return operation_of(batch, TENON_GET, key); });
  return consistent(get, request(0, operations));
}

tenon_request build(net::RequestBatch& batch, const thrift_api::TransactionRequest& transaction) {
  const std::span<tenon_compare> compares = batch.make<tenon_compare>(transaction.compares.size());
  std::transform(transaction.compares.begin(), transaction.compares.end(), compares.begin(),
                 [&](const auto& compare) { return compare_of(batch, compare); });
  const std::span<tenon_operation> operations = operations_of(batch, transaction.operations);
  const tenon_request made = request(0, operations, compares, operations_of(batch, transaction.otherwise));
  return in_session_of(transaction, consistent(transaction, made));
}

// What comes from a revision on is the same on every node, however far it is.
tenon_request build(net::RequestBatch& batch, const thrift_api::WatchRequest& watch) {
  bound_of("wait_ms", watch.wait_ms);
  tenon_request made = read_of(batch, watch);
  if (watch.from_revision != 0) made.consistency = TENON_READ_STALE;
  return made;
}

tenon_request build(net::RequestBatch& batch, const thrift_api::OpenSessionRequest& open) {
  tenon_operation made = operation(TENON_SESSION_OPEN, {});
  made.expiry_ms = positive_of("duration_ms", open.duration_ms);
  return request_of(batch, made);
}

tenon_request build(net::RequestBatch& batch, const thrift_api::KeepSessionAliveRequest& keep_alive) {
  tenon_request made = request_of(batch, operation(TENON_SESSION_KEEP_ALIVE, {}));
  made.session = positive_of("session", keep_alive.session);
  made.session_outstanding = bound_of("lowest_outstanding", keep_alive.lowest_outstanding);
  return made;
}

tenon_request build(net::RequestBatch& batch, const thrift_api::CloseSessionRequest& close) {
  tenon_request made = request_of(batch, operation(TENON_SESSION_CLOSE, {}));
  made.session = positive_of("session", close.session);
  return made;
}

tenon_request build_admin(net::RequestBatch& batch, const std::string& verb, const std::string& argument) {
  tenon_operation made = operation_of(batch, TENON_ADMIN, verb);
  made.value = batch.keep(argument);
  return request_of(batch, made);
}

RequestShape shape_of(const tenon_request& request) {
  return {shapes_of(request.operations, request.operation_count),
          shapes_of(request.otherwise, request.otherwise_count)};
}

bool writes(const RequestShape& shape) noexcept {
  const auto is_write = [](const OperationShape& one) {
    const bool of_session = one.kind >= TENON_SESSION_OPEN && one.kind <= TENON_SESSION_CLOSE;
    return of_session || changes_keyspace(one.kind);
  };
  return std::any_of(shape.operations.begin(), shape.operations.end(), is_write) ||
         std::any_of(shape.otherwise.begin(), shape.otherwise.end(), is_write);
}

}  // namespace tenon::api_thrift
