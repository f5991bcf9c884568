// SPDX-License-Identifier: MIT
#include "net/peer/outbox.hpp"

#include <utility>

#include "tenon/check.hpp"

namespace tenon::net {

Outbox::Outbox(std::uint64_t lane_bytes_max, std::uint64_t frame_overhead_bytes, std::function<void()> wake)
    : lane_bytes_max_(lane_bytes_max), frame_overhead_bytes_(frame_overhead_bytes), wake_(std::move(wake)) {}

void Outbox::set_peer(std::uint64_t peer, std::vector<PeerAddress> addresses) {
  std::unique_lock lock(mutex_);
  PeerChange& change = changes_[peer];
  if (addresses.empty()) change.drop = true;
  change.addresses = std::move(addresses);
  wake(lock);
}

void Outbox::send(const LaneId& lane, OfferedFrames& frames) {
  std::unique_lock lock(mutex_);
  const auto found = queues_.find(lane);
  if (found == queues_.end() || !found->second.open || frames.empty()) return;
  Queue& queue = found->second;
  const bool was_ready = !queue.handed.empty();
  while (!frames.empty()) {
    const std::uint64_t size = frames.next_size();
    TENON_CHECK(size <= TENON_FRAME_BYTES_MAX);
    const std::uint64_t bytes = size + frame_overhead_bytes_;
    const bool has_room = queue.bytes < lane_bytes_max_ && bytes <= lane_bytes_max_ - queue.bytes;
    if (queue.bytes != 0 && !has_room) {
      queue.starved = true;
      break;
    }
    queue.handed.push_back(frames.take());
    queue.bytes += bytes;
  }
  if (queue.handed.empty()) return;
  if (!was_ready) ready_.push_back(lane);
  wake(lock);
}

void Outbox::wake(std::unique_lock<std::mutex>& lock) {
  const bool sleeps = !std::exchange(awake_, true);
  lock.unlock();
  if (sleeps) wake_();
}

Outbox::Work Outbox::take() {
  Work work;
  const std::lock_guard lock(mutex_);
  awake_ = false;
  work.changes.swap(changes_);
  work.batches.reserve(ready_.size());
  for (const LaneId& lane : ready_) {
    work.batches.push_back({lane, {}});
    work.batches.back().frames.swap(queues_[lane].handed);
  }
  ready_.clear();
  return work;
}

void Outbox::open(const LaneId& lane) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_[lane];
  TENON_CHECK(!queue.open && queue.bytes == 0);
  queue.open = true;
}

std::vector<Frame> Outbox::close(const LaneId& lane) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_[lane];
  queue.open = false;
  queue.starved = false;
  queue.bytes = 0;
  return std::exchange(queue.handed, {});
}

// Half of the room is enough to go on with, and too much to come back for with every few bytes.
bool Outbox::give_room(const LaneId& lane, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_[lane];
  TENON_CHECK(queue.open && bytes <= queue.bytes);
  queue.bytes -= bytes;
  return queue.bytes <= lane_bytes_max_ / 2 && std::exchange(queue.starved, false);
}

}  // namespace tenon::net
