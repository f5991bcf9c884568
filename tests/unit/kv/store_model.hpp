// SPDX-License-Identifier: MIT
// What the state machine has to do, written again in the simplest way: every read walks all keys, every command copies
// the whole state. The store is compared with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kv/store.hpp"

namespace tenon::kv {

class StoreModel {
 public:
  struct Item {
    std::string value;
    std::uint64_t created = 0;
    std::uint64_t modified = 0;
    std::uint64_t version = 0;
  };

  Reply apply(const Command& command, std::uint64_t cluster_time_ms);

 private:
  bool holds(const Compare& compare) const;
  Result run(const Operation& operation, std::uint64_t revision);
  Result scan(const Operation& operation) const;

  std::map<std::string, Item> items_;
  std::uint64_t revision_ = 0;
};

// Every member of a reply as text, so that two replies are compared and a difference can be read.
std::string text(const Reply& reply);

}  // namespace tenon::kv
