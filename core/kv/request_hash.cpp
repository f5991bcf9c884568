// SPDX-License-Identifier: MIT
#include "request_hash.hpp"

#include "state_hash.hpp"
#include "tenon/operation.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint64_t kHashOfRequest = 104;

void add(StateHash& hash, const std::vector<Operation>& operations) noexcept {
  hash.number(operations.size());
  for (const Operation& operation : operations) {
    hash.number(operation.kind).number(operation.flags);
    hash.block(operation.key).block(operation.range_end).block(operation.value).block(operation.cursor);
    hash.number(static_cast<std::uint64_t>(operation.delta)).number(operation.expiry_ms).number(operation.revision);
  }
}

}  // namespace

std::uint64_t request_hash(const Command& command) noexcept {
  StateHash hash(kHashOfRequest);
  hash.number(command.independent ? 1 : 0).number(command.compares.size());
  for (const Compare& compare : command.compares) {
    hash.number(compare.what).number(compare.relation).block(compare.key).block(compare.value).number(compare.number);
  }
  add(hash, command.operations);
  add(hash, command.otherwise);
  const bool is_alone = command.compares.empty() && command.operations.size() == 1 && command.otherwise.empty();
  if (is_alone && command.operations.front().kind == TENON_DELETE_RANGE) hash.number(command.operations.front().limit);
  return hash.value();
}

}  // namespace tenon::kv
