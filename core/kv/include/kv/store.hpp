// SPDX-License-Identifier: MIT
// The replicated state machine: an ordered map of keys, the revision, cluster time, sessions. It is deterministic: what
// an entry does depends on the state and the entry alone, so that every node that applies the same log holds the same
// state. No clock, no floating point, no order that depends on memory.
//
// `revision` counts the commands, and the sweeps, that changed the keyspace. A key knows the revision that created it,
// the one that last changed it, and its version, which is 1 at its creation and one more with each change; a new expiry
// is a change. From the cluster time of its expiry on a key is absent to every operation, and a put creates it anew; a
// sweep takes it out of memory, and tells watchers of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "kv/command.hpp"
#include "kv/reply.hpp"
#include "kv/retired.hpp"
#include "kv/sessions.hpp"
#include "kv/snapshot.hpp"

namespace tenon::kv {

class ChangeSink;

// Expired keys that one entry takes out, so that no entry takes much longer for them: with 1 000, writes beside the end
// of 100 000 keys took two and a half times as long as others, with 100 about as long (tools/compare --part state).
inline constexpr std::size_t kSweepKeysMax = 100;

// Commands that look_ahead() takes at once.
inline constexpr std::size_t kCommandsAhead = 32;

// Not for concurrent use. What was moved from is only good for being destroyed or assigned to. The end of a store frees
// its memory, unless a snapshot is left, and takes time in proportion to it; any thread may do it.
class Store {
 public:
  Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Begins an entry of the log that is stamped with this cluster time: takes out at most kSweepKeysMax keys and
  // kSessionSweepMax sessions whose expiry has come. Every entry begins so, also one without commands. Needs: the time
  // is not before that of an earlier entry.
  void begin_entry(std::uint64_t cluster_time_ms);
  // Shortens the time that apply() takes for these commands, when they come next: what they will look at is loaded side
  // by side, and not by one after the other. Nothing else follows from it. Needs: at most kCommandsAhead.
  void look_ahead(std::span<const Command> commands) noexcept;
  // Runs a command of the entry. Unless it is independent, all of it takes effect or none: when an operation fails,
  // every result has its error. A command with a session takes effect at most once for its sequence, and a repeated one
  // gets the reply of the first; one that is too far ahead of what its client has answers for fails as BUSY, and one
  // without a sequence as INVALID.
  Reply apply(const Command& command);
  // Runs a command that only reads; the rule about failures is the same. A get or scan of another revision, and a
  // cursor of another, fails as COMPACTED when that is earlier, and as INVALID when it is later than the state. Needs:
  // no operation changes the keyspace or sessions.
  Reply read(const Command& command) const;

  // The state as it is now; takes the same short time however much there is. While the snapshot lives, what changes in
  // the store takes memory of its own.
  std::shared_ptr<const Snapshot> pin();
  // What no snapshot sees any more since the last call. Takes time by the number of snapshots, not of keys. To be
  // called now and then: memory that a snapshot has kept waits for it.
  Retired collect();

  // The cluster time at which an entry, also one without commands, has something to take out; it may have come already.
  // nullopt: never, as things are.
  std::optional<std::uint64_t> next_expiry_ms() const noexcept;

  // Of everything in the state: two stores that have applied the same entries have the same.
  std::uint64_t state_hash() const noexcept;
  std::uint64_t revision() const noexcept { return revision_; }
  std::uint64_t cluster_time_ms() const noexcept { return cluster_time_ms_; }
  // With keys whose expiry has come but which are not swept yet.
  std::size_t key_count() const noexcept;

  // Tells changes to the sink from now on; null: to nobody. Keeps: sink, until another is set or the store ends.
  void set_change_sink(ChangeSink* sink) noexcept { sink_ = sink; }

 private:
  friend class ImageLoader;

  Reply execute(const Command& command);
  Reply execute_once(const Command& command);
  Reply execute_for_sessions(const Command& command);
  Reply answer() const noexcept;

  std::shared_ptr<Keyspace> keyspace_;
  Sessions sessions_;
  std::uint64_t revision_ = 0;         // never falls
  std::uint64_t cluster_time_ms_ = 0;  // never falls
  ChangeSink* sink_ = nullptr;         // null: nobody wants to know
};

}  // namespace tenon::kv
