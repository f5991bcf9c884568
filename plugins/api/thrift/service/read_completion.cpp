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
  return made;
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
    default:
      made.__set_scan(reply_of<thrift_api::ScanReply>(completion, result, shape));
  }
  return made;
}

}  // namespace

const tenon_result& only_result(const tenon_completion& completion) {
  TENON_CHECK(completion.result_count == 1);
  if (completion.results[0].error != TENON_OK) throw error_of(completion, completion.results[0].error);
  return completion.results[0];
}

void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::PutReply& reply) {
  reply = reply_of<thrift_api::PutReply>(completion, only_result(completion), shape.operations.at(0));
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::GetReply& reply) {
  reply = reply_of<thrift_api::GetReply>(completion, only_result(completion), shape.operations.at(0));
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::RemoveReply& reply) {
  reply = reply_of<thrift_api::RemoveReply>(completion, only_result(completion), shape.operations.at(0));
}
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ScanReply& reply) {
  reply = reply_of<thrift_api::ScanReply>(completion, only_result(completion), shape.operations.at(0));
}

void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::TransactionReply& reply) {
  reply.revision = number_of(completion.revision);
  reply.succeeded = (completion.flags & TENON_COMPLETION_ELSE) == 0;
  const std::vector<OperationShape>& ran = reply.succeeded ? shape.operations : shape.otherwise;
  const std::span<const tenon_result> all = results(completion);
  TENON_CHECK(all.size() == ran.size());
  reply.replies.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].error != TENON_OK) throw error_of(completion, all[i].error);
    reply.replies.push_back(operation_reply(completion, all[i], ran[i]));
  }
}

}  // namespace tenon::api_thrift
