// SPDX-License-Identifier: MIT
// A thin client of the Thrift API: framed binary protocol over TCP, one connection at a time, blocking.
//
// Model. A Client holds a list of endpoints and talks to one node for as long as that answers. Every node serves every
// request, but may at times have no leader to pass it to. What was surely not applied is tried elsewhere: a request
// whose endpoint cannot be reached, or whose node does not lead or is about to stop, goes to the leader that the node
// names, at most twice, and then to the other endpoints, each tried once. A read whose connection is lost goes to the
// next too; a write never does, because it may have been applied: it ends as UnknownOutcome, and what comes after it
// begins at the next endpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon_client/endpoint.hpp"
#include "tenon_client/error.hpp"
#include "tenon_client/operation.hpp"

namespace tenon::client {

struct Options {
  std::vector<Endpoint> endpoints;                  // 1 to kEndpointsMax
  std::chrono::milliseconds connect_timeout{2000};  // for each address of an endpoint; names are resolved by the system
  std::chrono::milliseconds request_timeout{10000};  // from sending to the whole answer, for each endpoint tried
};

// Of the node that answered. What it did not tell is absent.
struct Status {
  std::string endpoint;
  std::optional<std::uint64_t> node_id;
  std::optional<std::string> cluster_id;
  std::optional<std::string> role;
  std::optional<std::uint64_t> term;
  std::optional<std::uint64_t> leader;  // 0: not known
  std::optional<std::uint64_t> commit_index;
  std::optional<std::uint64_t> applied_index;
  std::optional<std::uint64_t> revision;
  std::optional<std::string> version;
  std::optional<std::uint64_t> uptime_ms;
  std::optional<std::uint64_t> keys;
  std::map<std::string, std::string> other;
};

// One member of the cluster, as the node that answered sees it. What it does not know is absent or empty.
struct Member {
  std::uint64_t node_id = 0;
  bool is_leader = false;
  std::optional<std::string> incarnation;     // of its data directory, in hexadecimal digits
  std::vector<std::string> addresses;         // URLs for the other nodes
  std::vector<std::string> client_addresses;  // URLs for clients
  std::optional<std::string> control_transport;
  std::optional<std::string> bulk_transport;
  // From the leader only, of the others.
  std::optional<std::uint64_t> match_index;
  std::optional<std::uint64_t> next_index;
  std::optional<std::string> progress;
  std::optional<std::string> standing;         // voter, learner, incoming or outgoing
  std::optional<std::string> aim;              // of a learner: what it is to become
  std::optional<std::uint64_t> missing_bytes;  // from the leader only, of the others: of log and image
};

enum class MemberChangeKind { kAdd, kPromote, kRemove, kReplace };
struct MemberChange {
  MemberChangeKind kind = MemberChangeKind::kAdd;
  std::uint64_t node = 0;
  std::vector<std::string> addresses = {};  // of kAdd and kReplace: URLs whose scheme is the name of a transport
  std::uint64_t replaced = 0;               // of kReplace: the voter whose place the node takes
  bool stays_learner = false;               // of kAdd
  bool force = false;                       // of kPromote and kRemove
};
struct MemberChangeResult {
  std::uint64_t node = 0;
  std::optional<std::string> standing;  // absent: it is no member any more
  std::optional<std::uint64_t> missing_bytes;
  std::string text;                   // what is decided, and what follows by itself
  std::vector<std::string> warnings;  // about the cluster as it is now
};

struct Leadership {
  std::uint64_t leader = 0;  // 0: not known
  std::uint64_t term = 0;
  std::vector<std::string> client_addresses;  // URLs of the leader's client APIs
};

// The newest image of the state that the node that answered has stored, and what happens to its images.
struct Snapshot {
  std::uint64_t index = 0;  // the last entry that it includes; 0: there is none
  std::uint64_t bytes = 0;  // as stored
  bool being_taken = false;
  bool being_received = false;
  std::uint64_t applied_index = 0;  // of the node
};

// The log of the node that answered.
struct Log {
  std::uint64_t applied_index = 0;
  std::uint64_t first_index = 0;  // that it still holds
  std::uint64_t bytes = 0;        // of its applied entries
  bool compacting = false;        // compact_log() was called, and is not done
  bool being_taken = false;       // an image of the state
};

// Of the state of the node that answered; nodes at the same applied_index have the same hash.
struct StateHash {
  std::uint64_t applied_index = 0;
  std::uint64_t revision = 0;
  std::string hash;  // 16 hexadecimal digits
};

// A stretch of an image that a node has stored.
struct SnapshotPart {
  std::string id;  // of the image, 32 hexadecimal digits
  std::uint64_t index = 0;
  std::uint64_t snapshot_bytes = 0;  // of the whole image
  std::uint64_t offset = 0;
  std::string bytes;  // up to 1 MiB
};

// Committed entries of a node's log.
struct LogPart {
  std::uint64_t commit_index = 0;  // the last that could be had
  std::uint64_t commit_term = 0;
  std::string records;  // of an incremental backup
};

class Caller;

// Each request throws NoConnection, Refused, and if it writes UnknownOutcome, or in a session SessionExpired and
// ReplyForgotten; see error.hpp. Keys have 1 to 65536
// bytes; a node refuses others, and values above its limit. For one thread at a time.
class Client {
 public:
  // Connects nowhere yet. Throws std::invalid_argument without endpoints. Needs: timeouts above zero.
  explicit Client(Options options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Returns when the write is committed: durable on a quorum. So does every write below.
  PutResult put(std::string_view key, std::string_view value, const PutOptions& options = {});
  // Without options linearizable: sees every write that was acknowledged, to whomever, before the call. So do the
  // other reads. A stale one that a node cannot answer goes to the next endpoint, like every request that is refused
  // for want of a leader.
  GetResult get(std::string_view key, const ReadOptions& options = {});
  // All keys at one revision.
  GetManyResult get_many(const std::vector<std::string>& keys, const ReadOptions& options = {});
  // To erase a key that does not exist is no error.
  EraseResult erase(std::string_view key, const WriteOptions& options = {});
  // One part of the range. A range without prefix and without bounds is refused.
  EraseRangeResult erase_range(const EraseRangeRequest& wanted);
  // Adds to the end of the value, an absent key having an empty one.
  AppendResult append(std::string_view key, std::string_view value, const WriteOptions& options = {});
  // Adds to the value as a decimal number, an absent key being 0. Throws Refused (kWrongType) when the value is none,
  // or the sum would not be one of 64 bits.
  IncrementResult increment(std::string_view key, std::int64_t delta, const WriteOptions& options = {});
  // Sets when the key expires. Needs: `expiry` is `after` or `at`.
  ChangeResult expire(std::string_view key, const Expiry& expiry, const WriteOptions& options = {});
  // The key shall not expire.
  ChangeResult persist(std::string_view key, const WriteOptions& options = {});
  // One page of the range; those that follow it by its cursor are of the same moment, and fail as Refused
  // (kCompacted) when the node does not keep that any more.
  ScanResult scan(const ScanRequest& wanted);
  // Waits for changes of a range and returns as soon as there are some. Throws Refused (kCompacted, with
  // oldest_revision) when the node does not keep what comes first any more. After a node that knows of no leader
  // (kTimeout), or serves as many as it can, the next call goes to the next endpoint.
  WatchResult watch(const WatchRequest& wanted);
  // Sets the key to `value` when its value is `expected` (absent: when there is no such key), in one step. A write.
  SwapResult compare_and_swap(std::string_view key, const std::optional<std::string>& expected, std::string_view value,
                              const std::optional<InSession>& in_session = std::nullopt);
  // Runs `operations` when every compare holds, else `otherwise`, in one step. A write.
  TransactionResult transaction(const Transaction& transaction);

  // Opens a session that expires when nothing is heard of it for `duration`, and returns its id.
  std::uint64_t open_session(std::chrono::milliseconds duration);
  // Both throw SessionExpired when there is no such session. Replies below lowest_outstanding are forgotten; 0: none.
  void keep_session_alive(std::uint64_t session, std::uint64_t lowest_outstanding = 0);
  void close_session(std::uint64_t session);

  // The next six are the word of one node, without asking the others; also while there is no leader.
  Status status();
  std::vector<Member> members();  // ascending by node
  Leadership leadership();
  std::string metrics();  // what it counts and measures, in the text format 0.0.4 of Prometheus
  Snapshot snapshot();
  StateHash state_hash();
  // Asks the node to take an image of its state and returns what it has until then. The image is stored when snapshot()
  // of the same node tells an index that is at least the applied_index returned.
  Snapshot create_snapshot();
  Log log();
  // Asks the node to take an image and to cut its log up to it, and returns the log as it is until then. Done when
  // log() of the same node says that it is not compacting.
  Log compact_log();
  // Reads from the offset on, an empty id meaning the newest image. Throws Refused: kNotFound when the node does not
  // keep that image any more, overloaded when it reads as many as it does at once.
  SnapshotPart read_snapshot(const std::string& id, std::uint64_t offset);
  // Reads the entries behind the one of this index and term, up to `last_index`, 0: to the last that is committed.
  // Throws Refused: kCompacted when the node has them no more, kInvalid when its history is another.
  LogPart read_log(const std::string& cluster_id, std::uint64_t previous_index, std::uint64_t previous_term,
                   std::uint64_t last_index);
  // Asks the leader to hand over to `target`, 0: to the voter whose log is the longest. Returns the term that is to
  // end; done when another node leads a later one, which may never be.
  std::uint64_t transfer_leadership(std::uint64_t target);
  // Asks the leader to change who belongs to the cluster. Returns when that is committed, of kAdd and kReplace as soon
  // as the node is a learner; what is to follow happens by itself. A write.
  MemberChangeResult change_members(const MemberChange& change);

 private:
  std::unique_ptr<Caller> caller_;
};

}  // namespace tenon::client
