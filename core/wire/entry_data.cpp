// SPDX-License-Identifier: MIT
#include "wire/entry_data.hpp"

#include "checksum.hpp"
#include "membership_codec.hpp"

namespace tenon::wire {
namespace {

// That of a kind goes up when its bytes change.
constexpr std::uint8_t format_of(raft::EntryKind kind) noexcept { return kind == raft::EntryKind::membership ? 2 : 1; }

void write_header(ByteWriter& writer, raft::EntryKind kind, std::uint64_t cluster_time_ms) {
  writer.u8(format_of(kind));
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.raw(std::string_view("\0\0", 2));
  writer.u64(cluster_time_ms);
}

void read_commands(ByteReader& reader, DecodedEntry& entry) {
  const std::uint32_t count = reader.u32();
  // A count that the remaining bytes cannot hold must not be allocated for.
  if (count > reader.remaining() / kCommandHeaderBytes) return reader.fail();
  entry.commands.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) entry.commands.push_back(reader.block());
}

}  // namespace

std::string encode_no_op() {
  std::string body;
  ByteWriter writer(body);
  write_header(writer, raft::EntryKind::no_op, 0);
  return with_checksum(body);
}

std::string encode_commands(std::uint64_t cluster_time_ms, std::span<const std::string_view> commands) {
  std::size_t size = kCommandsHeaderBytes;
  for (const std::string_view command : commands) size += kCommandHeaderBytes + command.size();
  // One pass over one buffer, the checksum set last: these bytes are the largest that the node handles.
  std::string data;
  data.reserve(size);
  ByteWriter writer(data);
  writer.u32(0);
  write_header(writer, raft::EntryKind::commands, cluster_time_ms);
  writer.u32(static_cast<std::uint32_t>(commands.size()));
  for (const std::string_view command : commands) writer.block(command);
  const std::uint32_t checksum = crc32c(std::string_view(data).substr(sizeof(std::uint32_t)));
  std::memcpy(data.data(), &checksum, sizeof checksum);
  return data;
}

std::string encode_membership(const raft::Membership& membership) {
  std::string body;
  ByteWriter writer(body);
  write_header(writer, raft::EntryKind::membership, 0);
  write_membership(writer, membership);
  return with_checksum(body);
}

std::optional<raft::Entry> read_entry(raft::LogIndex index, raft::Term term, raft::Payload data) {
  const std::optional<std::string_view> body = checked_body(data.bytes);
  if (!body || body->size() < 2) return std::nullopt;
  const auto kind = static_cast<raft::EntryKind>((*body)[1]);
  raft::Entry entry{index, term, kind, std::move(data), nullptr};
  if (kind == raft::EntryKind::membership) {
    std::optional<DecodedEntry> decoded = decode_entry(entry.data.bytes);
    if (!decoded) return std::nullopt;
    entry.membership = std::make_shared<const raft::Membership>(std::move(decoded->membership));
  } else if ((*body)[0] != format_of(kind) || (kind != raft::EntryKind::no_op && kind != raft::EntryKind::commands)) {
    return std::nullopt;
  }
  return entry;
}

std::optional<DecodedEntry> decode_entry(std::string_view data) {
  const std::optional<std::string_view> body = checked_body(data);
  if (!body) return std::nullopt;
  ByteReader reader(*body);
  const std::uint8_t format = reader.u8();
  DecodedEntry entry{static_cast<raft::EntryKind>(reader.u8()), 0, {}, {}};
  const bool zeros = reader.raw(2) == std::string_view("\0\0", 2);
  entry.cluster_time_ms = reader.u64();
  if (format != format_of(entry.kind) || !zeros) return std::nullopt;
  switch (entry.kind) {
    case raft::EntryKind::no_op:
      break;
    case raft::EntryKind::commands:
      read_commands(reader, entry);
      break;
    case raft::EntryKind::membership:
      entry.membership = read_membership(reader);
      break;
    default:
      return std::nullopt;
  }
  if (!reader.done()) return std::nullopt;
  return entry;
}

}  // namespace tenon::wire
