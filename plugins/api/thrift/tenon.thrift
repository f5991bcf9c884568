// SPDX-License-Identifier: MIT
//
// Tenon's client API. One port serves two services over the framed transport and the binary protocol: Kv under its
// plain method names, and Cluster as "Cluster:method", the way TMultiplexedProtocol writes it ("Kv:method" is
// understood too).
//
// How this file grows: field ids and enum values are never reused and never change their type, every new field is
// optional, nothing is `required`, enums only gain values, and methods are added rather than changed. A reader treats
// an enum value that it does not know as the most careful reading of its kind: an Outcome as UNKNOWN, an ErrorCode as
// INTERNAL.

namespace * tenon_kv
namespace cpp tenon.thrift_api
namespace c_glib TenonKv
namespace d tenon_kv
namespace dart tenon_kv
namespace delphi Tenon.Kv
namespace go tenon_kv
namespace java dev.tenon.kv
namespace js TenonKv
namespace lua tenon_kv
namespace netstd Tenon.Kv
namespace php Tenon.Kv
namespace py tenon_kv
namespace rb TenonKv
namespace rs tenon_kv
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
  // The value is not of the type that the operation needs.
  WRONG_TYPE = 11,
  // The node's disk or memory is used up.
  NO_SPACE = 12,
  // The node's operating system failed.
  IO = 13,
  // The node found bytes that are not what was written.
  CORRUPT = 14,
  // A defect of the node.
  INTERNAL = 15,
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
}

struct PutRequest {
  1: binary key,
  2: binary value,
  // Whether the reply shall have the record as it was before.
  3: optional bool return_previous,
}

// The revision of every reply is that of the state that the reply shows: after a write, the revision that it made.
struct PutReply {
  1: i64 revision,
  // Absent when it was not asked for, and when the key did not exist.
  2: optional Record previous,
}

struct GetRequest {
  1: binary key,
}

struct GetReply {
  1: i64 revision,
  // Absent when the key does not exist.
  2: optional Record record,
}

struct RemoveRequest {
  1: binary key,
  // Whether the reply shall have the record that was removed.
  2: optional bool return_previous,
}

struct RemoveReply {
  1: i64 revision,
  // Whether the key existed.
  2: bool removed,
  // Absent when it was not asked for, and when the key did not exist.
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
  // From an earlier reply: goes on where that ended. The range and the flags must be the same as there. The pages of
  // one scan show the state at the revision of each page, not one state.
  8: optional binary cursor,
}

struct ScanReply {
  1: i64 revision,
  2: list<Record> records,
  // Present when the range has more; a next request with it goes on.
  3: optional binary cursor,
  // Present when count_only was asked for.
  4: optional i64 count,
}

enum CompareTarget {
  VALUE = 1,
  VERSION = 2,
  CREATE_REVISION = 3,
  MOD_REVISION = 4,
}

enum CompareRelation {
  EQUAL = 1,
  NOT_EQUAL = 2,
  LESS = 3,
  GREATER = 4,
}

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
}

// The member that is set is that of the operation.
union OperationReply {
  1: PutReply put,
  2: GetReply get,
  3: RemoveReply remove,
  4: ScanReply scan,
}

// When every compare holds `operations` run, else `otherwise`: all of them at one revision, or none when one fails.
// Without compares it is a batch, and with gets alone a multi-get.
struct TransactionRequest {
  1: list<Compare> compares,
  2: list<Operation> operations,
  3: optional list<Operation> otherwise,
}

struct TransactionReply {
  1: i64 revision,
  // Whether every compare held.
  2: bool succeeded,
  // In the order of the operations that ran.
  3: list<OperationReply> replies,
}

service Kv {
  PutReply put(1: PutRequest request) throws (1: TenonError error),
  GetReply get(1: GetRequest request) throws (1: TenonError error),
  RemoveReply remove(1: RemoveRequest request) throws (1: TenonError error),
  ScanReply scan(1: ScanRequest request) throws (1: TenonError error),
  TransactionReply transaction(1: TransactionRequest request) throws (1: TenonError error),

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

// One voter of the cluster, as the node sees it. What it did not tell, or does not know, is absent.
struct Member {
  1: i64 node_id,
  2: optional bool is_leader,
  // 32 hexadecimal digits: the data directory that the cluster knows this voter by.
  3: optional string incarnation,
  // URLs at which the other nodes reach it, by the config of the node that answers.
  4: optional list<string> addresses,
  // URLs at which it serves clients, by its own word; the scheme is the name of the client API.
  5: optional list<string> client_addresses,
  // The transport in use from the node that answers, for small and urgent frames and for large ones; absent while there
  // is no connection, and of the node itself.
  6: optional string control_transport,
  7: optional string bulk_transport,
  // From the leader only, of the other voters: up to where the voter's log is known to be the leader's, what it is sent
  // next, and "probe", "replicate" or "snapshot".
  8: optional i64 match_index,
  9: optional i64 next_index,
  10: optional string progress,
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

  // Answered by the node itself, without the cluster; also while there is no leader.
  InfoReply getInfo() throws (1: TenonError error),
}
