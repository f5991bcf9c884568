// SPDX-License-Identifier: MIT
// What the state machine has to do, written again in the simplest way: every read walks all keys, every command copies
// the whole state. The store is compared with it. It knows no sessions.
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
    std::uint64_t expires_at_ms = 0;
  };

  void begin_entry(std::uint64_t cluster_time_ms);
  Reply apply(const Command& command);
  Reply read(const Command& command) const;  // Needs: it changes nothing.
  std::size_t key_count() const { return items_.size(); }

 private:
  const Item* find(std::string_view key) const;
  bool is_live(const Item& item) const;
  bool holds(const Compare& compare) const;
  Result run(const Operation& operation);
  Result scan(const Operation& operation) const;
  void remove_range(const Operation& operation, Result& result);
  void write(const Operation& operation, std::string value, std::uint64_t expires_at_ms);
  std::uint64_t expiry(const Operation& operation) const;

  std::map<std::string, Item> items_;
  std::uint64_t revision_ = 0;
  std::uint64_t time_ms_ = 0;
  bool changed_ = false;  // by the command under way
};

// Every member of a reply as text, so that two replies are compared and a difference can be read.
std::string text(const Reply& reply);

}  // namespace tenon::kv
