// SPDX-License-Identifier: MIT
// What an operator's tool asks of a node beside data, and is answered later: parts of what the node has stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "node/members/member_change.hpp"
#include "node/submission.hpp"
#include "raft/types.hpp"
#include "wire/image.hpp"

namespace tenon::node {

struct ImagePartWanted {
  std::optional<wire::ImageId> id;  // nullopt: of the newest image
  std::uint64_t offset = 0;         // at most the size of the image
};

// An image of what is applied, and the log cut up to it.
struct CompactionWanted {};

// Committed entries, as records of backup/log_file.hpp, behind one that the asker has. To be refused unless it is the
// same here.
struct LogPartWanted {
  std::string cluster_id;
  raft::LogIndex previous_index;
  raft::Term previous_term;
  raft::LogIndex last_index;  // no entry behind it is wanted; 0: behind what is committed
};

struct OperatorRequest {
  Token token;
  std::variant<ImagePartWanted, CompactionWanted, LogPartWanted, MemberChangeWanted> wanted;
};

// A stretch of an image as it is stored.
struct ImagePart {
  wire::ImageId id = {};
  raft::LogIndex index;
  std::uint64_t image_bytes = 0;
  std::uint64_t offset = 0;
  std::string data;  // ends with the image, or is as much as one part holds
};

// As many entries as one part holds, at least one unless the last that was wanted was there already.
struct LogPart {
  raft::LogIndex commit_index;  // the last that could be had
  raft::Term commit_term;
  std::string records;
};

// A compaction has begun; it is done when Status says that there is none under way.
struct CompactionBegun {
  raft::LogIndex applied_index;  // the log is to be cut up to here, or further
  raft::LogIndex first_index;    // of the log as it is
  std::uint64_t log_bytes = 0;   // of its applied entries
};

struct OperatorRefusal {
  Outcome outcome = Outcome::refused;  // or overloaded: the same may succeed soon
  tenon_error error = TENON_ERROR_INVALID;
  std::string why;           // with what to do
  raft::NodeId leader = {};  // of NOT_LEADER: as last heard of
};

struct OperatorAnswer {
  Token token;
  std::variant<ImagePart, CompactionBegun, LogPart, MemberChangeDone, OperatorRefusal> what;
};

}  // namespace tenon::node
