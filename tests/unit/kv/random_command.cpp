// SPDX-License-Identifier: MIT
#include "random_command.hpp"

#include <limits>

#include "tenon/client_api.h"

namespace tenon::kv {

std::string_view RandomCommand::draw_key() {
  // 0xff, because a prefix that ends in it has no simple successor, and 0, because it ends no string here.
  constexpr std::string_view alphabet("a\xff\0", 3);
  std::string key;
  const std::uint64_t size = below_(key_bytes_end_);
  for (std::uint64_t i = 0; i < size; ++i) key.push_back(alphabet[below_(alphabet.size())]);
  return keep(std::move(key));
}

std::string RandomCommand::draw_pattern() {
  constexpr std::string_view alphabet("aa\xff*?");
  std::string pattern;
  for (std::uint64_t left = 1 + below_(4); left > 0; --left) pattern.push_back(alphabet[below_(alphabet.size())]);
  return pattern;
}

Compare RandomCommand::draw_compare() {
  Compare compare;
  compare.what = static_cast<std::uint8_t>(TENON_COMPARE_VALUE + below_(4));
  compare.relation = static_cast<std::uint8_t>(TENON_EQUAL + below_(4));
  compare.key = draw_key();
  if (compare.what == TENON_COMPARE_VALUE) {
    compare.value = draw_key();
  } else {
    compare.number = below_(6);
  }
  return compare;
}

std::uint64_t RandomCommand::draw_revision() {
  const std::uint64_t near = revision_ + 1 - below_(3);
  return below_(8) == 0 ? near : revision_;
}

void RandomCommand::draw_range(Operation& operation) {
  constexpr std::uint32_t range_flags[] = {0, TENON_RANGE_PREFIX, TENON_RANGE_ONE};
  operation.flags = range_flags[below_(3)];
  operation.range_end = draw_key();
  if (below_(3) == 0) operation.cursor = keep(encode_cursor({draw_revision(), draw_key()}));
  operation.limit = 1 + below_(6);
}

Operation RandomCommand::draw_operation(std::uint32_t kind) {
  Operation operation;
  operation.kind = kind;
  operation.key = draw_key();
  if (kind == TENON_SCAN || kind == TENON_DELETE_RANGE) draw_range(operation);
  switch (kind) {
    case TENON_GET:
      if (below_(3) == 0) operation.revision = draw_revision();
      return operation;
    case TENON_SCAN:
      for (const std::uint32_t flag : {TENON_SCAN_KEYS, TENON_SCAN_COUNT, TENON_SCAN_BACKWARD}) {
        if (below_(3) == 0) operation.flags |= flag;
      }
      if (below_(4) == 0) operation.revision = draw_revision();
      operation.limit_bytes = 1 + below_(40);
      if (below_(4) == 0) {
        operation.flags |= TENON_SCAN_MATCH;
        operation.value = keep(draw_pattern());
      }
      return operation;
    case TENON_PUT:
      operation.value = below_(3) == 0 ? keep(std::to_string(below_(1'000))) : draw_key();
      if (below_(4) == 0) operation.flags |= TENON_EXPIRY_KEEP;
      break;
    case TENON_APPEND:
      operation.value = draw_key();
      operation.limit_bytes = 1 + below_(8);
      return operation;
    case TENON_INCREMENT:
      operation.delta = static_cast<std::int64_t>(below_(100)) - 50;
      break;
    default:
      break;
  }
  if ((kind == TENON_PUT || kind == TENON_EXPIRE) && below_(2) == 0) {
    operation.expiry_ms = below_(30);
    if (below_(4) == 0) operation.flags |= TENON_EXPIRY_ABSOLUTE;
  }
  if (below_(2) == 0) operation.flags |= TENON_WITH_PREVIOUS;
  return operation;
}

Command RandomCommand::draw(std::uint64_t revision) {
  constexpr std::uint32_t kinds[] = {TENON_GET,       TENON_SCAN,   TENON_PUT,          TENON_PUT,    TENON_APPEND,
                                     TENON_INCREMENT, TENON_DELETE, TENON_DELETE_RANGE, TENON_EXPIRE, TENON_PERSIST};
  kept_.clear();
  revision_ = revision;
  Command command;
  const auto draw_one = [&] { return draw_operation(kinds[below_(std::size(kinds))]); };
  command.independent = below_(2) == 0;
  for (std::uint64_t i = below_(3); i > 0; --i) command.compares.push_back(draw_compare());
  for (std::uint64_t i = below_(5); i > 0; --i) command.operations.push_back(draw_one());
  for (std::uint64_t i = below_(3); i > 0; --i) command.otherwise.push_back(draw_one());
  return command;
}

Command RandomCommand::draw_with_session() {
  Command command = draw();
  if (below_(2) == 0) return command;
  command.session = 1 + below_(2);
  command.session_sequence = below_(std::numeric_limits<std::uint64_t>::max());
  command.session_outstanding = below_(std::numeric_limits<std::uint64_t>::max());
  if (below_(2) == 0) return command;
  command.compares.clear();
  command.otherwise.clear();
  Operation operation;
  operation.kind = static_cast<std::uint32_t>(TENON_SESSION_OPEN + below_(3));
  if (operation.kind == TENON_SESSION_OPEN) operation.expiry_ms = 1 + below_(100);
  command.operations = {operation};
  return command;
}

Command RandomCommand::draw_read(std::uint64_t revision) {
  Command command = draw(revision);
  for (std::vector<Operation>* branch : {&command.operations, &command.otherwise}) {
    for (Operation& operation : *branch) operation = draw_operation(below_(2) == 0 ? TENON_GET : TENON_SCAN);
  }
  return command;
}

}  // namespace tenon::kv
