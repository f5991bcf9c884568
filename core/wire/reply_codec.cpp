// SPDX-License-Identifier: MIT
#include "reply_codec.hpp"

namespace tenon::wire {
namespace {

constexpr std::size_t kResultBytesMin = 4 + 8 + 4 + 4;
constexpr std::size_t kRecordBytesMin = 4 + 4 + 4 + 8 + 8 + 8;

void write_record(ByteWriter& writer, const kv::Record& record) {
  writer.u32(record.kind);
  writer.block(record.key);
  writer.block(record.value);
  writer.u64(record.created);
  writer.u64(record.modified);
  writer.u64(record.version);
}

kv::Record read_record(ByteReader& reader) {
  kv::Record record;
  record.kind = reader.u32();
  record.key = reader.block();
  record.value = reader.block();
  record.created = reader.u64();
  record.modified = reader.u64();
  record.version = reader.u64();
  return record;
}

// A count that the remaining bytes cannot hold fails the reader and is 0.
std::uint32_t read_count(ByteReader& reader, std::size_t bytes_min) {
  const std::uint32_t count = reader.u32();
  if (count <= reader.remaining() / bytes_min) return count;
  reader.fail();
  return 0;
}

}  // namespace

void write_reply(std::string& head, const kv::Reply& reply) {
  ByteWriter writer(head);
  writer.u8(reply.took_otherwise ? 1 : 0);
  writer.u64(reply.revision);
  writer.u64(reply.cluster_time_ms);
  writer.u64(reply.bytes);
  writer.u32(static_cast<std::uint32_t>(reply.results.size()));
  for (const kv::Result& result : reply.results) {
    writer.u32(static_cast<std::uint32_t>(result.error));
    writer.u64(static_cast<std::uint64_t>(result.number));
    writer.block(result.cursor);
    writer.u32(static_cast<std::uint32_t>(result.records.size()));
    for (const kv::Record& record : result.records) write_record(writer, record);
  }
}

bool read_reply(ByteReader& reader, kv::Reply& reply) {
  const std::uint8_t took_otherwise = reader.u8();
  if (took_otherwise > 1) return false;
  reply.took_otherwise = took_otherwise == 1;
  reply.revision = reader.u64();
  reply.cluster_time_ms = reader.u64();
  reply.bytes = reader.u64();
  const std::uint32_t results = read_count(reader, kResultBytesMin);
  reply.results.reserve(results);
  for (std::uint32_t i = 0; i < results && reader.ok(); ++i) {
    kv::Result& result = reply.results.emplace_back();
    result.error = static_cast<tenon_error>(reader.u32());
    result.number = static_cast<std::int64_t>(reader.u64());
    result.cursor = reader.block();
    const std::uint32_t records = read_count(reader, kRecordBytesMin);
    result.records.reserve(records);
    for (std::uint32_t at = 0; at < records && reader.ok(); ++at) result.records.push_back(read_record(reader));
  }
  return reader.ok();
}

}  // namespace tenon::wire
