// SPDX-License-Identifier: MIT
// What the plugin's thread does with a FileLog, and what goes wrong with the disk below it.
#include <algorithm>
#include <utility>

#include "machine.hpp"
#include "tenon/bytes.hpp"

namespace tenon::sim {
namespace {

constexpr milliseconds kSpareRetryInterval(1'000);
constexpr seconds kForGood(100'000);

}  // namespace

void Machine::queue(Request request) {
  if (const auto* write = std::get_if<const tenon_write*>(&request)) {
    unsynced_.push_back(effect_of(**write));
    has_begun_ = true;
  }
  queue_.push_back(request);
  if (std::exchange(disk_is_busy_, true)) return;
  events_.after(microseconds(random_.between(1, 20)), [this, life = life_] {
    if (life == life_) begin_disk_work();
  });
}

// Returns whether the machine goes on.
bool Machine::on_disk(const std::function<void()>& calls) {
  try {
    calls();
    return true;
  } catch (const PowerCut&) {
    trace_.count("power losses in writes");
    lose_power(loss_in_write_);
    observer_.stopped(*this);
  } catch (const Error& error) {
    stop_for(error);
  }
  return false;
}

void Machine::begin_disk_work() {
  if (!on_disk([&] { stage_queued(); })) return;
  Duration time = random_.wait(options_.sync_mean);
  if (!is_healed_ && events_.now() < slow_until_) time *= slowness_;
  if (!is_healed_ && random_.chance(options_.stall_per_million)) {
    trace_.note("stalls its disk", id_.value());
    trace_.count("disk stalls");
    time = milliseconds(random_.between(100, 5'000));
  }
  if (is_stalled_for_good_) time = kForGood;
  events_.after(time, [this, life = life_] {
    if (life == life_) finish_disk_work();
  });
}

// All that has queued is staged, so a crash from now on may keep a part of it.
void Machine::stage_queued() {
  for (const Request& request : std::exchange(queue_, {})) {
    if (const auto* write = std::get_if<const tenon_write*>(&request)) {
      log_->stage(**write);
      staged_sequence_ = (*write)->sequence;
    } else {
      const auto& read = std::get<Read>(request);
      planned_reads_.emplace_back(read.request, log_->plan_read(read.first, read.end, read.bytes_max));
    }
  }
}

void Machine::finish_disk_work() {
  const bool is_done = on_disk([&] {
    sync_staged();
    prepare_spare();
  });
  if (!is_done) return;
  for (const auto& [request, plan] : std::exchange(planned_reads_, {})) {
    std::unique_ptr<filewal::ReadEntries> read;
    const tenon_error error = guard(nullptr, [&, &wanted = plan] { read = log_->read(wanted); });
    if (error == TENON_OK) {
      node_->on_entries_read(request, TENON_OK, read->entries);
    } else {
      trace_.count("reads of the log that failed");
      node_->on_entries_read(request, error, {});
    }
  }
  disk_is_busy_ = !queue_.empty();
  if (disk_is_busy_) begin_disk_work();
  if (is_running()) run_soon();
}

void Machine::sync_staged() {
  log_->sync();
  // The writes that were staged are the oldest of those that are not durable; what is queued by now comes after them.
  std::size_t queued = 0;
  for (const Request& request : queue_) queued += std::holds_alternative<const tenon_write*>(request) ? 1u : 0u;
  while (unsynced_.size() > queued) {
    make_durable(unsynced_.front());
    unsynced_.pop_front();
  }
  trace_.note("synced", id_.value(), staged_sequence_);
  if (staged_sequence_ != 0) node_->on_durable(raft::WriteSequence(std::exchange(staged_sequence_, 0)));
}

// As the plugin's thread does between two syncs.
void Machine::prepare_spare() {
  const bool is_short = log_->spare_state() == filewal::SpareState::no_space;
  if (is_short ? events_.now() >= spare_retry_ : log_->spare_is_behind()) log_->prepare_spare();
  report_space();
}

void Machine::report_space() {
  const filewal::SpareState state = log_->spare_state();
  if (state == filewal::SpareState::unfinished) return look_at_spare_in(milliseconds(1));
  const bool is_short = state == filewal::SpareState::no_space;
  if (is_short) look_at_spare_in(kSpareRetryInterval);
  if (std::exchange(space_is_short_, is_short) == is_short) return;
  trace_.note(is_short ? "is short of room" : "has room again", id_.value());
  if (is_short) trace_.count("nodes short of room for the log");
  node_->on_space(is_short);
  run_soon();
}

void Machine::look_at_spare_in(Duration wait) {
  if (spare_retry_ > events_.now()) return;
  spare_retry_ = events_.now() + wait;
  events_.after(wait, [this, life = life_] {
    if (life == life_ && !disk_is_busy_) look_at_spare();  // a busy disk looks when it is done
  });
}

// As it does when it has nothing else to do.
void Machine::look_at_spare() {
  on_disk([&] {
    if (log_->spare_state() != filewal::SpareState::not_yet) log_->prepare_spare();
    report_space();
  });
}

void Machine::lose_power_in_write(support::PowerLoss loss) {
  if (!is_writing()) return;
  loss_in_write_ = loss;
  log_trouble_.set_power_cut(true);
}

void Machine::slow_disk(Duration time, std::int64_t times) {
  slow_until_ = events_.now() + time;
  slowness_ = times;
}

void Machine::fail_next_call(bool of_images, support::DiskCall call, tenon_error error) {
  (of_images ? image_trouble_ : log_trouble_).fail_next(call, error);
}

void Machine::set_disk_full(bool is_full) {
  log_trouble_.set_full(is_full);
  image_trouble_.set_full(is_full);
}

bool Machine::damage(DamageTarget target, DamageKind kind, Stream& random) {
  support::MemoryFileSystem& disk = target == DamageTarget::image ? image_disk_ : disk_;
  if (!sim::damage(disk, target, kind, old_hard_state_, random)) return false;
  trace_.note("is damaged", id_.value(), static_cast<std::uint64_t>(target), static_cast<std::uint64_t>(kind));
  trace_.count("damage");
  trace_.count(std::string("damage: ") + name_of(kind) + " in " + name_of(target));
  is_damaged_ = true;
  return true;
}

const raft::HardState& Machine::known_hard_state() const noexcept {
  return started_with_.term > durable_hard_state_.term ? started_with_ : durable_hard_state_;
}

void Machine::empty_disks() {
  disk_.wipe();
  image_disk_.wipe();
  lost_disks_.push_back({incarnation_, known_hard_state().term, std::exchange(durable_, {})});
  incarnation_ = {};
  durable_hard_state_ = {};
  started_with_ = {};
  unsynced_.clear();
  promised_ = {};
  last_memberships_.clear();
  last_sure_membership_.reset();
  is_damaged_ = false;
  has_begun_ = false;
  ++disks_;
}

void Machine::wipe(bool is_born_again) {
  TENON_CHECK(!is_running() && !is_lost_);
  trace_.note("is wiped", id_.value());
  empty_disks();
  joins_ = !is_born_again;
  is_stranger_ = true;
}

void Machine::recycle() {
  TENON_CHECK(!is_running());
  trace_.note("is emptied to join again", id_.value());
  trace_.count("nodes emptied to join again");
  empty_disks();
  joins_ = true;
  is_stranger_ = false;
  is_lost_ = false;
}

}  // namespace tenon::sim
