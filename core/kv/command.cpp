// SPDX-License-Identifier: MIT
#include "kv/command.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"
#include "tenon/operation.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kFlagIndependent = 1;
constexpr char kCursorFormat = 1;

// The least that one encoded compare or operation takes; bounds how many a given size can hold.
constexpr std::size_t kCompareBytesMin = 1 + 1 + 4 + 4;
constexpr std::size_t kOperationBytesMin = 1 + 4 + 4;

void write_compare(ByteWriter& writer, const Compare& compare) {
  writer.u8(compare.what);
  writer.u8(compare.relation);
  writer.block(compare.key);
  if (compare.what == TENON_COMPARE_VALUE) {
    writer.block(compare.value);
  } else {
    writer.u64(compare.number);
  }
}

void write_operation(ByteWriter& writer, const Operation& operation) {
  writer.u8(static_cast<std::uint8_t>(operation.kind));
  writer.u32(operation.flags);
  writer.block(operation.key);
  if (operation.kind == TENON_PUT) writer.block(operation.value);
  if (operation.kind == TENON_SCAN) {
    writer.block(operation.range_end);
    writer.block(operation.cursor);
    writer.u64(operation.limit);
    writer.u64(operation.limit_bytes);
  }
}

Compare read_compare(ByteReader& reader) {
  Compare compare;
  compare.what = reader.u8();
  compare.relation = reader.u8();
  compare.key = reader.block();
  if (compare.what == TENON_COMPARE_VALUE) {
    compare.value = reader.block();
  } else {
    compare.number = reader.u64();
  }
  const bool known = compare.what >= TENON_COMPARE_VALUE && compare.what <= TENON_COMPARE_MODIFIED &&
                     compare.relation >= TENON_EQUAL && compare.relation <= TENON_GREATER;
  if (!known) reader.fail();
  return compare;
}

Operation read_operation(ByteReader& reader) {
  Operation operation;
  operation.kind = reader.u8();
  operation.flags = reader.u32();
  operation.key = reader.block();
  switch (operation.kind) {
    case TENON_GET:
    case TENON_DELETE:
      break;
    case TENON_PUT:
      operation.value = reader.block();
      break;
    case TENON_SCAN:
      operation.range_end = reader.block();
      operation.cursor = reader.block();
      operation.limit = reader.u64();
      operation.limit_bytes = reader.u64();
      if (operation.limit == 0 || operation.limit_bytes == 0) reader.fail();
      if (!operation.cursor.empty() && !decode_cursor(operation.cursor)) reader.fail();
      break;
    default:
      reader.fail();
  }
  return operation;
}

template <class Element, class ReadOne>
void read_all(ByteReader& reader, std::uint32_t count, std::size_t bytes_min, std::vector<Element>& elements,
              ReadOne read_one) {
  if (count > reader.remaining() / bytes_min) return reader.fail();
  elements.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) elements.push_back(read_one(reader));
}

}  // namespace

void encode(const Command& command, std::string& output) {
  ByteWriter writer(output);
  writer.u8(kFormat);
  writer.u8(command.independent ? kFlagIndependent : 0);
  writer.raw(std::string_view("\0\0", 2));
  writer.u64(command.session);
  writer.u64(command.session_sequence);
  writer.u64(command.session_outstanding);
  writer.u32(static_cast<std::uint32_t>(command.compares.size()));
  writer.u32(static_cast<std::uint32_t>(command.operations.size()));
  writer.u32(static_cast<std::uint32_t>(command.otherwise.size()));
  for (const Compare& compare : command.compares) write_compare(writer, compare);
  for (const Operation& operation : command.operations) write_operation(writer, operation);
  for (const Operation& operation : command.otherwise) write_operation(writer, operation);
}

std::optional<Command> decode(std::string_view data) {
  ByteReader reader(data);
  Command command;
  const std::uint8_t format = reader.u8();
  const std::uint8_t flags = reader.u8();
  const bool zeros = reader.raw(2) == std::string_view("\0\0", 2);
  if (format != kFormat || (flags & ~kFlagIndependent) != 0 || !zeros) return std::nullopt;
  command.independent = (flags & kFlagIndependent) != 0;
  command.session = reader.u64();
  command.session_sequence = reader.u64();
  command.session_outstanding = reader.u64();
  const std::uint32_t compare_count = reader.u32();
  const std::uint32_t operation_count = reader.u32();
  const std::uint32_t otherwise_count = reader.u32();
  read_all(reader, compare_count, kCompareBytesMin, command.compares, read_compare);
  read_all(reader, operation_count, kOperationBytesMin, command.operations, read_operation);
  read_all(reader, otherwise_count, kOperationBytesMin, command.otherwise, read_operation);
  if (!reader.done()) return std::nullopt;
  return command;
}

bool grows(std::string_view data) {
  const std::optional<Command> command = decode(data);
  TENON_CHECK(command.has_value());
  const auto puts = [](const Operation& operation) { return operation.kind == TENON_PUT; };
  return std::any_of(command->operations.begin(), command->operations.end(), puts) ||
         std::any_of(command->otherwise.begin(), command->otherwise.end(), puts);
}

std::string encode_cursor(std::string_view key) {
  std::string cursor(1, kCursorFormat);
  cursor.append(key);
  return cursor;
}

std::optional<std::string_view> decode_cursor(std::string_view cursor) noexcept {
  if (cursor.empty() || cursor.front() != kCursorFormat) return std::nullopt;
  return cursor.substr(1);
}

}  // namespace tenon::kv
