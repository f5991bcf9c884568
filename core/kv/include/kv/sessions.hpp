// SPDX-License-Identifier: MIT
// The sessions of the state machine. A session makes retries safe: a request that names a session and a sequence takes
// effect at most once, and a retry gets the reply of the first try.
//
// Model. Sessions are opened, kept alive and closed by commands of the log, and time is the cluster time of the
// entries, so that every node decides the same. An id comes from a counter and is never used twice. Every command that
// names a session moves its deadline to that command's time plus the session's duration. From its deadline on a session
// is expired: it executes nothing, whether or not sweep() has removed it yet.
//
// A session keeps replies for its sequences from the lowest that its client still waits for, which the client tells
// with each request, and for kSequencesMax of them: [lowest, lowest + kSequencesMax). Below it nothing is known any
// more, and nothing executes.
//
// Beside a reply stands the hash of its request (request_hash.hpp). Another request with the same sequence is no retry:
// it executes nothing, and does not get an answer that is not its own.
//
// A reply is kept as the bytes that the caller gives (kept_reply.hpp). One that is large, or for which there is no
// room, is kept as its outcome alone (keeps_whole()); a session never forgets that it has executed a sequence.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::kv {

inline constexpr std::size_t kSessionsMax = 10'000;
inline constexpr std::size_t kSessionSweepMax = 1'000;               // that one entry removes
inline constexpr std::uint64_t kSequencesMax = 64;                   // of a session, without an answer
inline constexpr std::size_t kKeptReplyBytesMax = 16u << 10;         // of one reply
inline constexpr std::size_t kKeptBytesMax = std::size_t{64} << 20;  // of all replies, beyond which only small ones
inline constexpr std::size_t kKeptSmallBytesMax = 128;               // of one reply that is always kept as it is

enum class Admission {
  execute,    // never executed before: execute it, then keep() its reply
  repeated,   // executed before: answer with the reply that was kept
  reused,     // the sequence belongs to another request, which was executed: this one surely never was
  forgotten,  // below what is kept: an earlier try may have executed
  too_far,    // beyond what may be outstanding: surely never executed
  expired,    // there is no such session (any more): an earlier try may have executed
};
struct Admitted {
  Admission admission = Admission::expired;
  std::string_view reply;  // of repeated; lives until the next change of the sessions
};

// How sessions lie in memory.
struct KeptReply;
struct Session;
struct SessionSlots;

// The sessions at the moment of a pin(). May be used and destroyed on any thread.
class SessionsSnapshot {
 public:
  std::uint64_t last_id() const noexcept { return last_id_; }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t encoded_bytes() const noexcept { return encoded_bytes_; }  // of all sessions together
  std::uint64_t hash() const noexcept { return hash_; }

 private:
  friend class Sessions;
  friend class SessionsEncoder;
  std::shared_ptr<const SessionSlots> slots_;
  std::uint64_t last_id_ = 0;
  std::size_t size_ = 0;
  std::uint64_t encoded_bytes_ = 0;
  std::uint64_t hash_ = 0;
};

// Writes the sessions of a snapshot one by one, ascending by id:
//   u64 id, u64 duration_ms, u64 deadline_ms, u64 lowest sequence, u32 count of replies,
//   each reply, ascending: u64 sequence, u64 hash of the request, block bytes
class SessionsEncoder {
 public:
  explicit SessionsEncoder(const SessionsSnapshot& snapshot);
  // Appends the next session, at most kSessionBytesMax. False: there is none left.
  bool next(std::string& output);

 private:
  std::shared_ptr<const SessionSlots> slots_;  // that the elements below lie in
  std::vector<const Session*> order_;
  std::size_t position_ = 0;  // <= order_.size()
};
inline constexpr std::size_t kSessionBytesMax = 4 * 8 + 4 + kSequencesMax * (8 + 8 + 4 + kKeptReplyBytesMax);

// Not for concurrent use. Times are cluster time and never run back from one call to the next. What was moved from is
// only good for being destroyed or assigned to.
class Sessions {
 public:
  Sessions();
  ~Sessions();
  Sessions(Sessions&&) noexcept;
  Sessions& operator=(Sessions&&) noexcept;

  // Opens a session and returns its id; nullopt: there are kSessionsMax. Needs: duration_ms > 0.
  std::optional<std::uint64_t> open(std::uint64_t duration_ms, std::uint64_t now_ms);
  // What is to be done with a command of this session and sequence whose request_hash() is `request`. Renews the
  // session, unless it is expired, and forgets its replies below `outstanding`; 0: none. Needs: sequence > 0.
  Admitted admit(std::uint64_t id, std::uint64_t sequence, std::uint64_t request, std::uint64_t outstanding,
                 std::uint64_t now_ms);
  // Whether a reply of this size may be kept as it is; if not the caller keeps its outcome alone.
  bool keeps_whole(std::size_t reply_bytes) const noexcept;
  // Keeps the reply of the sequence and request that admit() has just let execute. Needs: keeps_whole(reply.size()),
  // and the session is not expired nor closed since.
  void keep(std::uint64_t id, std::uint64_t sequence, std::uint64_t request, std::string reply);
  // Renews the session and forgets its replies below `outstanding`; 0: none. False: it is expired.
  bool keep_alive(std::uint64_t id, std::uint64_t outstanding, std::uint64_t now_ms);
  // Removes the session and its replies. False: it is expired.
  bool close(std::uint64_t id, std::uint64_t now_ms);

  // Removes sessions that are expired, at most kSessionSweepMax of them, those of the earliest deadlines.
  void sweep(std::uint64_t now_ms);
  // The earliest deadline, when sweep() has work; nullopt: never.
  std::optional<std::uint64_t> next_expiry_ms() const noexcept;

  std::size_t size() const noexcept { return slot_of_.size(); }
  std::uint64_t last_id() const noexcept { return last_id_; }  // that open() has given; 0: none
  std::size_t kept_bytes() const noexcept { return kept_bytes_; }
  // The same for the same sessions, whatever led to them.
  std::uint64_t hash() const noexcept;

  // What the sessions are now. Takes the same short time however many there are.
  SessionsSnapshot pin();

  // For the image: begins with the counter of an empty object, then takes what SessionsEncoder wrote. False: malformed,
  // out of order, or beyond a bound; the object is then to be dropped. Needs: no session was opened here.
  void restore_last_id(std::uint64_t last_id) noexcept { last_id_ = last_id; }
  bool restore(std::string_view encoded);

 private:
  using Slot = std::uint32_t;

  const Session& at(Slot slot) const noexcept;
  // The place of a session in memory that no snapshot shows.
  std::shared_ptr<Session>& own_place(Slot slot);
  // The session for a change: as it lies there, or a copy when a snapshot shows it.
  Session& change(Slot slot);
  void add(std::shared_ptr<Session> session);
  void remove(std::uint64_t id);
  void count(const KeptReply& reply) noexcept;
  void discount(const KeptReply& reply) noexcept;

  std::shared_ptr<SessionSlots> slots_;
  std::map<std::uint64_t, Slot> slot_of_;                        // by id; size <= kSessionsMax
  std::vector<Slot> free_slots_;                                 // of those in slots_
  std::set<std::pair<std::uint64_t, std::uint64_t>> deadlines_;  // deadline and id of every session
  std::uint64_t generation_ = 0;                                 // one more with each pin()
  std::uint64_t last_id_ = 0;                                    // >= every id in slot_of_
  std::size_t kept_bytes_ = 0;                                   // of all replies
  std::uint64_t encoded_bytes_ = 0;                              // of all sessions, as the image holds them
  std::uint64_t hash_ = 0;                                       // sum over the sessions
};

}  // namespace tenon::kv
