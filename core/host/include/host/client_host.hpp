// SPDX-License-Identifier: MIT
// The tenon_client_host of every client API plugin, and the way of answers back to their queues.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "host/client_queue.hpp"

namespace tenon::host {

inline constexpr std::uint64_t kQueueDepthMax = 65'536;
inline constexpr std::size_t kQueuesMax = 64;

class ClientHost {
 public:
  // Keeps: node, for its life. Outlives every client API plugin.
  ClientHost(const RequestLimits& limits, NodePort& node);
  ClientHost(const ClientHost&) = delete;
  ClientHost& operator=(const ClientHost&) = delete;

  const tenon_client_host* table() const noexcept { return &table_; }
  // Hands completions to the queue of this id and leaves `completions` empty; drops them when it was destroyed
  // meanwhile. Any thread.
  void complete(std::uint64_t queue, std::vector<CompletionPointer>& completions);

 private:
  tenon_error create(std::uint64_t depth, const tenon_queue** queue, tenon_detail* why);
  void destroy(std::uint64_t id);

  const RequestLimits limits_;
  NodePort& node_;
  tenon_client_host table_{};
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<ClientQueue>> queues_;  // at most kQueuesMax
  std::uint64_t last_id_ = 0;
};

}  // namespace tenon::host
