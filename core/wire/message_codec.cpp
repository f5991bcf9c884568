// SPDX-License-Identifier: MIT
#include "message_codec.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

#include "ordinal.hpp"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

constexpr std::size_t kEntryHeaderBytes = 8 + 4;

// The one list of members of each message, for writing and for reading. An Append's entries come after it.
template <class Visit>
void members(raft::VoteRequest& message, Visit visit) {
  visit(message.term), visit(message.ballot), visit(message.cause), visit(message.last_index), visit(message.last_term);
}
template <class Visit>
void members(raft::VoteReply& message, Visit visit) {
  visit(message.term), visit(message.ballot), visit(message.granted);
}
template <class Visit>
void members(raft::Append& message, Visit visit) {
  visit(message.term), visit(message.previous_index), visit(message.previous_term), visit(message.commit_index);
}
template <class Visit>
void members(raft::AppendAccepted& message, Visit visit) {
  visit(message.term), visit(message.match_index);
}
template <class Visit>
void members(raft::AppendRejected& message, Visit visit) {
  visit(message.term), visit(message.previous_index), visit(message.hint_index), visit(message.hint_term);
}
template <class Visit>
void members(raft::Heartbeat& message, Visit visit) {
  visit(message.term), visit(message.commit_index), visit(message.round);
}
template <class Visit>
void members(raft::HeartbeatReply& message, Visit visit) {
  visit(message.term), visit(message.round), visit(message.verified_index);
}
template <class Visit>
void members(raft::TimeoutNow& message, Visit visit) {
  visit(message.term), visit(message.last_index), visit(message.last_term);
}
template <class Visit>
void members(raft::ReadIndexRequest& message, Visit visit) {
  visit(message.term), visit(message.id);
}
template <class Visit>
void members(raft::ReadIndexReply& message, Visit visit) {
  visit(message.term), visit(message.id), visit(message.index);
}
template <class Visit>
void members(raft::Removed& message, Visit visit) {
  visit(message.term), visit(message.index), visit(message.index_term);
}

void write_member(ByteWriter& writer, std::uint64_t value) { writer.u64(value); }
void write_member(ByteWriter& writer, bool value) { writer.u8(value ? 1 : 0); }
void write_member(ByteWriter& writer, raft::Ballot value) { writer.u8(static_cast<std::uint8_t>(value)); }
void write_member(ByteWriter& writer, raft::Cause value) { writer.u8(static_cast<std::uint8_t>(value)); }
template <class Tag>
void write_member(ByteWriter& writer, raft::Ordinal<Tag> value) {
  writer.u64(value.value());
}

void read_member(ByteReader& reader, std::uint64_t& value) { value = reader.u64(); }
template <class Tag>
void read_member(ByteReader& reader, raft::Ordinal<Tag>& value) {
  value = read_ordinal<raft::Ordinal<Tag>>(reader);
}
// The enumerations of messages have the values 1 and 2.
template <class Choice>
requires std::is_enum_v<Choice>
void read_member(ByteReader& reader, Choice& value) {
  const std::uint8_t found = reader.u8();
  if (found != 1 && found != 2) reader.fail();
  value = static_cast<Choice>(found);
}
void read_member(ByteReader& reader, bool& value) {
  const std::uint8_t found = reader.u8();
  if (found > 1) reader.fail();
  value = found == 1;
}

void write_entries(std::string& head, const raft::Append& append, std::vector<raft::Payload>& data) {
  ByteWriter writer(head);
  writer.u32(static_cast<std::uint32_t>(append.entries.size()));
  data.reserve(append.entries.size());
  for (const raft::Entry& entry : append.entries) {
    writer.u64(entry.term.value());
    writer.u32(static_cast<std::uint32_t>(entry.data.bytes.size()));
    data.push_back(entry.data);
  }
}

bool read_entries(ByteReader& reader, raft::Append& append, const raft::Payload& data) {
  const std::uint32_t count = reader.u32();
  if (!reader.ok() || count > reader.remaining() / kEntryHeaderBytes) return false;
  append.entries.reserve(count);
  ByteReader rest(data.bytes);
  raft::LogIndex index = append.previous_index;
  for (std::uint32_t i = 0; i < count; ++i) {
    index = index.next();
    const auto term = read_ordinal<raft::Term>(reader);
    const std::string_view bytes = rest.raw(reader.u32());
    std::optional<raft::Entry> entry =
        reader.ok() && rest.ok() ? read_entry(index, term, {data.owner, bytes}) : std::nullopt;
    if (!entry) return false;
    append.entries.push_back(*std::move(entry));
  }
  return rest.done();
}

// Tries the kinds one after the other, for the kind on the wire is the place in the variant, counted from 1.
template <std::size_t kind_place = 0>
std::optional<raft::Message> read_kind(std::size_t place, ByteReader& reader, const raft::Payload& data) {
  if constexpr (kind_place == std::variant_size_v<raft::Message>) {
    return std::nullopt;
  } else {
    if (place != kind_place) return read_kind<kind_place + 1>(place, reader, data);
    std::variant_alternative_t<kind_place, raft::Message> message{};
    members(message, [&](auto& member) { read_member(reader, member); });
    if constexpr (std::is_same_v<decltype(message), raft::Append>) {
      if (!read_entries(reader, message, data)) return std::nullopt;
    } else {
      if (!data.bytes.empty()) return std::nullopt;
    }
    if (!reader.ok()) return std::nullopt;
    return message;
  }
}

}  // namespace

void write_incarnation(ByteWriter& writer, const raft::Incarnation& incarnation) {
  for (const std::uint8_t byte : incarnation) writer.u8(byte);
}

raft::Incarnation read_incarnation(ByteReader& reader) noexcept {
  raft::Incarnation incarnation;
  for (std::uint8_t& byte : incarnation) byte = reader.u8();
  return incarnation;
}

void write_message(std::string& head, const raft::Message& message, std::vector<raft::Payload>& data) {
  ByteWriter writer(head);
  writer.u8(static_cast<std::uint8_t>(message.index() + 1));
  std::visit(
      [&](auto one) {
        members(one, [&](const auto& member) { write_member(writer, member); });
        if constexpr (std::is_same_v<decltype(one), raft::Append>) write_entries(head, one, data);
      },
      message);
}

std::optional<raft::Message> read_message(ByteReader& reader, const raft::Payload& data) {
  const std::uint8_t kind = reader.u8();
  if (!reader.ok() || kind == 0) return std::nullopt;
  return read_kind(std::size_t{kind} - 1, reader, data);
}

}  // namespace tenon::wire
