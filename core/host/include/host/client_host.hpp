// SPDX-License-Identifier: MIT
// The tenon_client_host of each client API plugin, and the way of answers back to their queues.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/client_queue.hpp"

namespace tenon::host {

inline constexpr std::uint64_t kQueueDepthMax = 65'536;
inline constexpr std::size_t kQueuesMax = 64;

class ClientHost {
 public:
  // Keeps: node, directory and metrics, for its life. Outlives every client API plugin.
  ClientHost(const RequestLimits& limits, NodePort& node, const PeerDirectory& directory, Metrics& metrics);
  ClientHost(const ClientHost&) = delete;
  ClientHost& operator=(const ClientHost&) = delete;

  // What the client API of this name is given; its queues get the leader's address for this API. The same for the same
  // name, and valid as long as this. Any thread.
  const tenon_client_host* table(const std::string& client_api);
  // host:port at which `leader` serves the client API that this queue belongs to; empty: not known. Any thread.
  std::string leader_address(std::uint64_t queue, raft::NodeId leader);
  // For people, of a request that was executed: which bound, with its value, an operation of it would have passed;
  // empty: it passed none. Any thread.
  std::string bound_text(const kv::Reply& reply) const;
  // Hands completions to the queue of this id and leaves `completions` empty; drops them when it was destroyed
  // meanwhile. Any thread.
  void complete(std::uint64_t queue, std::vector<CompletionPointer>& completions);
  const SlowOperations& slow_operations() const noexcept { return slow_operations_; }

 private:
  struct ClientApi {
    ClientHost* host = nullptr;
    std::string name;
    std::optional<RequestMetrics> metrics;  // set from the beginning
    tenon_client_host table{};
  };
  tenon_error create(const ClientApi& client_api, std::uint64_t depth, const tenon_queue** queue, tenon_detail* why);
  void destroy(std::uint64_t id);
  std::shared_ptr<ClientQueue> find(std::uint64_t id);

  const RequestLimits limits_;
  NodePort& node_;
  const PeerDirectory& directory_;
  Metrics& metrics_;
  SlowOperations slow_operations_;
  std::mutex mutex_;
  std::map<std::string, ClientApi> client_apis_;                  // by name; as many as the config names
  std::map<std::uint64_t, std::shared_ptr<ClientQueue>> queues_;  // at most kQueuesMax
  std::uint64_t last_id_ = 0;
};

}  // namespace tenon::host
