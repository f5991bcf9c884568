// SPDX-License-Identifier: MIT
// What an operator's tool asks of a node beside data, and is answered later: parts of what the node has stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

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

struct OperatorRequest {
  Token token;
  std::variant<ImagePartWanted, CompactionWanted> wanted;
};

// A stretch of an image as it is stored.
struct ImagePart {
  wire::ImageId id = {};
  raft::LogIndex index;
  std::uint64_t image_bytes = 0;
  std::uint64_t offset = 0;
  std::string data;  // ends with the image, or is as much as one part holds
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
  std::string why;  // with what to do
};

struct OperatorAnswer {
  Token token;
  std::variant<ImagePart, CompactionBegun, OperatorRefusal> what;
};

}  // namespace tenon::node
