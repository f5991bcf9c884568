// SPDX-License-Identifier: MIT
//
// What operators' tools ask of one node: its images and its log as bytes, for backups, and a shorter log. The service
// Maintenance is served at the same port as those of tenon.thrift, as "Maintenance:method", the way
// TMultiplexedProtocol writes it; the file grows by the same rules.

include "tenon.thrift"

namespace * tenon_maintenance
namespace cpp tenon.thrift_api
namespace java dev.tenon.maintenance
namespace js TenonMaintenance
namespace netstd Tenon.Maintenance
namespace rb TenonMaintenance

struct ReadSnapshotRequest {
  // Of an earlier reply; absent: of the newest image, as a backup begins.
  1: optional string id,
  // Of the first byte that is wanted; at most the size of the image.
  2: i64 offset,
}

struct ReadSnapshotReply {
  // Of the image, 32 hexadecimal digits; other nodes have other images.
  1: string id,
  // The last log entry that the image includes.
  2: i64 index,
  // Of the whole image as stored.
  3: i64 snapshot_bytes,
  4: i64 offset,
  // Up to 1 MiB from the offset on; what is less ends with the image.
  5: binary bytes,
}

// What an incremental backup goes on from.
struct ReadLogRequest {
  1: string cluster_id,
  // The last entry that the asker has, and its term: a node that has another there answers INVALID.
  2: i64 previous_index,
  3: i64 previous_term,
  // No entry behind this one is wanted; absent: all that is committed.
  4: optional i64 last_index,
}

struct ReadLogReply {
  // The last entry that could be had when the node answered.
  1: i64 commit_index,
  2: i64 commit_term,
  // The entries that follow, up to 1 MiB but at least one if there is one, as records of an incremental backup.
  3: binary records,
}

struct LogReply {
  // The last entry that the node has applied.
  1: i64 applied_index,
  // The first entry that its log still holds, and the bytes of those from there to the applied one.
  2: i64 first_index,
  3: i64 log_bytes,
  // Whether a compaction that was asked for is under way, and for that an image is being taken.
  4: bool compacting,
  5: bool being_taken,
}

// All of it is of this node alone, and also answered while there is no leader.
enum MemberChange {
  // `node`, reached at `addresses`, becomes a learner, and a voter by itself when it has caught up.
  ADD = 1,
  // A learner becomes a voter.
  PROMOTE = 2,
  REMOVE = 3,
  // `node`, reached at `addresses`, becomes a learner, and takes the place of the voter `replaced` when it has caught
  // up.
  REPLACE = 4,
}

struct ChangeMembersRequest {
  1: MemberChange change,
  2: i64 node,
  // URLs whose scheme is the name of a transport, the preferred first.
  3: optional list<string> addresses,
  4: optional i64 replaced,
  // Of ADD: it stays a learner until it is promoted.
  5: optional bool stays_learner,
  // Of PROMOTE and REMOVE: also when the voters that answer are then too few, or the node lags behind.
  6: optional bool force,
}

struct ChangeMembersReply {
  1: i64 node,
  // As in tenon.Member; absent: it is no member any more.
  2: optional string standing,
  // As in tenon.Member.
  3: optional i64 missing_bytes,
  // For people: what is decided, and what follows by itself.
  4: optional string text,
  // For people: what they should know about the cluster as it is now.
  5: optional list<string> warnings,
}

service Maintenance {
  // Reads a stored image part by part. It stays readable for 60 s after a part of it was read, also when a newer one
  // takes its place; later the answer is NOT_FOUND, and the reading has to begin anew. A node that does as much of it
  // as it does at once answers OVERLOADED.
  ReadSnapshotReply readSnapshot(1: ReadSnapshotRequest request) throws (1: tenon.TenonError error),

  // Reads committed entries of this node's log. COMPACTED: they are not in it any more, and a full backup is wanted.
  ReadLogReply readLog(1: ReadLogRequest request) throws (1: tenon.TenonError error),

  // Asks this node to take an image of its state and to cut its log up to it, without what is otherwise kept for nodes
  // that are late. Does not wait: it is done when getLog() says that the node is not compacting. The reply has the log
  // as it was before. A node that receives an image answers BUSY.
  LogReply compactLog() throws (1: tenon.TenonError error),
  LogReply getLog() throws (1: tenon.TenonError error),

  // Changes who belongs to the cluster, one change at a time: while another is under way it is BUSY. A new node is
  // dialled before it is accepted. Answered when the change is committed, of ADD and REPLACE as soon as the node is a
  // learner. A node that does not lead answers NOT_LEADER.
  ChangeMembersReply changeMembers(1: ChangeMembersRequest request) throws (1: tenon.TenonError error),
}
