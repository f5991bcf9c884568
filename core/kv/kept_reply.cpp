// SPDX-License-Identifier: MIT
#include "kept_reply.hpp"

#include "kv/command.hpp"
#include "tenon/bytes.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kFlagOtherwise = 1;
constexpr std::uint8_t kFlagForgotten = 2;

bool is_plain(const Result& result) noexcept { return result.records.empty() && result.cursor.empty(); }

bool is_alike(const Result& left, const Result& right) noexcept {
  return is_plain(left) && is_plain(right) && left.error == right.error && left.number == right.number;
}

void write_run(ByteWriter& writer, const Result& result, std::uint32_t count) {
  writer.u32(count);
  writer.u32(static_cast<std::uint32_t>(result.error));
  writer.u64(static_cast<std::uint64_t>(result.number));
  writer.block(result.cursor);
  writer.u32(static_cast<std::uint32_t>(result.records.size()));
  for (const Record& record : result.records) {
    writer.u32(record.kind);
    writer.block(record.key);
    writer.block(record.value);
    writer.u64(record.created);
    writer.u64(record.modified);
    writer.u64(record.version);
    writer.u64(record.expires_at_ms);
  }
}

Result read_result(ByteReader& reader) {
  Result result;
  result.error = static_cast<tenon_error>(reader.u32());
  result.number = static_cast<std::int64_t>(reader.u64());
  result.cursor = reader.block();
  const std::uint32_t record_count = reader.u32();
  for (std::uint32_t i = 0; i < record_count && reader.ok(); ++i) {
    Record& record = result.records.emplace_back();
    record.kind = reader.u32();
    record.key = reader.block();
    record.value = reader.block();
    record.created = reader.u64();
    record.modified = reader.u64();
    record.version = reader.u64();
    record.expires_at_ms = reader.u64();
  }
  return result;
}

}  // namespace

std::string encode_kept(const Reply& reply) {
  std::string runs;
  ByteWriter run_writer(runs);
  std::uint32_t run_count = 0;
  const std::vector<Result>& results = reply.results;
  for (std::size_t first = 0; first < results.size(); ++run_count) {
    std::size_t end = first + 1;
    while (end < results.size() && is_alike(results[first], results[end])) ++end;
    write_run(run_writer, results[first], static_cast<std::uint32_t>(end - first));
    first = end;
  }
  std::string data;
  ByteWriter writer(data);
  writer.u8(kFormat);
  writer.u8(static_cast<std::uint8_t>((reply.took_otherwise ? kFlagOtherwise : 0) |
                                      (reply.results_forgotten ? kFlagForgotten : 0)));
  writer.u64(reply.revision);
  writer.u64(reply.cluster_time_ms);
  writer.u64(reply.bytes);
  writer.u32(run_count);
  writer.raw(runs);
  return data;
}

std::string encode_outcome(const Reply& reply) {
  Reply outcome;
  outcome.results_forgotten = true;
  outcome.took_otherwise = reply.took_otherwise;
  outcome.revision = reply.revision;
  outcome.cluster_time_ms = reply.cluster_time_ms;
  return encode_kept(outcome);
}

std::optional<Reply> decode_kept(std::string_view data) {
  ByteReader reader(data);
  Reply reply;
  const std::uint8_t format = reader.u8();
  const std::uint8_t flags = reader.u8();
  if (format != kFormat || (flags & ~(kFlagOtherwise | kFlagForgotten)) != 0) return std::nullopt;
  reply.took_otherwise = (flags & kFlagOtherwise) != 0;
  reply.results_forgotten = (flags & kFlagForgotten) != 0;
  reply.revision = reader.u64();
  reply.cluster_time_ms = reader.u64();
  reply.bytes = reader.u64();
  const std::uint32_t run_count = reader.u32();
  for (std::uint32_t run = 0; run < run_count && reader.ok(); ++run) {
    const std::uint32_t count = reader.u32();
    const Result result = read_result(reader);
    const bool plausible = count > 0 && count <= kOperationKeysMax - reply.results.size();
    if (!plausible || (count > 1 && !is_plain(result))) return std::nullopt;
    reply.results.insert(reply.results.end(), count, result);
  }
  if (!reader.done()) return std::nullopt;
  return reply;
}

}  // namespace tenon::kv
