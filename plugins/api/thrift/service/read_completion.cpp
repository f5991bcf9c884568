// SPDX-License-Identifier: MIT
#include "conversion.hpp"
#include "error_mapping.hpp"

namespace tenon::api_thrift {

namespace {

std::int64_t number_of(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

thrift_api::Record record_of(const tenon_record& record, bool with_value) {
  thrift_api::Record made;
  made.key.assign(view(record.key));
  if (with_value) {
    made.value.assign(view(record.value));
    made.__isset.value = true;
  }
  made.create_revision = number_of(record.created);
  made.mod_revision = number_of(record.modified);
  made.version = number_of(record.version);
  if (record.expires_at_ms != 0) made.__set_expires_at_ms(number_of(record.expires_at_ms));
  return made;
}

thrift_api::ChangeKind::type change_kind(std::uint64_t record_kind) noexcept {
  switch (record_kind) {
    case TENON_RECORD_DELETED:
      return thrift_api::ChangeKind::REMOVED;
    case TENON_RECORD_EXPIRED:
      return thrift_api::ChangeKind::EXPIRED;
    default:
      return thrift_api::ChangeKind::PUT;
  }
}

template <class Reply>
void set_previous(const tenon_result& result, Reply& reply) {
  for (const tenon_record& record : records(result)) {
    if (record.kind == TENON_RECORD_PREVIOUS) reply.__set_previous(record_of(record, true));
  }
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::PutReply& reply) {
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::GetReply& reply) {
  if (result.record_count != 0) reply.__set_record(record_of(result.records[0], true));
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::RemoveReply& reply) {
  reply.removed = result.number != 0;
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::AppendReply& reply) {
  reply.length = result.number;
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::IncrementReply& reply) {
  reply.number = result.number;
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::RemoveRangeReply& reply) {
  reply.removed = result.number;
  if (result.cursor.size != 0) reply.__set_cursor(std::string(view(result.cursor)));
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::ExpireReply& reply) {
  reply.changed = result.number != 0;
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape&, thrift_api::PersistReply& reply) {
  reply.changed = result.number != 0;
  set_previous(result, reply);
}

void read_one(const tenon_result& result, const OperationShape& shape, thrift_api::ScanReply& reply) {
  const bool with_values = (shape.flags & TENON_SCAN_KEYS) == 0;
  reply.records.reserve(result.record_count);
  for (const tenon_record& record : records(result)) reply.records.push_back(record_of(record, with_values));
  if (result.cursor.size != 0) reply.__set_cursor(std::string(view(result.cursor)));
  if ((shape.flags & TENON_SCAN_COUNT) != 0) reply.__set_count(result.number);
}

template <class Reply>
Reply reply_of(const tenon_completion& completion, const tenon_result& result, const OperationShape& shape) {
  Reply reply;
  reply.revision = number_of(completion.revision);
  read_one(result, shape, reply);
  return reply;
}

thrift_api::OperationReply operation_reply(const tenon_completion& completion, const tenon_result& result,
                                           const OperationShape& shape) {
  thrift_api::OperationReply made;
  switch (shape.kind) {
    case TENON_PUT:
      made.__set_put(reply_of<thrift_api::PutReply>(completion, result, shape));
      break;
    case TENON_GET:
      made.__set_get(reply_of<thrift_api::GetReply>(completion, result, shape));
      break;
    case TENON_DELETE:
      made.__set_remove(reply_of<thrift_api::RemoveReply>(completion, result, shape));
      break;
    case TENON_APPEND:
      made.__set_append(reply_of<thrift_api::AppendReply>(completion, result, shape));
      break;
    case TENON_INCREMENT:
      made.__set_increment(reply_of<thrift_api::IncrementReply>(completion, result, shape));
      break;
    case TENON_DELETE_RANGE:
      made.__set_remove_range(reply_of<thrift_api::RemoveRangeReply>(completion, result, shape));
      break;
    case TENON_EXPIRE:
      made.__set_expire(reply_of<thrift_api::ExpireReply>(completion, result, shape));
      break;
    case TENON_PERSIST:
      made.__set_persist(reply_of<thrift_api::PersistReply>(completion, result, shape));
      break;
    default:
      made.__set_scan(reply_of<thrift_api::ScanReply>(completion, result, shape));
  }
  return made;
}

// Of a request that asked for one operation.
template <class Reply>
void read_only(const tenon_completion& completion, const RequestShape& shape, Reply& reply) {
  reply = reply_of<Reply>(completion, only_result(completion), shape.operations.at(0));
}

}  // namespace

const tenon_result& only_result(const tenon_completion& completion) {
  if (completion.result_count != 1) throw wrong_count(completion.result_count, 1);
  if (completion.results[0].error != TENON_OK) throw error_of(completion, completion.results[0].error);
  return completion.results[0];
}

void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::PutReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::GetReply& reply) {
  read_only(completion, shape, reply);
  reply.__set_cluster_time_ms(number_of(completion.cluster_time_ms));
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::RemoveReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ScanReply& reply) {
  read_only(completion, shape, reply);
  reply.__set_cluster_time_ms(number_of(completion.cluster_time_ms));
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::AppendReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::IncrementReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::RemoveRangeReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ExpireReply& reply) {
  read_only(completion, shape, reply);
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::PersistReply& reply) {
  read_only(completion, shape, reply);
}

void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::GetManyReply& reply) {
  reply.revision = number_of(completion.revision);
  reply.__set_cluster_time_ms(number_of(completion.cluster_time_ms));
  const std::span<const tenon_result> all = results(completion);
  if (all.size() != shape.operations.size()) throw wrong_count(all.size(), shape.operations.size());
  reply.records.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].error != TENON_OK) throw error_of(completion, all[i].error);
    if (all[i].record_count != 0) reply.records[i].__set_record(record_of(all[i].records[0], true));
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::OpenSessionReply& reply) {
  reply.session = only_result(completion).number;
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::KeepSessionAliveReply&) {
  only_result(completion);
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::CloseSessionReply&) {
  only_result(completion);
}

void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::TransactionReply& reply) {
  reply.revision = number_of(completion.revision);
  reply.succeeded = (completion.flags & TENON_COMPLETION_ELSE) == 0;
  const std::vector<OperationShape>& ran = reply.succeeded ? shape.operations : shape.otherwise;
  const std::span<const tenon_result> all = results(completion);
  if (all.size() != ran.size()) throw wrong_count(all.size(), ran.size());
  reply.replies.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].error != TENON_OK) throw error_of(completion, all[i].error);
    reply.replies.push_back(operation_reply(completion, all[i], ran[i]));
  }
}

void read(const tenon_completion& completion, thrift_api::WatchReply& reply) {
  reply.next_revision = number_of(completion.revision) + 1;
  reply.__set_cluster_time_ms(number_of(completion.cluster_time_ms));
  for (const tenon_result& result : results(completion)) {
    for (const tenon_record& record : records(result)) {
      if (record.kind == TENON_RECORD_PREVIOUS) {
        TENON_CHECK(!reply.changes.empty());
        reply.changes.back().__set_previous(record_of(record, true));
        continue;
      }
      thrift_api::Change& change = reply.changes.emplace_back();
      change.kind = change_kind(record.kind);
      change.record = record_of(record, record.kind == TENON_RECORD_CURRENT);
    }
  }
}

}  // namespace tenon::api_thrift
