// SPDX-License-Identifier: MIT
#include "host/client_host.hpp"

#include "tenon/host.hpp"

namespace tenon::host {
namespace {

ClientHost& of(const tenon_client_host* host) noexcept { return *static_cast<ClientHost*>(host->context); }

}  // namespace

ClientHost::ClientHost(const RequestLimits& limits, NodePort& node) : limits_(limits), node_(node) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.queue_create = [](const tenon_client_host* host, std::uint64_t depth, const tenon_queue** queue,
                           tenon_detail* why) {
    tenon_error created = TENON_OK;
    const tenon_error guarded = guard(why, [&] { created = of(host).create(depth, queue, why); });
    return guarded == TENON_OK ? created : guarded;
  };
}

tenon_error ClientHost::create(std::uint64_t depth, const tenon_queue** queue, tenon_detail* why) {
  if (depth == 0) return describe(why, TENON_ERROR_INVALID, "a queue's depth is at least 1");
  if (depth > kQueueDepthMax) {
    return describe(why, TENON_ERROR_TOO_LARGE, "a queue's depth is at most " + std::to_string(kQueueDepthMax));
  }
  const std::lock_guard lock(mutex_);
  if (queues_.size() == kQueuesMax) {
    return describe(why, TENON_ERROR_NO_SPACE, "there are " + std::to_string(kQueuesMax) + " queues already");
  }
  auto made = std::make_shared<ClientQueue>(++last_id_, depth, limits_, node_);
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
  std::shared_ptr<ClientQueue> ended;  // its completions are released without the lock
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(id);
  TENON_CHECK(found != queues_.end());
  ended = std::move(found->second);
  queues_.erase(found);
}

void ClientHost::complete(std::uint64_t queue, std::vector<CompletionPointer>& completions) {
  std::shared_ptr<ClientQueue> found;
  {
    const std::lock_guard lock(mutex_);
    const auto at = queues_.find(queue);
    if (at != queues_.end()) found = at->second;
  }
  if (found) found->complete(completions);
  completions.clear();
}

}  // namespace tenon::host
