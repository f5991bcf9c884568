// SPDX-License-Identifier: MIT
// What the committed entries say, by the simplest rules that can be: a key is there from its put until cluster time
// reaches its expiry or it is deleted, and a sequence of a session takes effect once. The nodes are held to it:
//
//   I13  no stamp is before an earlier one
//   I31  while the clocks of a minority alone are wrong, no stamp is ahead of the time
//   I32  on every node, with every index applied, a key is there exactly until its expiry, with the value that was put
//   I33  a sequence of a session takes effect at most once, by the sums that it leaves
//   I40  a state that came with an image is, key by key, what replaying the log makes
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/acknowledgements.hpp"
#include "kv/command.hpp"
#include "kv/store.hpp"
#include "trace.hpp"
#include "wire/entry_data.hpp"

namespace tenon::sim {

class History {
 public:
  // A key that is compared on every node with every index applied begins so; of the others the count is.
  static constexpr std::string_view kLeasePrefix = "lease ";

  History(Trace& trace, Acknowledgements& acknowledgements) : trace_(trace), acknowledgements_(acknowledgements) {}

  // A log holds this entry.
  void seen(raft::LogIndex index, raft::Term term, std::string_view data);
  // It is committed. `wall_ms_max` is the latest that cluster time may be. Needs: indexes ascend by one. Throws
  // Violation.
  void committed(raft::LogIndex index, raft::Term term, std::uint64_t wall_ms_max);
  // A node has applied everything up to an index that is committed. Throws Violation.
  void check(std::uint64_t node, raft::LogIndex applied, const kv::Store& store) const;
  // The same, of all keys, for a state that came with an image. Throws Violation.
  void check_content(std::uint64_t node, raft::LogIndex applied, const kv::Store& store) const;
  // It has applied all that is committed. Throws Violation.
  void check_final(std::uint64_t node, const kv::Store& store) const { check(node, others_, store); }

 private:
  struct Value {
    std::string bytes;
    std::uint64_t expires_at_ms = 0;  // 0: never
    bool operator==(const Value&) const = default;
  };
  using Values = std::map<std::string, Value, std::less<>>;
  struct State {
    std::shared_ptr<const Values> leases;
    std::size_t key_count = 0;  // of all keys
    std::uint64_t content = 0;  // of all keys, with values and expiries, as one number
  };
  struct Session {
    std::uint64_t duration_ms = 0;
    std::uint64_t deadline_ms = 0;
    std::uint64_t lowest = 0;  // sequence that its client waits for
    std::set<std::uint64_t> executed;
  };

  void run(const wire::DecodedEntry& entry, std::uint64_t wall_ms_max);
  void begin_entry(std::uint64_t stamp_ms);
  void run(const kv::Command& command);
  bool admits(const kv::Command& command);
  void run(const kv::Operation& operation, Values& values);
  bool holds(const kv::Compare& compare) const;
  // Every change of a key goes this way.
  void set(Values& values, std::string_view key, const std::optional<Value>& value);
  static void check(std::uint64_t node, const Values& expected, const kv::Store& store);

  Trace& trace_;
  Acknowledgements& acknowledgements_;
  std::map<std::pair<raft::LogIndex, raft::Term>, std::string> entries_;  // that are not committed yet
  std::uint64_t stamp_ms_ = 0;
  std::uint64_t content_ = 0;  // of leases_ and others_, in whichever order they came to be
  Values leases_;
  Values others_;
  std::map<std::uint64_t, Session> sessions_;
  std::uint64_t last_session_ = 0;
  std::vector<State> states_;  // after each entry, from index 1 on
};

}  // namespace tenon::sim
