// SPDX-License-Identifier: MIT
#include "kv/command.hpp"

#include <algorithm>
#include <utility>

#include "kv/glob.hpp"
#include "tenon/bytes.hpp"
#include "tenon/operation.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::uint8_t kFlagIndependent = 1;
constexpr std::uint8_t kCursorFormat = 2;

// The least that one encoded compare or operation takes; bounds how many a given size can hold.
constexpr std::size_t kCompareBytesMin = 1 + 1 + 4 + 4;
constexpr std::size_t kOperationBytesMin = 1 + 4 + 4;
constexpr std::size_t kCommandHeadBytes = 4 + 3 * 8 + 3 * 4;
// Of an operation, without the bytes of its blocks: kind, flags, four sizes, three numbers.
constexpr std::size_t kOperationFieldsBytesMax = 1 + 4 + 4 * 4 + 3 * 8;

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
  switch (operation.kind) {
    case TENON_GET:
      writer.u64(operation.revision);
      break;
    case TENON_SCAN:
      writer.block(operation.range_end);
      writer.block(operation.cursor);
      writer.u64(operation.revision);
      writer.u64(operation.limit);
      writer.u64(operation.limit_bytes);
      if ((operation.flags & TENON_SCAN_MATCH) != 0) writer.block(operation.value);
      break;
    case TENON_PUT:
      writer.block(operation.value);
      writer.u64(operation.expiry_ms);
      break;
    case TENON_APPEND:
      writer.block(operation.value);
      writer.u64(operation.limit_bytes);
      break;
    case TENON_INCREMENT:
      writer.u64(static_cast<std::uint64_t>(operation.delta));
      break;
    case TENON_DELETE_RANGE:
      writer.block(operation.range_end);
      writer.block(operation.cursor);
      writer.u64(operation.limit);
      break;
    case TENON_EXPIRE:
    case TENON_SESSION_OPEN:
      writer.u64(operation.expiry_ms);
      break;
    default:
      break;
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

// Whether it can be where a scan goes on; empty: at its beginning.
bool is_cursor(std::string_view cursor) noexcept { return cursor.empty() || decode_cursor(cursor).has_value(); }

Operation read_operation(ByteReader& reader) {
  Operation operation;
  operation.kind = reader.u8();
  operation.flags = reader.u32();
  operation.key = reader.block();
  bool in_bounds = true;
  switch (operation.kind) {
    case TENON_GET:
      operation.revision = reader.u64();
      break;
    case TENON_SCAN:
      operation.range_end = reader.block();
      operation.cursor = reader.block();
      operation.revision = reader.u64();
      operation.limit = reader.u64();
      operation.limit_bytes = reader.u64();
      in_bounds = operation.limit > 0 && operation.limit_bytes > 0 && is_cursor(operation.cursor);
      if ((operation.flags & TENON_SCAN_MATCH) != 0) {
        operation.value = reader.block();
        in_bounds = in_bounds && Glob::parse(operation.value).has_value();
      }
      break;
    case TENON_PUT:
      operation.value = reader.block();
      operation.expiry_ms = reader.u64();
      break;
    case TENON_APPEND:
      operation.value = reader.block();
      operation.limit_bytes = reader.u64();
      in_bounds = operation.limit_bytes > 0;
      break;
    case TENON_INCREMENT:
      operation.delta = static_cast<std::int64_t>(reader.u64());
      break;
    case TENON_DELETE_RANGE:
      operation.range_end = reader.block();
      operation.cursor = reader.block();
      operation.limit = reader.u64();
      in_bounds = operation.limit > 0 && is_cursor(operation.cursor);
      break;
    case TENON_EXPIRE:
      operation.expiry_ms = reader.u64();
      break;
    case TENON_SESSION_OPEN:
      operation.expiry_ms = reader.u64();
      in_bounds = operation.expiry_ms > 0;
      break;
    case TENON_DELETE:
    case TENON_PERSIST:
    case TENON_SESSION_KEEP_ALIVE:
    case TENON_SESSION_CLOSE:
      break;
    default:
      in_bounds = false;
  }
  if (!in_bounds) reader.fail();
  return operation;
}

template <class Element, class ReadOne>
void read_all(ByteReader& reader, std::uint32_t count, std::size_t bytes_min, std::vector<Element>& elements,
              ReadOne read_one) {
  elements.clear();
  if (count > reader.remaining() / bytes_min) return reader.fail();
  elements.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) elements.push_back(read_one(reader));
}

bool is_of_sessions(const Operation& operation) noexcept { return operation.kind >= TENON_SESSION_OPEN; }

bool stands_alone_if_of_sessions(const Command& command) noexcept {
  const auto& operations = command.operations;
  const auto& otherwise = command.otherwise;
  if (std::any_of(otherwise.begin(), otherwise.end(), is_of_sessions)) return false;
  if (std::none_of(operations.begin(), operations.end(), is_of_sessions)) return true;
  return operations.size() == 1 && command.compares.empty() && otherwise.empty();
}

bool makes_greater(const Operation& operation) noexcept {
  return operation.kind == TENON_PUT || operation.kind == TENON_APPEND || operation.kind == TENON_INCREMENT ||
         operation.kind == TENON_SESSION_OPEN;
}

// No less than the encoded command takes, so that it is written into one allocation.
std::size_t encoded_bytes_max(const Command& command) noexcept {
  std::size_t bytes = kCommandHeadBytes;
  for (const Compare& compare : command.compares) {
    bytes += kCompareBytesMin + sizeof compare.number + compare.key.size() + compare.value.size();
  }
  for (const std::vector<Operation>* branch : {&command.operations, &command.otherwise}) {
    for (const Operation& one : *branch) {
      bytes += kOperationFieldsBytesMax + one.key.size() + one.value.size() + one.range_end.size() + one.cursor.size();
    }
  }
  return bytes;
}

}  // namespace

void encode(const Command& command, std::string& output) {
  output.reserve(output.size() + encoded_bytes_max(command));
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
  std::optional<Command> command(std::in_place);
  if (!decode(data, *command)) command.reset();
  return command;
}

bool decode(std::string_view data, Command& command) {
  ByteReader reader(data);
  const std::uint8_t format = reader.u8();
  const std::uint8_t flags = reader.u8();
  const bool zeros = reader.raw(2) == std::string_view("\0\0", 2);
  if (format != kFormat || (flags & ~kFlagIndependent) != 0 || !zeros) return false;
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
  return reader.done() && stands_alone_if_of_sessions(command);
}

bool grows(std::string_view data) {
  const std::optional<Command> command = decode(data);
  TENON_CHECK(command.has_value());
  return std::any_of(command->operations.begin(), command->operations.end(), makes_greater) ||
         std::any_of(command->otherwise.begin(), command->otherwise.end(), makes_greater);
}

std::string encode_cursor(const Cursor& cursor) {
  std::string encoded;
  encoded.reserve(encoded_cursor_bytes(cursor.key));
  ByteWriter writer(encoded);
  writer.u8(kCursorFormat);
  writer.u64(cursor.revision);
  writer.raw(cursor.key);
  return encoded;
}

std::optional<Cursor> decode_cursor(std::string_view cursor) noexcept {
  ByteReader reader(cursor);
  const std::uint8_t format = reader.u8();
  const std::uint64_t revision = reader.u64();
  if (!reader.ok() || format != kCursorFormat) return std::nullopt;
  return Cursor{revision, reader.raw(reader.remaining())};
}

std::uint64_t read_revision(const Command& command) noexcept {
  std::uint64_t revision = 0;
  for (const std::vector<Operation>* branch : {&command.operations, &command.otherwise}) {
    for (const Operation& operation : *branch) {
      revision = std::max(revision, operation.revision);
      const std::optional<Cursor> cursor = decode_cursor(operation.cursor);
      if (operation.kind == TENON_SCAN && cursor) revision = std::max(revision, cursor->revision);
    }
  }
  return revision;
}

Range range_of(std::uint32_t flags, std::string_view key, std::string_view range_end) {
  if ((flags & TENON_RANGE_ONE) != 0) return {std::string(key), std::string(key) + '\0'};  // the least key above it
  if ((flags & TENON_RANGE_PREFIX) != 0) return {std::string(key), prefix_end(key)};
  return {std::string(key), std::string(range_end)};
}

}  // namespace tenon::kv
