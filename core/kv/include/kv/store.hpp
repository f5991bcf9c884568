// SPDX-License-Identifier: MIT
// The replicated state machine: an ordered map of keys, and the revision. It is deterministic: what apply() does
// depends on the state and the command alone, so that every node that applies the same log holds the same state. No
// clock, no floating point, no order that depends on memory.
//
// `revision` counts the commands that changed the keyspace. A key knows the revision that created it, the one that last
// changed it, and its version, which is 1 at its creation and one more with each change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/command.hpp"
#include "tenon/values.h"

namespace tenon::kv {

// What one reply may hold of keys, values and cursors. A read that would pass it fails with TOO_LARGE instead. With the
// numbers of as many records as a request may touch, a reply still fits into a frame between nodes.
inline constexpr std::size_t kReplyBytesMax = 7u << 20;

struct Record {
  std::uint32_t kind = 0;  // TENON_RECORD_CURRENT or TENON_RECORD_PREVIOUS
  std::string key;
  std::string value;
  std::uint64_t created = 0;
  std::uint64_t modified = 0;  // >= created
  std::uint64_t version = 0;   // >= 1
};

// Of one operation; what is in it for each kind stands at the kinds in client_api.h.
struct Result {
  tenon_error error = TENON_OK;  // not OK: the operation did nothing
  std::vector<Record> records;
  std::int64_t number = 0;
  std::string cursor;
};

struct Reply {
  bool took_otherwise = false;  // a compare failed
  std::uint64_t revision = 0;   // of the state that the results show
  std::uint64_t cluster_time_ms = 0;
  std::uint64_t bytes = 0;  // that the results hold of keys and values which were read
  std::vector<Result> results;
};

// Not for concurrent use.
class Store {
 public:
  // Runs a command that the log has decided, stamped with the cluster time of its entry. Unless it is independent, all
  // of it takes effect or none: when an operation fails, every result has its error. Needs: the time is not before that
  // of an earlier command.
  Reply apply(const Command& command, std::uint64_t cluster_time_ms);
  // Runs a command that only reads; the rule about failures is the same. Needs: no operation changes the keyspace.
  Reply read(const Command& command) const;

  std::uint64_t revision() const noexcept { return revision_; }
  std::uint64_t cluster_time_ms() const noexcept { return cluster_time_ms_; }
  std::size_t key_count() const noexcept { return items_.size(); }

 private:
  struct Item {
    std::string value;
    std::uint64_t created;   // <= modified
    std::uint64_t modified;  // <= revision_
    std::uint64_t version;   // >= 1
  };
  using Items = std::map<std::string, Item, std::less<>>;

  // A key as it was before a write; nullopt: absent.
  struct Before {
    std::string key;
    std::optional<Item> item;
  };

  // What a reply may still take.
  struct Budget {
    std::size_t bytes = kReplyBytesMax;
  };

  bool holds(const Compare& compare) const;
  const std::vector<Operation>& branch(const Command& command, Reply& reply) const;
  void get(const Operation& operation, Budget& budget, Result& result) const;
  void scan(const Operation& operation, Budget& budget, Result& result) const;
  void put(const Operation& operation, std::uint64_t revision, Result& result);
  void erase(const Operation& operation, Result& result);
  Before before(std::string_view key) const;
  void restore(std::vector<Before> undo);
  static Record record(std::uint32_t kind, const std::string& key, const Item& item);

  Items items_;
  std::uint64_t revision_ = 0;         // never falls
  std::uint64_t cluster_time_ms_ = 0;  // never falls
};

}  // namespace tenon::kv
