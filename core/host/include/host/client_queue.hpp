// SPDX-License-Identifier: MIT
// A client API's queue: requests in, completions out. The credit of a request comes back when its final completion is
// polled, so at most `depth` of those ever wait; those of streams before their final one are as many as the node lends
// to each. While all that wait hold much memory nothing more is begun.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "host/completion.hpp"
#include "host/event_signal.hpp"
#include "host/metrics/request_metrics.hpp"
#include "host/metrics/slow_operations.hpp"
#include "host/node_port.hpp"
#include "host/peer_directory.hpp"
#include "host/request_check.hpp"

namespace tenon::host {

// Of completions that wait in a queue: above it every request ends as overloaded, so that a client API which does not
// poll bounds its own memory. What was submitted before still ends as it does.
inline constexpr std::uint64_t kUnpolledBytesMax = 64u << 20;

class ClientQueue {
 public:
  // Keeps: node, directory, metrics and slow_operations, for its life. `client_api` is the name of whoever asks. Throws
  // tenon::Error(IO) when there is no descriptor left.
  ClientQueue(std::uint64_t id, std::uint64_t depth, const std::string& client_api, const RequestLimits& limits,
              NodePort& node, const PeerDirectory& directory, const RequestMetrics& metrics,
              SlowOperations& slow_operations);
  ClientQueue(const ClientQueue&) = delete;
  ClientQueue& operator=(const ClientQueue&) = delete;

  const tenon_queue* table() const noexcept { return &table_; }
  std::uint64_t id() const noexcept { return id_; }

  // The four functions of tenon_queue but for destroy.
  std::uint64_t submit(const tenon_request* requests, std::uint64_t count);
  std::uint64_t poll(const tenon_completion** completions, std::uint64_t room);
  void cancel(std::uint64_t request);

  // host:port at which `leader` serves the client API of this queue; empty: not known. Any thread.
  std::string leader_address(raft::NodeId leader) const { return directory_.client_address(leader, client_api_); }
  // Adds completions to be polled, and leaves `completions` empty. Any thread.
  void complete(std::vector<CompletionPointer>& completions);

  // Called by table()->destroy(); set once, before the table is given away.
  void on_destroy(void (*destroy)(const tenon_queue* queue)) noexcept { table_.destroy = destroy; }
  // For whoever makes the queue, to find itself again in destroy().
  void* owner = nullptr;

 private:
  struct Waiting {
    CompletionPointer completion;
    std::uint64_t bytes;
  };
  // Checks a request, and adds it to `submissions`, or what it ended as to `completions`.
  void take(node::Token token, const tenon_request& request, raft::Instant now,
            std::vector<node::Submission>& submissions, std::vector<CompletionPointer>& completions);
  // Needs: the mutex.
  void forget_polled();
  // Null: the answer comes later.
  CompletionPointer perform(node::Token token, AdminRequest admin);

  const std::uint64_t id_;
  const std::uint64_t depth_;
  const std::string client_api_;
  const RequestLimits limits_;
  NodePort& node_;
  const PeerDirectory& directory_;
  const RequestMetrics& metrics_;
  SlowOperations& slow_operations_;
  const EventSignal signal_;
  tenon_queue table_{};

  std::mutex mutex_;
  RequestTraces traces_;              // guarded by mutex_, as all below
  std::uint64_t unfinished_ = 0;      // submitted, and the final completion not yet polled; <= depth_
  std::uint64_t final_count_ = 0;     // of completed_; <= unfinished_
  std::vector<Waiting> completed_;    // from polled_ on waiting for poll(); the signal is raised while there are any
  std::size_t polled_ = 0;            // <= completed_.size()
  std::uint64_t unpolled_bytes_ = 0;  // the sum of those that wait
};

}  // namespace tenon::host
