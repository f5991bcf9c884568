// SPDX-License-Identifier: MIT
// Short ways to write the operations of a command, and to run them each as an entry of its own.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "kv/store.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {

inline Operation of_kind(std::uint32_t kind, std::string_view key, std::uint32_t flags = 0) {
  Operation operation;
  operation.kind = kind;
  operation.flags = flags;
  operation.key = key;
  return operation;
}
inline Operation get(std::string_view key) { return of_kind(TENON_GET, key); }
inline Operation erase(std::string_view key, std::uint32_t flags = 0) { return of_kind(TENON_DELETE, key, flags); }
inline Operation put(std::string_view key, std::string_view value, std::uint32_t flags = 0,
                     std::uint64_t expiry_ms = 0) {
  Operation operation = of_kind(TENON_PUT, key, flags);
  operation.value = value;
  operation.expiry_ms = expiry_ms;
  return operation;
}
inline Operation append(std::string_view key, std::string_view value, std::uint64_t limit_bytes) {
  Operation operation = of_kind(TENON_APPEND, key);
  operation.value = value;
  operation.limit_bytes = limit_bytes;
  return operation;
}
inline Operation increment(std::string_view key, std::int64_t delta) {
  Operation operation = of_kind(TENON_INCREMENT, key);
  operation.delta = delta;
  return operation;
}
inline Operation expire(std::string_view key, std::uint64_t expiry_ms, std::uint32_t flags = 0) {
  Operation operation = of_kind(TENON_EXPIRE, key, flags);
  operation.expiry_ms = expiry_ms;
  return operation;
}
inline Operation persist(std::string_view key) { return of_kind(TENON_PERSIST, key); }
inline Operation erase_range(std::string_view first, std::string_view end, std::uint64_t limit) {
  Operation operation = of_kind(TENON_DELETE_RANGE, first);
  operation.range_end = end;
  operation.limit = limit;
  return operation;
}
inline Command command(std::vector<Operation> operations, std::vector<Compare> compares = {},
                       std::vector<Operation> otherwise = {}) {
  Command made;
  made.operations = std::move(operations);
  made.compares = std::move(compares);
  made.otherwise = std::move(otherwise);
  return made;
}

// A store, and the time of its entries.
class Machine {
 public:
  Reply operator()(const Command& command) {
    store.begin_entry(++time_ms);
    return store.apply(command);
  }
  // One operation, and its result.
  Result one(const Operation& operation) { return (*this)(command({operation})).results.at(0); }
  void at(std::uint64_t now_ms) { store.begin_entry(time_ms = now_ms); }

  Store store;
  std::uint64_t time_ms = 0;
};

}  // namespace tenon::kv
