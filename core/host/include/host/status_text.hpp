// SPDX-License-Identifier: MIT
// The answers of the admin verbs, as text. Readers skip lines and fields that they do not know.
//
// status: lines of `name value`, in this order.
//   version        of the server
//   cluster_id, node_id
//   role           follower | candidate | leader
//   term, leader   leader 0: not known
//   members        how many the cluster has
//   learners       how many of them do not vote
//   standing       of this node: voter | learner | incoming | outgoing, or joining | outsider | refused | removed
//   standing_text  of the last two: why, and what to do
//   first_index, last_index, last_term, durable_index, commit_index, applied_index
//   revision, keys, cluster_time_ms
//   inbox_bytes    of requests that wait to be proposed
//   log_space      enough | short: what makes the state grow is refused here, and leadership was given up
//   snapshot_index, snapshot_bytes  the last entry that the newest image includes, 0 without one; its size as stored
//   faults         none | the kinds of plugin that suffer faults on purpose, as in storage,transport
//   uptime_ms
//   mail_age_ms    how long the oldest message for the node's thread has waited there; 0: none does
//   sync_age_ms    how long the oldest write has been with storage without being durable; 0: all are
//
// members: a line for each member, ascending by id. A line is fields of `name=value`, separated by single spaces, in
// this order; a value has no space, several addresses are separated by '|', and '-' stands for none or not known.
//   id
//   incarnation    32 hexadecimal digits: the data directory that the cluster knows this member by
//   is_leader      yes | no
//   addresses      where its peers reach it, by the membership and by the config of the node that answers
//   clients        where it serves clients, by its own word
//   control, bulk  the transport in use for each lane from the node that answers; its own are -
//   standing       voter | learner | incoming | outgoing
//   aim            of a learner: voter | learner | replaces:ID, what it is to become
//   and, when the node that answers leads, of every other member
//   match_index    its log is known to be the leader's up to here
//   next_index     what it is sent next
//   progress       probe | replicate | snapshot
//   missing_bytes  of log and image, near the end of the log to the byte
//
// member_add, member_promote, member_remove, member_replace: lines of `name value`.
//   node
//   standing       as it is now; - : it is no member any more
//   missing_bytes  of a learner
//   text           what is decided, and what follows by itself
//   warning        any number of lines: what to know of the cluster as it is now
//
// leader: lines of `name value`.
//   leader          0: not known
//   term
//   client_address  a line for each URL at which it serves clients
//
// leader_transfer: lines of `name value`.
//   target          the node that is to lead; 0: the voter whose log is the longest
//   term            in which leadership is given up: done when a greater one has a leader
//
// snapshot: lines of `name value`.
//   index           the last entry that the newest image includes; 0: there is no image
//   bytes           of that image as stored
//   being_taken, being_received  yes | no
//   taken, received  since the start
//   transfers       images that are on their way to peers
//   applied_index   when the answer was made; an image that `create` asks for includes at least this entry
//   first_index     of the log
//   log_bytes       of the entries of the log that are applied
//   compacting      yes | no: whether a compaction that was asked for is still under way
//
// compact: the last four of the same lines, as they are before the compaction.
//
// snapshot_read: lines of `name value`, an empty line, and then the bytes of the image from the offset on, as stored.
//   id              of the image, 32 hexadecimal digits
//   index           the last entry that it includes
//   snapshot_bytes  of the whole image as stored
//   offset          of the first byte that follows
//
// log_read: lines of `name value`, an empty line, and then records of backup/log_file.hpp.
//   commit_index, commit_term  the last entry that could be had
//
// state_hash: lines of `name value`.
//   applied_index, revision
//   state_hash      16 hexadecimal digits
//
// plugins: for each loaded plugin a line of fields as those of members, and below it lines that begin with a space.
//   plugin         its section of the config, as in storage.filewal
//   id, version, abi  by its manifest
//    file PATH     that it was loaded from
//    option NAME VALUE  a line for each that is set or has a default; of a secret one (secret)
//
// events: lines of `sequence time_ms kind text`, ascending: those behind the sequence of the argument, of the latest
//   that are kept; without an argument all of them.
//   kind           election | membership | snapshot | standing | state
//
// slow_operations: for each operation of clients of this node that took long a line of fields as those of members,
//   ascending by sequence: those behind the sequence of the argument, of the latest that are kept; without an argument
//   all of them.
//   sequence, time_ms  when it ended, by the wall clock of this node
//   api, op, code  as in the labels of tenon_requests_total
//   took_us        from its arrival at the node to its answer, in microseconds
//   key            the beginning of the first key that it names, percent-encoded
//   key_bytes      of that key in whole
//   request        the number that the client API gave it
//   trace          what people know it by, as the id of an HTTP request; its beginning, percent-encoded
//
// metrics: everything that is counted and measured, in the form of metrics/prometheus_text.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/peer_directory.hpp"
#include "node/node.hpp"

namespace tenon::host {

struct Identity {
  raft::NodeId node_id;
  std::string cluster_id;
  std::string version;          // of the server
  std::string faults = "none";  // what suffers faults on purpose, by its config
};

// A plugin that the node has loaded, with the options that it was given.
struct LoadedPart {
  std::string room;  // "storage.filewal"
  std::string id;
  std::string version;
  std::string abi;
  std::string file;
  std::map<std::string, std::string> options;  // what is secret is masked
};

// 32 digits; `-` when it is not known.
std::string hexadecimal(const raft::Incarnation& incarnation);
// 32 lower-case digits; nullopt: the text is not that.
std::optional<wire::ImageId> parse_image_id(std::string_view text) noexcept;
const char* role_name(raft::RoleName role) noexcept;

// In milliseconds; as the lines of these names above.
struct StatusAges {
  std::uint64_t uptime = 0;
  std::uint64_t mail = 0;
  std::uint64_t sync = 0;
};
std::string status_text(const Identity& identity, const node::Status& status, const StatusAges& ages);
std::string members_text(const Identity& identity, const node::Status& status, const std::vector<KnownNode>& nodes);
// Nullopt: it is not of that form.
std::optional<node::MemberChangeWanted> parse_member_change(const std::string& verb, const std::string& argument);
std::string member_change_text(const node::MemberChangeDone& done);
std::string plugins_text(const std::vector<LoadedPart>& parts);
std::string leader_text(const node::Status& status, const std::vector<KnownNode>& nodes);
std::string snapshots_text(const node::Status& status);
std::string compaction_text(const node::CompactionBegun& begun);
std::string log_part_text(const node::LogPart& part);
std::string image_part_text(const node::ImagePart& part);
std::string state_hash_text(const node::Status& status);
std::string leader_transfer_text(const node::Status& status, raft::NodeId target);

}  // namespace tenon::host
