// SPDX-License-Identifier: MIT
// A client API's queue: requests in, completions out. The credit of a request comes back when its completion is polled,
// so at most `depth` completions ever wait.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "host/completion.hpp"
#include "host/event_signal.hpp"
#include "host/node_port.hpp"
#include "host/request_check.hpp"

namespace tenon::host {

class ClientQueue {
 public:
  // Keeps: node, for its life. Throws tenon::Error(IO) when there is no descriptor left.
  ClientQueue(std::uint64_t id, std::uint64_t depth, const RequestLimits& limits, NodePort& node);
  ClientQueue(const ClientQueue&) = delete;
  ClientQueue& operator=(const ClientQueue&) = delete;

  const tenon_queue* table() const noexcept { return &table_; }
  std::uint64_t id() const noexcept { return id_; }

  // The four functions of tenon_queue but for destroy.
  std::uint64_t submit(const tenon_request* requests, std::uint64_t count);
  std::uint64_t poll(const tenon_completion** completions, std::uint64_t room);
  void cancel(std::uint64_t request);

  // Adds completions to be polled, and leaves `completions` empty. Any thread.
  void complete(std::vector<CompletionPointer>& completions);

  // Called by table()->destroy(); set once, before the table is given away.
  void on_destroy(void (*destroy)(const tenon_queue* queue)) noexcept { table_.destroy = destroy; }
  // For whoever makes the queue, to find itself again in destroy().
  void* owner = nullptr;

 private:
  const std::uint64_t id_;
  const std::uint64_t depth_;
  const RequestLimits limits_;
  NodePort& node_;
  const EventSignal signal_;
  tenon_queue table_{};

  std::mutex mutex_;
  std::uint64_t unfinished_ = 0;              // submitted and not yet polled; <= depth_
  std::vector<CompletionPointer> completed_;  // waiting for poll(); the signal is raised while there are any
};

}  // namespace tenon::host
