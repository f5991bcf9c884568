// SPDX-License-Identifier: MIT
// The changes of one command, or of one sweep: all at one revision, and undone together when they are not to be.
#pragma once

#include <cstdint>
#include <vector>

#include "keyspace.hpp"
#include "kv/history.hpp"
#include "reading.hpp"

namespace tenon::kv {

class Transaction {
 public:
  // Changes the keyspace, of which `revision` is the last revision. Ends with commit() or undo(). Needs: no other one
  // changes it.
  Transaction(Keyspace& keyspace, std::uint64_t revision, std::uint64_t cluster_time_ms) noexcept
      : keyspace_(keyspace), revision_(revision), cluster_time_ms_(cluster_time_ms), steps_(keyspace.unsettled()) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  // The state with the changes so far; its revision is still that before them.
  View view() const noexcept { return {keyspace_.tree(), revision_, cluster_time_ms_}; }
  // Runs an operation that changes the keyspace. One that fails has changed nothing.
  void run(const Operation& operation, Budget& budget, Result& result);
  // Removes keys whose expiry has come, at most so many.
  void sweep(std::size_t keys_max);

  // Makes the changes so far final, and tells them to the sink (null: nobody).
  void settle(ChangeSink* sink);
  // Does that, and returns the revision behind all changes.
  std::uint64_t commit(ChangeSink* sink);
  // Undoes what is not final.
  void undo();

 private:
  // Of the key of an operation.
  struct Found {
    Place at;
    const Item* before;  // null: there is none, or its expiry has come
  };

  std::uint64_t next_revision() const noexcept { return revision_ + 1; }
  // What a write makes of the item that was there (null: none), where the rest stays as it was.
  ItemParts successor(const Operation& operation, const Item* before) const noexcept;
  std::uint64_t expiry(const Operation& operation) const noexcept;
  // Puts the previous record into the result, when that is asked for; false: it does not fit.
  bool show_previous(const Operation& operation, const Item* before, Budget& budget, Result& result);
  void write(const Operation& operation, const Found& found, const ItemParts& parts, Budget& budget, Result& result);
  void remove(std::uint32_t kind, std::string_view key);

  void append(const Operation& operation, const Found& found, Budget& budget, Result& result);
  void increment(const Operation& operation, const Found& found, Budget& budget, Result& result);
  void erase(const Operation& operation, const Item* before, Budget& budget, Result& result);
  void erase_range(const Operation& operation, Budget& budget, Result& result);
  void tell(const KeyChange& step, ChangeSink& sink) const;

  Keyspace& keyspace_;
  const std::uint64_t revision_;
  const std::uint64_t cluster_time_ms_;
  std::vector<KeyChange>& steps_;  // that are not final
  bool changed_ = false;           // some are
};

}  // namespace tenon::kv
