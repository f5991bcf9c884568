// SPDX-License-Identifier: MIT
#include "reply_codec.hpp"

namespace tenon::wire {
namespace {

constexpr std::size_t kResultBytesMin = 4 + 8 + 4 + 4;
constexpr std::size_t kRecordBytesMin = 4 + 4 + 4 + 8 + 8 + 8 + 8;
constexpr std::uint8_t kTookOtherwise = 1;
constexpr std::uint8_t kSessionExpired = 2;
constexpr std::uint8_t kResultsForgotten = 4;

void write_record(ByteWriter& writer, const kv::Record& record) {
  writer.u32(record.kind);
  writer.block(record.key);
  writer.block(record.value);
  writer.u64(record.created);
  writer.u64(record.modified);
  writer.u64(record.version);
  writer.u64(record.expires_at_ms);
}

kv::Record read_record(ByteReader& reader) {
  kv::Record record;
  record.kind = reader.u32();
  record.key = reader.block();
  record.value = reader.block();
  record.created = reader.u64();
  record.modified = reader.u64();
  record.version = reader.u64();
  record.expires_at_ms = reader.u64();
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
  const std::uint8_t took_otherwise = reply.took_otherwise ? kTookOtherwise : 0;
  const std::uint8_t session_expired = reply.session_expired ? kSessionExpired : 0;
  const std::uint8_t results_forgotten = reply.results_forgotten ? kResultsForgotten : 0;
  writer.u8(took_otherwise | session_expired | results_forgotten);
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
  const std::uint8_t flags = reader.u8();
  if (flags > (kTookOtherwise | kSessionExpired | kResultsForgotten)) return false;
  reply.took_otherwise = (flags & kTookOtherwise) != 0;
  reply.session_expired = (flags & kSessionExpired) != 0;
  reply.results_forgotten = (flags & kResultsForgotten) != 0;
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
