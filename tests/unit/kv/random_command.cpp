// SPDX-License-Identifier: MIT
#include "random_command.hpp"

#include "tenon/client_api.h"

namespace tenon::kv {

std::string_view RandomCommand::draw_key() {
  // 0xff, because a prefix that ends in it has no simple successor, and 0, because it ends no string here.
  constexpr std::string_view alphabet("a\xff\0", 3);
  std::string key;
  const std::uint64_t size = random_.below(4);
  for (std::uint64_t i = 0; i < size; ++i) key.push_back(alphabet[random_.below(alphabet.size())]);
  return keep(std::move(key));
}

Compare RandomCommand::draw_compare() {
  Compare compare;
  compare.what = static_cast<std::uint8_t>(TENON_COMPARE_VALUE + random_.below(4));
  compare.relation = static_cast<std::uint8_t>(TENON_EQUAL + random_.below(4));
  compare.key = draw_key();
  if (compare.what == TENON_COMPARE_VALUE) {
    compare.value = draw_key();
  } else {
    compare.number = random_.below(6);
  }
  return compare;
}

Operation RandomCommand::draw_operation() {
  constexpr std::uint32_t kinds[] = {TENON_GET, TENON_SCAN, TENON_PUT, TENON_DELETE};
  constexpr std::uint32_t scan_flags[] = {0, TENON_RANGE_PREFIX, TENON_RANGE_ONE};
  Operation operation;
  operation.kind = kinds[random_.below(4)];
  operation.key = draw_key();
  switch (operation.kind) {
    case TENON_SCAN:
      operation.flags = scan_flags[random_.below(3)];
      if (random_.below(4) == 0) operation.flags |= TENON_SCAN_KEYS;
      if (random_.below(4) == 0) operation.flags |= TENON_SCAN_COUNT;
      operation.range_end = draw_key();
      if (random_.below(3) == 0) operation.cursor = keep(encode_cursor(draw_key()));
      operation.limit = 1 + random_.below(6);
      operation.limit_bytes = 1 + random_.below(40);
      break;
    case TENON_PUT:
      operation.value = draw_key();
      [[fallthrough]];
    case TENON_DELETE:
      if (random_.below(2) == 0) operation.flags = TENON_WITH_PREVIOUS;
      break;
    default:
      break;
  }
  return operation;
}

Command RandomCommand::draw() {
  kept_.clear();
  Command command;
  command.independent = random_.below(2) == 0;
  command.session = random_.below(3);
  command.session_sequence = random_.next();
  command.session_outstanding = random_.next();
  for (std::uint64_t i = random_.below(3); i > 0; --i) command.compares.push_back(draw_compare());
  for (std::uint64_t i = random_.below(5); i > 0; --i) command.operations.push_back(draw_operation());
  for (std::uint64_t i = random_.below(3); i > 0; --i) command.otherwise.push_back(draw_operation());
  return command;
}

}  // namespace tenon::kv
