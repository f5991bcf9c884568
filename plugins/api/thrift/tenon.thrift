// SPDX-License-Identifier: MIT
//
// Tenon's client API. One port serves every service over the framed transport and the binary protocol: Kv under its
// plain method names ("Kv:method" is understood too), and the others as "Cluster:method" and "Maintenance:method"
// (maintenance.thrift), the way TMultiplexedProtocol writes it.
//
// How this file grows: field ids and enum values are never reused and never change their type, every new field is
// optional, nothing is `required`, enums only gain values, and methods are added rather than changed. A reader treats
// an enum value that it does not know as the most careful reading of its kind: an Outcome as UNKNOWN, an ErrorCode as
// INTERNAL.

namespace * tenon_kv
namespace cpp tenon.thrift_api
namespace c_glib TenonKv
namespace delphi Tenon.Kv
namespace java dev.tenon.kv
namespace js TenonKv
namespace netstd Tenon.Kv
namespace php Tenon.Kv
namespace rb TenonKv
namespace swift TenonKv

// What a client may conclude about the request that failed.
enum Outcome {
  // It may have been applied. Only a read of the keys that it would have changed can tell.
  UNKNOWN = 0,
  // It was executed and decided to change nothing.
  DONE = 1,
  // It was surely not applied, or it was a read that failed.
  REFUSED = 2,
  // It was not executed now; of an earlier try in the same session nothing is known any more.
  SESSION_EXPIRED = 3,
  // It was surely not applied, because the node is at its bounds: try again later.
  OVERLOADED = 4,
  // An earlier try of the same sequence in the same session was executed; its reply was too large to be kept.
  EXECUTED = 5,
}

enum ErrorCode {
  // The request contradicts itself or this file.
  INVALID = 1,
  // A kind, flag or feature that this node does not have.
  UNSUPPORTED = 2,
  NOT_FOUND = 3,
  // A key, value, request or range is beyond a limit, which the message names.
  TOO_LARGE = 4,
  // A bound is reached; try again later.
  BUSY = 5,
  // Only the leader can do it; leader_address says where it is, when that is known.
  NOT_LEADER = 6,
  // The node is shutting down.
  CLOSED = 7,
  CANCELLED = 8,
  TIMEOUT = 9,
  // That revision is no longer kept.
  COMPACTED = 10,
  // The value is not a number, or the sum would not be one.
  WRONG_TYPE = 11,
  // The node's disk or memory is used up.
  NO_SPACE = 12,
  // The node's operating system failed.
  IO = 13,
  // The node found bytes that are not what was written.
  CORRUPT = 14,
  // A defect of the node.
  INTERNAL = 15,
  // The session has used the sequence for another request; nothing was done.
  REUSED = 16,
}

exception TenonError {
  1: ErrorCode code,
  2: Outcome outcome,
  // For people.
  3: string message,
  // The node that leads, as last heard of; absent when that is not known.
  4: optional i64 leader_node,
  // Where that node serves this API, as "host:port"; absent when that is not known.
  5: optional string leader_address,
  // Of a watch that ends as COMPACTED: the first revision that a watch on this node can begin at.
  6: optional i64 oldest_revision,
}

struct Record {
  1: binary key,
  // Absent when only keys were asked for.
  2: optional binary value,
  // The revision at which the key was created.
  3: i64 create_revision,
  // The revision at which the key was last changed.
  4: i64 mod_revision,
  // 1 when the key was created, and one more with each change.
  5: i64 version,
  // When the key ceases to exist, in cluster time: milliseconds since 1970 by the clock that the cluster agrees on.
  // Absent: never.
  6: optional i64 expires_at_ms,
}

// Makes a write safe to be tried again: of all requests with the same session and sequence one is executed, and the
// others get its reply. See openSession. A request that only reads needs no session, and does not keep one alive.
struct InSession {
  1: i64 session,
  // 1, 2, 3.. as the client numbers its writes; a retry has the number of the first try. Another request with a number
  // that was executed ends as REFUSED / REUSED.
  2: i64 sequence,
  // The lowest sequence whose reply the client still waits for, at most `sequence`; absent or 0: as it was. What is
  // below it is forgotten and ends as SESSION_EXPIRED. It and the 63 that follow it may be executed; what is beyond
  // them ends as REFUSED / BUSY.
  3: optional i64 lowest_outstanding,
}

struct PutRequest {
  1: binary key,
  2: binary value,
  // Whether the reply shall have the record as it was before.
  3: optional bool return_previous,
  // When the key shall cease to exist; at most one of the three. Without one it never does.
  // In so many milliseconds from when the write is executed; above 0.
  4: optional i64 ttl_ms,
  // At this point of cluster time; above 0.
  5: optional i64 expires_at_ms,
  // As it was to be before.
  6: optional bool keep_expiry,
  // Of a write that is a request of its own; within a transaction it is INVALID, in all requests alike.
  7: optional InSession in_session,
}

// The revision of every reply is that of the state that the reply shows: after a write, the revision that it made.
struct PutReply {
  1: i64 revision,
  // Absent when it was not asked for, and when the key did not exist.
  2: optional Record previous,
}

// What a read may rest on, and so what it shows. The node may give a stronger one, and takes a value that it does not
// know for LINEARIZABLE. Of a read that is a request of its own; within a transaction it is INVALID.
//
//   LINEARIZABLE  everything that was acknowledged, to whomever, when the node took the request. The default
//   LEASE         the same, as long as the clocks of the nodes differ by no more than the operator has said. A leader
//                 with raft.lease_reads = on answers without asking the others; every other node serves it as
//                 LINEARIZABLE
//   STALE         everything that was acknowledged before the node took the request and max_age_ms before the answer;
//                 without max_age_ms what the node has applied, however old. Any node answers by itself when its state
//                 is new enough, and asks the leader first when it is not; one that knows of no leader then refuses
//                 with NOT_LEADER, and says how old its state may be
//   LOG           as LINEARIZABLE, and it rests on nothing but the log: the read is an entry, committed and applied
//                 like a write
enum Consistency { LINEARIZABLE = 1, LEASE = 2, STALE = 3, LOG = 4 }

struct GetRequest {
  1: binary key,
  // max_age_ms is of STALE: 1 or more.
  2: optional Consistency consistency, 3: optional i64 max_age_ms,
}

struct GetReply {
  1: i64 revision,
  // Absent when the key does not exist.
  2: optional Record record,
  // Of the state that the reply shows: what expires_at_ms of the record is to be compared with.
  3: optional i64 cluster_time_ms,
}

struct GetManyRequest {
  // Up to 10 000. The records have to fit into one reply, which is TOO_LARGE otherwise.
  1: list<binary> keys,
  // As in GetRequest.
  2: optional Consistency consistency, 3: optional i64 max_age_ms,
}

// Absent when the key does not exist.
struct FoundRecord { 1: optional Record record }

struct GetManyReply {
  1: i64 revision,
  // As many as keys were asked for, in their order; all of them at one revision.
  2: list<FoundRecord> records,
  3: optional i64 cluster_time_ms,
}

struct RemoveRequest {
  1: binary key,
  // Whether the reply shall have the record that was removed.
  2: optional bool return_previous,
  3: optional InSession in_session,
}

struct RemoveReply {
  1: i64 revision,
  // Whether the key existed.
  2: bool removed,
  // Absent when it was not asked for, and when the key did not exist.
  3: optional Record previous,
}

// Adds to the end of the value; of a key that does not exist the value is empty before. The expiry stays.
struct AppendRequest {
  1: binary key,
  2: binary value,
  3: optional bool return_previous,
  4: optional InSession in_session,
}

struct AppendReply {
  1: i64 revision,
  // Of the value in bytes, as it is now.
  2: i64 length,
  3: optional Record previous,
}

// Adds to the number that the value is as decimal text: an optional minus and digits, within 64 bits. A key that does
// not exist counts as 0. A value that is no number, and a sum beyond 64 bits, end as DONE / WRONG_TYPE. The expiry
// stays.
struct IncrementRequest {
  1: binary key,
  2: i64 delta,
  3: optional bool return_previous,
  4: optional InSession in_session,
}

struct IncrementReply {
  1: i64 revision,
  // The sum.
  2: i64 number,
  3: optional Record previous,
}

// The range is that of a scan, but it has to be said: a request with neither a prefix nor a bound is INVALID, and an
// empty prefix means all keys.
struct RemoveRangeRequest {
  1: optional binary prefix,
  2: optional binary first_key,
  3: optional binary end_key,
  // Keys at most; absent or 0: the node's own bound, which always holds.
  4: optional i64 limit,
  5: optional InSession in_session,
  // From an earlier reply, with the same range: goes on where that ended.
  6: optional binary cursor,
}

struct RemoveRangeReply {
  1: i64 revision,
  // How many were removed.
  2: i64 removed,
  // Present when the range has more; the next request with it goes on.
  3: optional binary cursor,
}

// Sets when the key shall cease to exist: exactly one of ttl_ms and expires_at_ms, as in PutRequest. A time that has
// come already ends the key at once.
struct ExpireRequest {
  1: binary key,
  2: optional i64 ttl_ms,
  3: optional i64 expires_at_ms,
  4: optional bool return_previous,
  5: optional InSession in_session,
}

struct ExpireReply {
  1: i64 revision,
  // Whether the key existed.
  2: bool changed,
  3: optional Record previous,
}

// The key shall no longer expire.
struct PersistRequest {
  1: binary key,
  2: optional bool return_previous,
  3: optional InSession in_session,
}

struct PersistReply {
  1: i64 revision,
  // Whether the key had an expiry.
  2: bool changed,
  3: optional Record previous,
}

// Records in the order of their keys, compared as unsigned bytes. The range is every key that begins with `prefix`, or
// the keys from first_key on and below end_key; a request that has both is INVALID, one that has neither means all
// keys.
struct ScanRequest {
  1: optional binary prefix,
  // Absent or empty: from the first key on.
  2: optional binary first_key,
  // Absent or empty: to the last key.
  3: optional binary end_key,
  // Records at most; absent or 0: the node's own bound, which always holds.
  4: optional i64 limit,
  // Bytes of keys and values at most, but at least one record is given; absent or 0: the node's own bound.
  5: optional i64 limit_bytes,
  // Records without their values.
  6: optional bool keys_only,
  // No records, only how many: up to 10 000 of the range, and a cursor in the reply when there are more to count.
  7: optional bool count_only,
  // From an earlier reply: goes on where that ended, in the state that it showed. The range and the flags must be the
  // same as there. When that state is not kept any more the request ends as COMPACTED; a new scan from behind the last
  // key goes on in the state of then.
  8: optional binary cursor,
  // From the last key of the range to the first.
  9: optional bool backward,
  // Only keys that match: * is any bytes, ? is one, [ab] and [a-z] are one of those, [^ab] is one that is none of
  // those, a backslash takes what is special from the byte behind it; at most 256 bytes. A page may then have fewer
  // records than its limit, or none, and a cursor nevertheless.
  10: optional binary match,
  // As in GetRequest. What goes on from a cursor is of the state that the cursor is of, whatever is asked.
  11: optional Consistency consistency, 12: optional i64 max_age_ms,
}

struct ScanReply {
  1: i64 revision,
  2: list<Record> records,
  // Present when the range has more; a next request with it goes on.
  3: optional binary cursor,
  // Present when count_only was asked for.
  4: optional i64 count,
  5: optional i64 cluster_time_ms,
}

enum CompareTarget { VALUE = 1, VERSION = 2, CREATE_REVISION = 3, MOD_REVISION = 4 }

enum CompareRelation { EQUAL = 1, NOT_EQUAL = 2, LESS = 3, GREATER = 4 }

// Holds when the target of the key stands in this relation to `value` (of VALUE) or to `number` (of the others). Of a
// key that does not exist version and revisions are 0, and of VALUE only NOT_EQUAL holds: "version EQUAL 0" asks
// whether the key is absent.
struct Compare {
  1: binary key,
  2: CompareTarget target,
  3: CompareRelation relation,
  4: optional binary value,
  5: optional i64 number,
}

// Exactly one member is set.
union Operation {
  1: PutRequest put,
  2: GetRequest get,
  3: RemoveRequest remove,
  4: ScanRequest scan,
  5: AppendRequest append,
  6: IncrementRequest increment,
  7: RemoveRangeRequest remove_range,
  8: ExpireRequest expire,
  9: PersistRequest persist,
}

// The member that is set is that of the operation.
union OperationReply {
  1: PutReply put,
  2: GetReply get,
  3: RemoveReply remove,
  4: ScanReply scan,
  5: AppendReply append,
  6: IncrementReply increment,
  7: RemoveRangeReply remove_range,
  8: ExpireReply expire,
  9: PersistReply persist,
}

// When every compare holds `operations` run, else `otherwise`: all of them at one revision, or none when one fails.
// Without compares it is a batch, and with gets alone a multi-get.
struct TransactionRequest {
  1: list<Compare> compares,
  2: list<Operation> operations,
  3: optional list<Operation> otherwise,
  4: optional InSession in_session,
  // As in GetRequest, of a transaction that only reads; one that writes is an entry of the log anyway.
  5: optional Consistency consistency, 6: optional i64 max_age_ms,
}

struct TransactionReply {
  1: i64 revision,
  // Whether every compare held.
  2: bool succeeded,
  // In the order of the operations that ran.
  3: list<OperationReply> replies,
}

// A session lives until it is closed, or until no write of it and no keepSessionAlive was executed for its duration, by
// the cluster's clock. Then its writes end as SESSION_EXPIRED and are not executed.
struct OpenSessionRequest {
  // From 1 000 (a second) to 2 592 000 000 (30 days).
  1: i64 duration_ms,
}

// The session's id, which no other session ever has.
struct OpenSessionReply { 1: i64 session }

// lowest_outstanding is as in InSession.
struct KeepSessionAliveRequest { 1: i64 session, 2: optional i64 lowest_outstanding }

struct KeepSessionAliveReply {}

struct CloseSessionRequest { 1: i64 session }

struct CloseSessionReply {}

enum ChangeKind {
  // The key was created or changed.
  PUT = 1,
  REMOVED = 2,
  // The key's time had come.
  EXPIRED = 3,
}

struct Change {
  1: ChangeKind kind,
  // The key as it is now. Of a key that is gone key and mod_revision alone are set, the revision at which it went.
  2: Record record,
  // The key as it was before; absent when it was not asked for, and when the key did not exist.
  3: optional Record previous,
}

// Asks for the changes of a range, which is that of a scan. Replies follow each other without gap or repetition, at any
// nodes, when each request begins at the next_revision of the reply before.
struct WatchRequest {
  1: optional binary prefix,
  2: optional binary first_key,
  3: optional binary end_key,
  // Changes of this revision and later ones; absent or 0: from when the request is served.
  4: optional i64 from_revision,
  // How long the reply waits for a change, in milliseconds, at most 60 000; absent or 0: not at all.
  5: optional i64 wait_ms,
  // Changes at most, though a revision is never divided; absent or 0: the node's own bound, which always holds.
  6: optional i64 limit,
  7: optional bool return_previous,
}

struct WatchReply {
  // Where to go on: every change of the range before it has come.
  1: i64 next_revision,
  // In the order in which they happened; none when the time ran out.
  2: list<Change> changes,
  3: optional i64 cluster_time_ms,
}

service Kv {
  PutReply put(1: PutRequest request) throws (1: TenonError error),
  GetReply get(1: GetRequest request) throws (1: TenonError error),
  RemoveReply remove(1: RemoveRequest request) throws (1: TenonError error),
  ScanReply scan(1: ScanRequest request) throws (1: TenonError error),
  TransactionReply transaction(1: TransactionRequest request) throws (1: TenonError error),

  GetManyReply getMany(1: GetManyRequest request) throws (1: TenonError error),
  AppendReply append(1: AppendRequest request) throws (1: TenonError error),
  IncrementReply increment(1: IncrementRequest request) throws (1: TenonError error),
  RemoveRangeReply removeRange(1: RemoveRangeRequest request) throws (1: TenonError error),
  ExpireReply expire(1: ExpireRequest request) throws (1: TenonError error),
  PersistReply persist(1: PersistRequest request) throws (1: TenonError error),

  // A try of openSession that ends as UNKNOWN may have opened a session, which expires by itself: open another.
  OpenSessionReply openSession(1: OpenSessionRequest request) throws (1: TenonError error),
  KeepSessionAliveReply keepSessionAlive(1: KeepSessionAliveRequest request) throws (1: TenonError error),
  CloseSessionReply closeSession(1: CloseSessionRequest request) throws (1: TenonError error),

  // Waits for changes and answers as soon as there are some. When from_revision is not kept any more it ends as
  // COMPACTED: read the keys anew and watch from behind the revision of that reply. On a connection whose replies keep
  // their order the wait ends when another request follows it.
  WatchReply watch(1: WatchRequest request) throws (1: TenonError error),

  // From now on this connection's replies may come in another order than its requests; match them by their sequence
  // ids. Without this call replies keep the order of the requests, whatever the client has sent ahead.
  void allowReordering() throws (1: TenonError error),
}

// Of the node that the client is connected to, as it sees the cluster. A number that it did not tell is absent.
struct StatusReply {
  1: optional i64 node_id,
  2: optional string cluster_id,
  // "leader", "follower", "candidate" or "learner".
  3: optional string role,
  4: optional i64 term,
  // The node that leads; 0 when that is not known.
  5: optional i64 leader,
  6: optional i64 commit_index,
  7: optional i64 applied_index,
  8: optional i64 revision,
  // Of the server's program.
  9: optional string version,
  10: optional i64 uptime_ms,
  // How many keys there are.
  11: optional i64 keys,
  // What the node told beyond these, by name.
  12: optional map<string, string> other,
}

struct InfoReply {
  // 1 for this file. It rises only with a change that an older client would misread.
  1: i32 protocol_version,
  // What this node can do beyond protocol version 1; names are only ever added.
  2: list<string> features,
  3: optional i64 node_id,
  4: optional string cluster_id,
  // The largest frame that the node takes, without its length word.
  5: optional i64 frame_bytes_max,
}

// One member of the cluster, as the node sees it. What it did not tell, or does not know, is absent.
struct Member {
  1: i64 node_id,
  2: optional bool is_leader,
  // 32 hexadecimal digits: the data directory that the cluster knows this member by.
  3: optional string incarnation,
  // URLs at which the other nodes reach it, by the membership and by the config of the node that answers.
  4: optional list<string> addresses,
  // URLs at which it serves clients, by its own word; the scheme is the name of the client API.
  5: optional list<string> client_addresses,
  // The transport in use from the node that answers, for small and urgent frames and for large ones; absent while there
  // is no connection, and of the node itself.
  6: optional string control_transport,
  7: optional string bulk_transport,
  // From the leader only, of the other members: up to where the member's log is known to be the leader's, what it is
  // sent next, and "probe", "replicate" or "snapshot".
  8: optional i64 match_index,
  9: optional i64 next_index,
  10: optional string progress,
  // "voter" or "learner"; while the voters change "incoming", which counts in the new set only, or "outgoing", which
  // counts in the old one only.
  11: optional string standing,
  // Of a learner, what it is to become: a voter ("voter"), the voter that takes the place of another ("replaces:3"), or
  // nothing else ("learner").
  12: optional string aim,
  // From the leader only, of the other members: how much it is still to be sent, in bytes of log and image.
  13: optional i64 missing_bytes,
}

// Ascending by node_id.
struct MembersReply {
  1: list<Member> members,
}

struct LeaderReply {
  // 0: not known.
  1: i64 leader,
  2: optional i64 term,
  // URLs at which the leader serves clients.
  3: optional list<string> client_addresses,
}

struct TransferLeadershipRequest {
  // The voter that is to lead; absent or 0: the one whose log is the longest.
  1: optional i64 target,
}

struct TransferLeadershipReply {
  // As asked for; 0: the node chooses.
  1: i64 target,
  // The term that is to end; the transfer is done when another node leads a later one.
  2: optional i64 term,
}

struct MetricsReply {
  // In the text format 0.0.4 of Prometheus. Names are never changed or removed; new ones may come.
  1: string text,
}

// The newest image of the state that a node has stored, with what happens to its images. What the node did not tell is
// absent.
struct SnapshotReply {
  // The last log entry that the image includes; 0: there is no image.
  1: optional i64 index,
  // Of the image as stored.
  2: optional i64 bytes,
  // Whether the node is making an image of its state, or receives one from the leader.
  3: optional bool being_taken,
  4: optional bool being_received,
  // Since the node has started.
  5: optional i64 taken,
  6: optional i64 received,
  // Images that are on their way to other nodes.
  7: optional i64 transfers,
  // The last entry that the node had applied when it answered.
  8: optional i64 applied_index,
}

struct StateHashReply {
  1: optional i64 applied_index,
  2: optional i64 revision,
  // 16 hexadecimal digits over the whole state; nodes at the same applied_index have the same.
  3: optional string state_hash,
}

service Cluster {
  StatusReply status() throws (1: TenonError error),

  // As the node knows it, without asking the others; also while there is no leader.
  MembersReply members() throws (1: TenonError error),
  LeaderReply leader() throws (1: TenonError error),

  // What this node counts and measures; also while there is no leader.
  MetricsReply metrics() throws (1: TenonError error),

  // Asks the leader to hand over, and does not wait until it has: ask leader() for that. It may come to nothing, when
  // the target cannot take over in time; then the node leads on. A node that does not lead answers NOT_LEADER.
  TransferLeadershipReply transferLeadership(1: TransferLeadershipRequest request) throws (1: TenonError error),

  // Asks this node to take an image of its state, and does not wait until it is stored: it is when getSnapshot() tells
  // an index that is at least the applied_index of this reply. A node that receives an image answers BUSY.
  SnapshotReply createSnapshot() throws (1: TenonError error),
  // The next two are what this node has, without asking the others; also while there is no leader.
  SnapshotReply getSnapshot() throws (1: TenonError error),
  StateHashReply getStateHash() throws (1: TenonError error),

  // Answered by the node itself, without the cluster; also while there is no leader.
  InfoReply getInfo() throws (1: TenonError error),
}
