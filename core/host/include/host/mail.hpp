// SPDX-License-Identifier: MIT
// What waits for a node's thread. It is drained as a whole, then acted on once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/backup/operator_request.hpp"
#include "node/peer_port.hpp"
#include "node/submission.hpp"
#include "node/work.hpp"
#include "tenon/storage.h"

namespace tenon::host {

struct Mail {
  struct LogRead {
    std::uint64_t request;
    tenon_error error;
    const tenon_entry* entries;
    std::uint64_t count;
    tenon_loan loan;
  };
  struct Cancel {
    std::size_t after;  // the submissions of the same mail that came before it
    node::Token token;
  };
  // A frame, or else an event of a lane.
  struct FromPeer {
    raft::NodeId peer;
    std::shared_ptr<const std::string> frame;
    node::Lane lane;
    node::LaneEvent event;
  };

  std::vector<node::Submission> submissions;
  std::uint64_t submission_bytes = 0;       // <= inbox_bytes_max, or one request alone
  std::vector<Cancel> cancels;              // ascending in `after`
  std::vector<node::StreamLoan> loans;      // that have come back; no more than there are on loan
  std::vector<std::uint64_t> ended_queues;  // after everything that was submitted on them
  struct DialFailure {
    raft::NodeId peer;
    std::string why;
  };
  std::vector<FromPeer> from_peers;        // in order; its frames have FrameRoom
  std::vector<DialFailure> dial_failures;  // <= kDialFailuresMax, what is beyond is not told
  std::size_t lane_events = 0;             // in from_peers; <= kLaneEventsMax
  std::optional<raft::NodeId> transfer;
  std::uint64_t durable = 0;  // 0: nothing new
  std::optional<bool> space_is_short;
  std::vector<LogRead> log_reads;
  std::vector<std::unique_ptr<node::Work>> done;  // work that has made its last step
  bool image = false;                             // an operator wants one
  std::vector<node::OperatorRequest> asked;       // <= kOperatorRequestsMax
  bool nudge = false;                             // one round is wanted, whatever else there is
  bool stop = false;

  bool empty() const noexcept {
    return submissions.empty() && cancels.empty() && loans.empty() && ended_queues.empty() && from_peers.empty() &&
           dial_failures.empty() && !transfer && durable == 0 && !space_is_short && log_reads.empty() && done.empty() &&
           !image && asked.empty() && !nudge && !stop;
  }
};

// A transport that reports more while the node's thread does not get to run is broken.
inline constexpr std::size_t kLaneEventsMax = 65'536;
// As much as the transports may say between two rounds of the node.
inline constexpr std::size_t kDialFailuresMax = 1024;
// Above it an operator's request is refused as overloaded.
inline constexpr std::size_t kOperatorRequestsMax = 64;

}  // namespace tenon::host
