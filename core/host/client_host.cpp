// SPDX-License-Identifier: MIT
#include "host/client_host.hpp"

#include "kv/sessions.hpp"
#include "tenon/host.hpp"

namespace tenon::host {

ClientHost::ClientHost(const RequestLimits& limits, NodePort& node, const PeerDirectory& directory, Metrics& metrics)
    : limits_(limits),
      node_(node),
      directory_(directory),
      metrics_(metrics),
      slow_operations_(metrics, limits.slow_operation) {}

const tenon_client_host* ClientHost::table(const std::string& client_api) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = client_apis_.try_emplace(client_api);
  ClientApi& made = at->second;
  if (!is_new) return &made.table;
  made.host = this;
  made.name = client_api;
  made.metrics.emplace(metrics_, client_api);
  made.table.struct_size = sizeof made.table;
  made.table.context = &made;
  made.table.queue_create = [](const tenon_client_host* table, std::uint64_t depth, const tenon_queue** queue,
                               tenon_detail* why) {
    const auto& asking = *static_cast<const ClientApi*>(table->context);
    tenon_error created = TENON_OK;
    const tenon_error guarded = guard(why, [&] { created = asking.host->create(asking, depth, queue, why); });
    return guarded == TENON_OK ? created : guarded;
  };
  return &made.table;
}

tenon_error ClientHost::create(const ClientApi& client_api, std::uint64_t depth, const tenon_queue** queue,
                               tenon_detail* why) {
  if (depth == 0) return describe(why, TENON_ERROR_INVALID, "a queue's depth is at least 1");
  if (depth > kQueueDepthMax) {
    return describe(why, TENON_ERROR_TOO_LARGE, "a queue's depth is at most " + std::to_string(kQueueDepthMax));
  }
  const std::lock_guard lock(mutex_);
  if (queues_.size() == kQueuesMax) {
    return describe(why, TENON_ERROR_NO_SPACE, "there are " + std::to_string(kQueuesMax) + " queues already");
  }
  auto made = std::make_shared<ClientQueue>(++last_id_, depth, client_api.name, limits_, node_, directory_,
                                            *client_api.metrics, slow_operations_);
  made->owner = this;
  made->on_destroy([](const tenon_queue* ended) {
    const auto& ending = *static_cast<ClientQueue*>(ended->context);
    static_cast<ClientHost*>(ending.owner)->destroy(ending.id());
  });
  *queue = made->table();
  queues_.emplace(made->id(), std::move(made));
  return TENON_OK;
}

void ClientHost::destroy(std::uint64_t id) {
  node_.end_queue(id);
  std::shared_ptr<ClientQueue> ended;  // its completions are released without the lock
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(id);
  TENON_CHECK(found != queues_.end());
  ended = std::move(found->second);
  queues_.erase(found);
}

std::shared_ptr<ClientQueue> ClientHost::find(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(id);
  return found == queues_.end() ? nullptr : found->second;
}

std::string ClientHost::leader_address(std::uint64_t queue, raft::NodeId leader) {
  if (leader == raft::NodeId()) return {};
  const std::shared_ptr<ClientQueue> found = find(queue);
  return found ? found->leader_address(leader) : std::string();
}

std::string ClientHost::bound_text(const kv::Reply& reply) const {
  for (const kv::Result& result : reply.results) {
    if (result.error == TENON_ERROR_TOO_LARGE) {
      return "an operation would leave a value of more than limits.value_bytes_max (" +
             std::to_string(limits_.value_bytes_max) + ") bytes, or return more than an answer may have (" +
             std::to_string(kv::kReplyBytesMax) + " bytes); it changed nothing";
    }
    if (result.error == TENON_ERROR_BUSY) {
      return "as many sessions are open as the cluster keeps (" + std::to_string(kv::kSessionsMax) +
             "); close some, or wait for them to expire";
    }
  }
  return {};
}

void ClientHost::complete(std::uint64_t queue, std::vector<CompletionPointer>& completions) {
  if (const std::shared_ptr<ClientQueue> found = find(queue)) found->complete(completions);
  completions.clear();
}

}  // namespace tenon::host
