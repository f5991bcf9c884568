// SPDX-License-Identifier: MIT
#include "mailbox.hpp"

namespace tenon::wrong_transport {

void Mailbox::set_peer(std::uint64_t peer, std::vector<std::uint16_t> ports) {
  const std::lock_guard lock(mutex_);
  peers_[peer].push_back(std::move(ports));
}

std::map<std::uint64_t, std::vector<std::vector<std::uint16_t>>> Mailbox::take_peers() {
  const std::lock_guard lock(mutex_);
  return std::exchange(peers_, {});
}

void Mailbox::send(const LaneId& lane, OfferedFrames& frames) {
  std::unique_lock lock(mutex_);
  const auto found = queues_.find(lane);
  if (found == queues_.end() || !found->second.open) return;
  Queue& queue = found->second;
  while (!frames.empty()) {
    const std::uint64_t size = frames.next_size() + 1;
    const auto has_room = [&] { return queue.bytes == 0 || queue.bytes + size <= lane_bytes_max_; };
    if (kSin == Sin::blocks) room_.wait_for(lock, std::chrono::seconds(2), has_room);
    if (!has_room() && kSin != Sin::unbounded) {
      queue.starved = true;
      return;
    }
    queue.handed.push_back(frames.take());
    queue.bytes += size;
  }
}

std::vector<Frame> Mailbox::take_frames(const LaneId& lane) {
  const std::lock_guard lock(mutex_);
  return std::exchange(queues_[lane].handed, {});
}

void Mailbox::open(const LaneId& lane) {
  const std::lock_guard lock(mutex_);
  queues_[lane].open = true;
}

std::vector<Frame> Mailbox::close(const LaneId& lane) {
  const std::lock_guard lock(mutex_);
  return std::exchange(queues_[lane], {}).handed;
}

bool Mailbox::give_room(const LaneId& lane, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_[lane];
  queue.bytes -= bytes;
  room_.notify_all();
  return queue.bytes <= lane_bytes_max_ / 2 && std::exchange(queue.starved, false);
}

}  // namespace tenon::wrong_transport
