// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>

#include "faults/clock.hpp"
#include "stream.hpp"

namespace tenon::sim {
namespace {

// A kind of fault, by the name under which it is counted when it happens.
struct Kind {
  const char* name;
  bool (*is_possible)(const Options&);
  void (*leave_out)(Options&);
  void (*put_in)(Options&);
};

// Of one number, which is zero when there is none of it, and `some` where a run must have it that would not.
template <auto member, std::int64_t some>
constexpr Kind kind_of(const char* name) {
  return {name,
          [](const Options& options) { return options.*member != std::remove_cvref_t<decltype(options.*member)>{}; },
          [](Options& options) { options.*member = {}; },
          [](Options& options) {
            using Number = std::remove_cvref_t<decltype(options.*member)>;
            if constexpr (std::is_same_v<Number, Duration>) {
              options.*member = milliseconds(some);
            } else {
              options.*member = static_cast<Number>(some);
            }
          }};
}

constexpr Kind kKinds[] = {
    kind_of<&Options::loss_per_million, 50'000>("frames lost"),
    kind_of<&Options::duplicate_per_million, 200'000>("frames repeated"),
    kind_of<&Options::reorders, 1>("frames out of order"),
    kind_of<&Options::corrupt_per_million, 1'000>("frames corrupted"),
    kind_of<&Options::links_differ, 1>("links of different speed"),
    kind_of<&Options::link_bytes_per_second, 500'000>("frames that wait for capacity"),
    kind_of<&Options::clog_mean, 1'000>("clogs"),
    kind_of<&Options::swizzle_mean, 5'000>("swizzles"),
    kind_of<&Options::partition_mean, 2'000>("partitions"),
    kind_of<&Options::stall_per_million, 1'000>("disk stalls"),
    kind_of<&Options::slow_disk_mean, 3'000>("slow disks"),
    kind_of<&Options::disk_error_mean, 3'000>("disk errors"),
    kind_of<&Options::full_disk_mean, 5'000>("full disks"),
    kind_of<&Options::power_loss_mean, 2'000>("power losses"),
    kind_of<&Options::keeps_prefixes, 1>("power losses that keep a prefix"),
    kind_of<&Options::loses_all, 1>("power losses that keep nothing"),
    kind_of<&Options::tears_sectors, 1>("power losses that tear sectors"),
    kind_of<&Options::damage_mean, 5'000>("damage"),
    kind_of<&Options::wipe_mean, 5'000>("wipes"),
    kind_of<&Options::kill_mean, 2'000>("kills"),
    kind_of<&Options::pause_mean, 2'000>("pauses"),
    kind_of<&Options::transfer_mean, 1'000>("transfers"),
    kind_of<&Options::deposition_mean, 2'000>("depositions"),
    kind_of<&Options::drift_per_million, 10'000>("clocks that drift"),
    kind_of<&Options::wrong_clocks, 1>("wrong clocks"),
    kind_of<&Options::clock_jump_mean, 1'000>("clock jumps"),
    kind_of<&Options::member_change_mean, 500>("member changes"),
    kind_of<&Options::rivals_mean, 500>("rivals"),
    kind_of<&Options::silence_per_million, 300'000>("silenced candidates"),
    kind_of<&Options::loss_in_write_per_million, 500'000>("power losses in writes"),
    kind_of<&Options::late_repeat_per_million, 50'000>("frames repeated late"),
    kind_of<&Options::busy_worker_mean, 20>("busy workers"),
    kind_of<&Options::worker_stall_per_million, 50'000>("worker stalls"),
    kind_of<&Options::hush_per_million, 500'000>("writes held up"),
    kind_of<&Options::large_value_bytes, 2'000>("large values within tiny limits"),
    {"steady clock jumps", [](const Options& options) { return options.steady_jump_mean > Duration::zero(); },
     [](Options& options) { options.steady_jump_mean = {}; },
     [](Options& options) {
       options.steady_jump_mean = milliseconds(1'000);
       options.node.raft.lease_drift.reset();
     }},
    kind_of<&Options::loses_founder_early, 1>("founders that lose their disks early"),
};

std::string count_of(Duration time) {
  return std::to_string(std::chrono::duration_cast<microseconds>(time).count()) + "us";
}

}  // namespace

Options::Options(std::uint64_t with_seed, const Bounds& bounds) : seed(with_seed) {
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
    Stream proposals(seed, "proposals");
    node.unapplied_entries_max = proposals.log_between(1, 64);
    node.unapplied_bytes_max = proposals.log_between(100, 20'000);
  }
  draw_images();
  draw_watches();
  draw_clocks();
  draw_more_faults();
  draw_reads();
  draw_registers();
  draw_members();
  draw_rivals();
  draw_stalls();
  loses_founder_early = Stream(seed, "early losses").coin();
  leave_out(bounds);
}

// From streams of their own. Rates are as likely within one doubling as within another.
void Options::draw_more_faults() {
  Stream draw(seed, "more faults");
  const auto now_and_then = [&](Duration& mean, std::uint64_t low_ms, std::uint64_t high_ms) {
    const std::uint64_t mean_ms = draw.log_between(low_ms, high_ms);
    if (draw.coin()) mean = milliseconds(mean_ms);
  };
  const auto corrupt = static_cast<std::uint32_t>(draw.log_between(10, 30'000));
  if (draw.coin()) corrupt_per_million = corrupt;
  links_differ = draw.coin();
  const std::uint64_t capacity = draw.log_between(20'000, 10'000'000);
  if (draw.coin()) link_bytes_per_second = capacity;
  now_and_then(clog_mean, 50, 10'000);
  now_and_then(swizzle_mean, 1'000, 20'000);
  now_and_then(slow_disk_mean, 500, 20'000);
  now_and_then(disk_error_mean, 200, 20'000);
  now_and_then(full_disk_mean, 500, 20'000);
  keeps_prefixes = draw.coin();
  loses_all = draw.coin();
  tears_sectors = draw.coin();
  now_and_then(damage_mean, 500, 20'000);
  now_and_then(wipe_mean, 1'000, 30'000);
  const std::uint64_t drift = draw.log_between(10, static_cast<std::uint64_t>(Clock::kDriftPerMillionMax));
  if (draw.coin()) drift_per_million = static_cast<std::int64_t>(drift);
  now_and_then(deposition_mean, 100, 10'000);
}

// The same. Leases allow for the clocks that there are: 1 - 1/10 <= (1 - 5/100) / (1 + 5/100).
void Options::draw_reads() {
  Stream draw(seed, "reads");
  static_assert(Clock::kDriftPerMillionMax <= 50'000);
  if (draw.coin()) node.raft.lease_drift = node.raft.election_timeout_min / 10;
  node.own_read_interval = milliseconds(draw.log_between(20, 5'000));
}

void Options::draw_registers() {
  Stream draw(seed, "register clients");
  if (draw.coin()) register_clients = static_cast<std::size_t>(draw.between(1, 6));
}

// Every third run. A part of those walks.
void Options::draw_members() {
  Stream draw(seed, "members");
  if (draw.between(0, 2) != 0) return;
  member_change_mean = milliseconds(draw.log_between(50, 3'000));
  spares = static_cast<std::size_t>(draw.between(1, 3));
  spares_ask = draw.between(0, 3) == 0;
  walks = draw.between(0, 3) == 0;
  if (!walks) return;
  nodes = 3;
  spares = std::max<std::size_t>(spares, 2);
}

// The same, of what waits for the moment at which it does most harm.
void Options::draw_rivals() {
  Stream draw(seed, "rival options");
  const std::uint64_t rivals_ms = draw.log_between(50, 5'000);
  if (draw.coin()) rivals_mean = milliseconds(rivals_ms);
  const auto silence = static_cast<std::uint32_t>(draw.between(50'000, 800'000));
  if (draw.coin()) silence_per_million = silence;
  const auto loss_in_write = static_cast<std::uint32_t>(draw.between(100'000, 900'000));
  if (draw.coin()) loss_in_write_per_million = loss_in_write;
  const auto late_repeat = static_cast<std::uint32_t>(draw.log_between(1'000, 300'000));
  if (draw.coin()) late_repeat_per_million = late_repeat;
  const std::uint64_t busy_us = draw.log_between(1'000, 200'000);
  if (draw.coin()) busy_worker_mean = microseconds(busy_us);
  if (draw.coin()) rival_clients = 1;
  if (draw.between(0, 3) == 0) duplicate_per_million *= 8;
  const std::uint64_t value_bytes = draw.log_between(100, 4'000);
  images_differ = draw.coin();
  const bool is_roomy = node.inbox_bytes_max > 100'000;
  if (draw.coin()) (is_roomy ? value_bytes_max : large_value_bytes) = value_bytes;
}

// The same. A lease is only as good as the clocks of those that have promised it: where there are any, no clock jumps.
void Options::draw_stalls() {
  Stream draw(seed, "stalls");
  const auto stall = static_cast<std::uint32_t>(draw.log_between(2'000, 200'000));
  if (draw.coin()) worker_stall_per_million = stall;
  const auto hush = static_cast<std::uint32_t>(draw.between(100'000, 900'000));
  if (draw.coin()) hush_per_million = hush;
  const std::uint64_t jump_ms = draw.log_between(50, 10'000);
  if (draw.coin() && !node.raft.lease_drift) steady_jump_mean = milliseconds(jump_ms);
}

// First what the bounds say, and then what this run is spared: some have few faults, a few have none.
void Options::leave_out(const Bounds& bounds) {
  Stream draw(seed, "spared");
  constexpr std::uint32_t kept_per_million[] = {0, 200'000, 500'000, 1'000'000, 1'000'000};
  const std::uint32_t kept = draw.pick(kept_per_million);
  for (const Kind& kind : kKinds) {
    const bool is_spared = !draw.chance(kept);
    const bool is_unwanted = !bounds.only.empty() && !bounds.only.contains(kind.name);
    const bool is_wanted = bounds.only.contains(kind.name);
    if ((is_spared && !is_wanted) || is_unwanted || bounds.without.contains(kind.name)) kind.leave_out(*this);
    if (is_wanted && !kind.is_possible(*this)) kind.put_in(*this);
  }
  if (member_change_mean == Duration::zero()) spares = 0;
  if (member_change_mean > Duration::zero() && spares == 0) spares = 2;
  nodes = std::min(nodes, bounds.nodes_max);
  clients = std::min(clients, bounds.clients_max);
  watchers = std::min(watchers, bounds.clients_max);
  session_clients = std::min(session_clients, bounds.clients_max);
  lease_clients = std::min(lease_clients, bounds.clients_max);
  register_clients = std::min(register_clients, bounds.clients_max);
  rival_clients = std::min(rival_clients, bounds.clients_max);
  wrong_clocks = std::min(wrong_clocks, nodes);
  faulty_time = std::min(faulty_time, bounds.faulty_time_max);
}

std::vector<std::string> Options::possible() const {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) {
    if (kind.is_possible(*this)) names.emplace_back(kind.name);
  }
  return names;
}

std::vector<std::string> Options::kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
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
  images.sending.closing_files_max = static_cast<std::size_t>(Stream(seed, "open images").between(1, 4));
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
  std::string faults;
  for (const std::string& name : possible()) faults += (faults.empty() ? "" : ", ") + name;
  const std::string members =
      spares == 0
          ? ""
          : std::to_string(spares) + (spares_ask ? " that ask to join, " : " spares, ") + (walks ? "which walk, " : "");
  return std::to_string(nodes) + " nodes, " + members + count_of(faulty_time) + " with faults, delay " +
         count_of(delay_mean) + ", sync " + count_of(sync_mean) + ", " +
         (notices_restarts ? "" : "restarts go unnoticed, ") + std::to_string(clients) + " clients, " +
         std::to_string(session_clients) + " with sessions, " + std::to_string(lease_clients) + " for leases, " +
         std::to_string(watchers) + " watchers, timeout " + count_of(timeout) + ", heartbeat " +
         count_of(node.raft.heartbeat_interval) + ", election " + count_of(node.raft.election_timeout_min) +
         "; faults: " + (faults.empty() ? "none" : faults);
}

}  // namespace tenon::sim
