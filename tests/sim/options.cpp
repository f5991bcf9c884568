// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "stream.hpp"

namespace tenon::sim {
namespace {

std::string count_of(Duration time) {
  return std::to_string(std::chrono::duration_cast<microseconds>(time).count()) + "us";
}

}  // namespace

Options::Options(std::uint64_t with_seed) : seed(with_seed) {
  Stream draw(seed, "options");
  constexpr std::size_t sizes[] = {1, 2, 3, 3, 3, 3, 4, 5, 5, 5};
  nodes = draw.pick(sizes);
  faulty_time = seconds(draw.between(5, 40));
  delay_min = microseconds(draw.between(20, 500));
  delay_mean = microseconds(draw.coin() ? draw.between(50, 500) : draw.between(1'000, 15'000));
  if (draw.coin()) loss_per_million = static_cast<std::uint32_t>(draw.between(1'000, 150'000));
  if (draw.coin()) duplicate_per_million = static_cast<std::uint32_t>(draw.between(1'000, 100'000));
  reorders = draw.coin();
  notices_restarts = draw.between(0, 3) != 0;
  lane_bytes_max = draw.coin() ? 16u << 20 : draw.between(2'000, 50'000);
  sync_mean = microseconds(draw.coin() ? draw.between(50, 500) : draw.between(1'000, 20'000));
  if (draw.coin()) stall_per_million = static_cast<std::uint32_t>(draw.between(100, 3'000));
  const auto now_and_then = [&](Duration& mean, std::uint64_t low_ms, std::uint64_t high_ms) {
    if (draw.coin()) mean = milliseconds(draw.between(low_ms, high_ms));
  };
  // In some runs faults come so fast that a leadership hardly begins before it ends.
  const std::uint64_t pace = draw.coin() ? 1 : 10;
  now_and_then(partition_mean, 50 * pace, 800 * pace);
  now_and_then(power_loss_mean, 50 * pace, 1'000 * pace);
  now_and_then(kill_mean, 50 * pace, 1'000 * pace);
  now_and_then(pause_mean, 50 * pace, 1'000 * pace);
  now_and_then(transfer_mean, 50 * pace, 500 * pace);
  clients = static_cast<std::size_t>(draw.between(1, 8));
  keys = static_cast<std::size_t>(draw.between(1, 10));
  think_mean = microseconds(draw.between(500, 50'000));
  timeout = milliseconds(draw.coin() ? draw.between(20, 300) : draw.between(1'000, 5'000));

  node.cluster_id = "simulated";
  raft::Settings& raft = node.raft;
  raft.heartbeat_interval = milliseconds(draw.between(10, 60));
  raft.election_timeout_min = raft.heartbeat_interval * static_cast<std::int64_t>(draw.between(3, 10));
  raft.election_timeout_max = raft.election_timeout_min * static_cast<std::int64_t>(draw.between(2, 3));
  if (draw.coin()) {
    raft.log_cache_bytes_max = draw.between(0, 4'000);
    raft.append_bytes_max = draw.between(1, 2'000);
    raft.append_entries_max = static_cast<std::size_t>(draw.between(1, 8));
    raft.window_bytes_max = draw.between(1, 8'000);
    raft.window_appends_max = static_cast<std::size_t>(draw.between(1, 6));
    node.entry_bytes_max = draw.between(1, 1'000);
    node.entry_commands_max = static_cast<std::size_t>(draw.between(1, 5));
    node.storage_backlog_bytes_max = draw.between(100, 10'000);
    node.log_read_bytes_max = draw.between(1, 2'000);
    node.apply_entries_max = static_cast<std::size_t>(draw.between(1, 5));
    node.forward_bytes_max = draw.between(1, 1'000);
    node.inbox_bytes_max = draw.between(300, 5'000);
  }
  draw_images();
  draw_watches();
  draw_clocks();
}

// The same: from a stream of their own.
void Options::draw_watches() {
  Stream draw(seed, "watches");
  if (draw.coin()) return;
  watchers = static_cast<std::size_t>(draw.between(1, 6));
  node.watch_history_bytes_max = static_cast<std::size_t>(draw.coin() ? draw.between(300, 20'000) : 16u << 20);
}

// From a stream of their own, so that a seed means what it meant before there were images.
void Options::draw_images() {
  Stream draw(seed, "images");
  node::ImageSettings& images = node.images;
  if (draw.between(0, 3) == 0) return;
  images.log_bytes = draw.between(300, draw.coin() ? 3'000 : 30'000);
  if (draw.coin()) images.interval = milliseconds(draw.between(50, 3'000));
  images.chunk_raw_bytes = static_cast<std::uint32_t>(draw.between(16, draw.coin() ? 200 : 4'000));
  images.retry_wait = milliseconds(draw.between(10, 1'000));
  images.log_mark_bytes = draw.between(1, 1'000);
  images.log_tail_bytes = draw.coin() ? 0 : draw.between(0, 2'000);
  images.log_held_bytes_max = draw.between(0, draw.coin() ? 2'000 : 50'000);
  images.sending.window_pieces = draw.between(1, 8);
  images.sending.bytes_per_second = draw.coin() ? 0 : draw.between(5'000, 1'000'000);
  images.sending.answer_wait_min = milliseconds(draw.between(20, 500));
  images.sending.answer_wait_max = images.sending.answer_wait_min * static_cast<std::int64_t>(draw.between(1, 8));
}

// The same, of what is told by clocks: expiry, sessions, and the reports between nodes.
void Options::draw_clocks() {
  Stream draw(seed, "clocks");
  node.reports.interval = milliseconds(draw.between(20, 5'000));
  node.reports.clock_interval = milliseconds(draw.between(20, 10'000));
  node.reports.state_interval = draw.between(1, 16);
  if (draw.coin()) wrong_clocks = static_cast<std::size_t>(draw.between(1, nodes));
  if (draw.coin()) clock_jump_mean = milliseconds(draw.between(50, 5'000));
  if (draw.coin()) session_clients = static_cast<std::size_t>(draw.between(1, 2));
  if (draw.coin()) lease_clients = static_cast<std::size_t>(draw.between(1, 2));
}

std::string Options::text() const {
  return std::to_string(nodes) + " nodes, " + count_of(faulty_time) + " with faults, delay " + count_of(delay_mean) +
         ", loss " + std::to_string(loss_per_million) + "/1e6, duplicates " + std::to_string(duplicate_per_million) +
         "/1e6, " + (reorders ? "reorders, " : "") + (notices_restarts ? "" : "restarts go unnoticed, ") + "sync " +
         count_of(sync_mean) + ", stalls " + std::to_string(stall_per_million) + "/1e6, partitions " +
         count_of(partition_mean) + ", power losses " + count_of(power_loss_mean) + ", kills " + count_of(kill_mean) +
         ", pauses " + count_of(pause_mean) + ", transfers " + count_of(transfer_mean) + ", " +
         std::to_string(clients) + " clients, " + std::to_string(watchers) + " watchers, timeout " + count_of(timeout) +
         ", heartbeat " + count_of(node.raft.heartbeat_interval) + ", election " +
         count_of(node.raft.election_timeout_min) + ", " + std::to_string(session_clients) + " sessions, " +
         std::to_string(lease_clients) + " for leases, wrong clocks " + std::to_string(wrong_clocks) + ", jumps " +
         count_of(clock_jump_mean);
}

}  // namespace tenon::sim
