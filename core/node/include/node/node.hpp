// SPDX-License-Identifier: MIT
// A node: inbox -> raft -> perform effects -> apply -> answer. No thread, no clock, no lock: whoever drives it hands in
// what happened and calls run(now), which does all that can be done at that time. The server drives it from one thread;
// a simulator drives many of them by itself.
//
// All functions: one thread at a time. None blocks, and none of them may be called from inside Surroundings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kv/store.hpp"
#include "node/cluster_clock.hpp"
#include "node/requests.hpp"
#include "node/storage_port.hpp"
#include "node/storage_writer.hpp"
#include "node/submission.hpp"
#include "node/surroundings.hpp"
#include "raft/raft.hpp"
#include "wire/entry_data.hpp"

namespace tenon::node {

struct Settings {
  raft::Settings raft;
  std::uint64_t inbox_bytes_max = 64u << 20;  // of requests that are not yet in the log
  std::uint64_t entry_bytes_max = 1u << 20;   // of the commands that one entry carries, beyond the first
  std::size_t entry_commands_max = 4096;      // > 0
  std::uint64_t storage_backlog_bytes_max = 64u
                                            << 20;  // handed to storage and not durable; above it nothing is proposed
  std::uint64_t log_read_bytes_max = 4u << 20;      // that one read of the log asks storage for
  std::uint64_t answer_bytes_max = 8u << 20;        // of reads that one run() answers, beyond the first few
  std::size_t apply_entries_max = 64;               // that one run() applies, so that it stays short
};

// The time, as whoever drives the node sees it.
struct Now {
  raft::Instant steady;       // never runs back
  std::uint64_t wall_ms = 0;  // since 1970; may jump
};

struct Status {
  raft::RoleName role = raft::RoleName::follower;
  raft::Term term;
  raft::NodeId leader;  // 0: not known
  raft::LogIndex last_index;
  raft::LogIndex durable_index;
  raft::LogIndex commit_index;
  raft::LogIndex applied_index;
  std::uint64_t revision = 0;
  std::uint64_t key_count = 0;
  std::uint64_t cluster_time_ms = 0;
  std::uint64_t inbox_bytes = 0;
  bool operator==(const Status&) const = default;
};

class Node {
 public:
  // Keeps: storage and surroundings, for its life. Needs: storage is open, and every write so far is durable.
  Node(const Settings& settings, raft::Recovered recovered, raft::Random random, StoragePort storage,
       Surroundings& surroundings, Now now);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Takes a request. It is answered exactly once, perhaps at once.
  void submit(Submission submission);
  // Ends a request soon: refused when it is surely not in the log, unknown otherwise. Ignores a token that is not
  // waiting.
  void cancel(Token token);
  // Storage has made every write up to `sequence` durable.
  void on_durable(raft::WriteSequence sequence);
  // The answer to the one read of the log that is under way. The entries are used during the call only.
  void on_entries_read(std::uint64_t request, tenon_error error, std::span<const tenon_entry> entries);

  // Does all that can be done now. Needs: time never runs back.
  void run(Now now);
  // When run() is wanted at the latest without any other event; nullopt: nothing waits for time. May be in the past,
  // when run() left work to keep itself short.
  std::optional<raft::Instant> next_deadline() const noexcept;

  Status status() const noexcept;

 private:
  void step(raft::Happening what);
  void perform(raft::Effects effects);
  void on_role(const raft::RoleChanged& role);
  void propose_writes();
  void begin_reads();
  void apply_committed();
  // False: the bytes are not an entry, and the node has failed.
  bool apply(raft::LogIndex index, std::string_view data);
  bool apply_commands(raft::LogIndex index, const wire::DecodedEntry& entry);
  void answer_reads();
  bool is_ready_leader() const noexcept;
  void fail(const std::string& why);

  const Settings settings_;
  StoragePort storage_;
  Surroundings& surroundings_;
  Now now_;
  raft::Raft raft_;
  StorageWriter writer_;
  Requests requests_;
  kv::Store store_;
  ClusterClock clock_;
  raft::LogIndex applied_index_;  // <= raft_.commit_index(); never falls
  std::optional<raft::LogIndex>
      leader_ready_index_;                 // while leader: once applied, the node knows all that is committed
  std::optional<Batch> proposing_;         // set while its Propose is being stepped
  std::optional<std::uint64_t> log_read_;  // the read of the log that is under way
  std::uint64_t last_log_read_ = 0;
  bool more_to_do_ = false;  // run() stopped early, to be called again at once
  bool failed_ = false;      // holds for good; nothing is answered any more
};

}  // namespace tenon::node
