// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <algorithm>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "tenon/storage.hpp"
#include "wire/entry_data.hpp"

namespace tenon::sim {

Machine::Machine(NodeId id, const raft::Membership& members, const Options& options, EventQueue& events,
                 Network& network, Trace& trace, Observer& observer)
    : id_(id),
      members_(members),
      options_(options),
      events_(events),
      network_(network),
      trace_(trace),
      observer_(observer),
      random_(options.seed, "machine", id.value()),
      disk_(mixed(mixed(options.seed, "disk"), id.value())),
      image_disk_(mixed(mixed(options.seed, "image disk"), id.value())) {
  table_.struct_size = sizeof table_;
  table_.write = [](void* self, const tenon_write* write) { static_cast<Machine*>(self)->queue(write); };
  table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) {
    static_cast<Machine*>(self)->queue(Read{request, first, end, bytes_max});
  };
  fill_image_table();
}

// What the skin of the sdk does for a plugin.
void Machine::fill_image_table() noexcept {
  table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return guard(why, [&] { *handle = static_cast<Machine*>(self)->images_->create(*image).release(); });
  };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return guard(why, [&] {
      *handle = static_cast<Machine*>(self)->images_->open_newest(*image).release();
      if (*handle == nullptr) throw Error(TENON_ERROR_NOT_FOUND, "no image was ever committed");
    });
  };
  table_.image_write = kStorageTable.image_write;
  table_.image_commit = kStorageTable.image_commit;
  table_.image_read = kStorageTable.image_read;
  table_.image_close = kStorageTable.image_close;
}

Machine::~Machine() = default;

node::Now Machine::now() const {
  const auto wall = static_cast<std::int64_t>(true_wall_ms(events_.now())) + wall_ahead_.count();
  return {events_.now() + clock_offset_, static_cast<std::uint64_t>(wall)};
}

void Machine::start() {
  TENON_CHECK(!is_running());
  ++life_;
  trace_.note("starts", id_.value());
  clock_offset_ = milliseconds(random_.between(0, 1'000'000));
  log_ = std::make_unique<filewal::FileLog>(disk_, filewal::FileLogOptions{filewal::kSegmentBytesMin},
                                            [](std::uint32_t, std::string_view) {});
  images_ = std::make_unique<filewal::ImageStore>(image_disk_, filewal::ImageStoreOptions{},
                                                  [](std::uint32_t, std::string_view) {});
  images_->recover();
  filewal::Recovered found = log_->open({options_.node.cluster_id, id_.value()});
  std::uint64_t last_sequence = 0;
  if (found.last_index == 0) {
    const node::Birth born = node::birth(members_);
    const tenon_entry entry{born.index.value(), born.term.value(), bytes(born.entry_data)};
    tenon_write write{};
    write.struct_size = sizeof write;
    write.sequence = last_sequence = 1;
    write.parts = TENON_WRITE_HARD_STATE | TENON_WRITE_ENTRIES;
    write.hard_state = bytes(born.hard_state);
    write.entries = &entry;
    write.entry_count = 1;
    log_->stage(write);
    log_->sync();
    found.hard_state = born.hard_state;
    found.last_index = 1;
    durable_ = {born.term};
    unsynced_.clear();
  }
  raft::WriteSequence sequence(last_sequence);
  node::Recovered recovered = recover(found, sequence);
  node::Settings settings = options_.node;
  settings.raft.self = id_;
  settings.incarnation = found.incarnation;
  node_.emplace(settings, std::move(recovered), raft::Random(random_.next()), node::StoragePort{&table_, this},
                static_cast<node::PeerPort&>(*this), static_cast<node::WorkPort&>(*this),
                static_cast<node::Surroundings&>(*this), now());
  network_.attach(id_, this);
  observer_.started(*this);
  run_soon();
}

// As core/host does it at a start, without its threads.
node::Recovered Machine::recover(const filewal::Recovered& found, raft::WriteSequence& last_sequence) {
  const auto violated = [this](const std::string& what) {
    throw Violation("recovery", "node " + std::to_string(id_.value()) + ": " + what);
  };
  std::optional<node::LoadedImage> image;
  try {
    image = node::load_newest_image({&table_, this}, options_.node.cluster_id, [](std::uint64_t, std::uint64_t) {});
  } catch (const Error& error) {
    violated(error.what());
  }
  node::Boot boot(found.hard_state, options_.node.raft.log_cache_bytes_max, std::move(image));
  Terms terms;
  for (std::uint64_t next = found.first_index; next <= found.last_index && !boot.error();) {
    const auto read = log_->read(log_->plan_read(next, found.last_index + 1, 100'000));
    for (const tenon_entry& entry : read->entries) {
      boot.feed(raft::LogIndex(entry.index), raft::Term(entry.term), view(entry.data));
      terms.emplace_back(entry.term);
    }
    next += read->entries.size();
  }
  if (boot.error()) violated(*boot.error());
  check_recovered(found.first_index, terms);
  if (const std::optional<raft::Write> reset = boot.reset(raft::LogIndex(found.last_index), last_sequence.next())) {
    trace_.count("logs emptied at a start");
    last_sequence = reset->sequence;
    tenon_write write{};
    write.struct_size = sizeof write;
    write.sequence = last_sequence.value();
    write.parts = TENON_WRITE_COMPACT_PREFIX;
    write.compact_to = reset->compact_to->value();
    if (reset->truncate_from) {
      write.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
      write.truncate_from = reset->truncate_from->value();
    }
    log_->stage(write);
    log_->sync();
    perform(effect_of(write), durable_);
  }
  std::optional<node::Recovered> recovered = boot.finish(last_sequence);
  if (!recovered) violated(*boot.error());
  return *std::move(recovered);
}

// What a crash leaves is the effect of every durable write, and of the others up to one of them, which may be cut
// between its parts and its entries.
void Machine::check_recovered(std::uint64_t first, const Terms& found) {
  const auto is_found = [&](const Terms& expected) {
    if (expected.size() != first + found.size() - 1) return false;
    return std::equal(found.begin(), found.end(), expected.begin() + static_cast<std::ptrdiff_t>(first - 1));
  };
  Terms expected = durable_;
  bool matches = is_found(expected);
  const auto try_next = [&] {
    matches = is_found(expected);
    return matches;
  };
  for (auto written = unsynced_.begin(); !matches && written != unsynced_.end(); ++written) {
    if (written->truncate_from) {
      expected.resize(*written->truncate_from - 1);
      if (try_next()) break;
    }
    for (auto entry = written->entries.begin(); !matches && entry != written->entries.end(); ++entry) {
      expected.push_back(entry->second);
      try_next();
    }
    if (!matches && written->compact_to > expected.size()) {
      expected.resize(written->compact_to);
      try_next();
    }
  }
  if (!matches) {
    throw Violation("storage", "node " + std::to_string(id_.value()) +
                                   " has recovered a log that no prefix of its writes has made, of " +
                                   std::to_string(found.size()) + " entries from index " + std::to_string(first));
  }
  durable_ = std::move(expected);
  unsynced_.clear();
}

Machine::Written Machine::effect_of(const tenon_write& write) {
  Written written;
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) written.truncate_from = write.truncate_from;
  for (std::uint64_t i = 0; i < write.entry_count; ++i) {
    written.entries.emplace_back(write.entries[i].index, raft::Term(write.entries[i].term));
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) written.compact_to = write.compact_to;
  return written;
}

void Machine::perform(const Written& written, Terms& terms) {
  if (written.truncate_from) terms.resize(*written.truncate_from - 1);
  for (const auto& [index, term] : written.entries) {
    TENON_CHECK(index == terms.size() + 1);
    terms.push_back(term);
  }
  if (written.compact_to > terms.size()) terms.resize(written.compact_to);
}

void Machine::kill() {
  trace_.note("is killed", id_.value());
  end();
}

void Machine::lose_power() {
  trace_.note("loses power", id_.value());
  if (is_running()) end();
  disk_.lose_power();
  image_disk_.lose_power();
}

void Machine::end() {
  TENON_CHECK(is_running());
  ++life_;
  works_.clear();
  node_.reset();
  images_received_ = 0;
  images_.reset();
  log_.reset();
  queue_.clear();
  planned_reads_.clear();
  disk_is_busy_ = false;
  staged_sequence_ = 0;
  next_run_.reset();
  paused_until_ = Instant();
  network_.attach(id_, nullptr);
  observer_.ended(id_);
}

void Machine::transfer_leadership(NodeId target) {
  node_->transfer_leadership(target);
  run_soon();
}

bool Machine::submit(node::Submission submission) {
  if (!is_running()) return false;
  node_->submit(std::move(submission));
  run_soon();
  return true;
}

void Machine::on_frame(NodeId from, const std::shared_ptr<const std::string>& frame) {
  node_->receive(from, frame);
  run_soon();
}

void Machine::on_lane(NodeId peer, node::Lane lane, LaneEvent event) {
  node_->on_lane(peer, lane, event);
  run_soon();
}

std::size_t Machine::send(NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) {
  return network_.send(id_, peer, lane, frames);
}

void Machine::role_changed(const raft::RoleChanged& role) {
  trace_.note(role.role == raft::RoleName::leader      ? "leads"
              : role.role == raft::RoleName::candidate ? "stands"
                                                       : "follows",
              id_.value(), role.term.value(), role.leader.value());
  if (role.role == raft::RoleName::leader) trace_.count("elections");
}

void Machine::frame_dropped(node::FrameDrop why, NodeId from) {
  trace_.note("drops a frame", id_.value(), static_cast<std::uint64_t>(why), from.value());
  if (why != node::FrameDrop::unknown_request) {
    throw Violation("frame", "node " + std::to_string(id_.value()) + " cannot read what a peer has sent, reason " +
                                 std::to_string(static_cast<int>(why)));
  }
}

void Machine::message_dropped(raft::Drop why) {
  trace_.count("messages dropped, reason " + std::to_string(static_cast<int>(why)));
  if (why == raft::Drop::malformed) throw Violation("message", "a message is malformed");
}

void Machine::failed(const std::string& why) {
  throw Violation("node", "node " + std::to_string(id_.value()) + " has failed: " + why);
}

// A round of the node, some time after whatever asked for it.
void Machine::run_soon() {
  const Instant at = std::max(events_.now() + microseconds(random_.between(1, 50)), paused_until_);
  if (next_run_ && *next_run_ <= at) return;
  next_run_ = at;
  events_.at(at, [this, life = life_, at] {
    if (life == life_ && next_run_ == at) run();
  });
}

void Machine::run() {
  next_run_.reset();
  if (events_.now() < paused_until_) return run_soon();
  node_->run(now());
  observer_.ran(*this);
  const std::optional<Instant> deadline = node_->next_deadline();
  if (!deadline) return;
  const Instant at = std::max(*deadline - clock_offset_, events_.now() + microseconds(1));
  if (next_run_ && *next_run_ <= at) return;
  next_run_ = at;
  events_.at(at, [this, life = life_, at] {
    if (life == life_ && next_run_ == at) run();
  });
}

void Machine::start(std::unique_ptr<node::Work> work) {
  const std::uint64_t number = ++last_work_;
  works_.emplace(number, std::move(work));
  events_.after(microseconds(random_.between(5, 500)), [this, life = life_, number] {
    if (life == life_) step_work(number);
  });
}

void Machine::step_work(std::uint64_t number) {
  const auto found = works_.find(number);
  if (found->second->step()) {
    events_.after(microseconds(random_.between(5, 2'000)), [this, life = life_, number] {
      if (life == life_) step_work(number);
    });
    return;
  }
  std::unique_ptr<node::Work> work = std::move(found->second);
  works_.erase(found);
  node_->on_work_done(std::move(work));
  run_soon();
}

void Machine::image_committed(const node::ImageStatus& images) {
  trace_.note("has an image", id_.value(), images.index.value());
  trace_.count(images.received > images_received_ ? "images received" : "images taken");
  images_received_ = images.received;
}

void Machine::image_trouble(const std::string& what) {
  throw Violation("image", "node " + std::to_string(id_.value()) + ": " + what);
}

void Machine::queue(Request request) {
  if (const auto* write = std::get_if<const tenon_write*>(&request)) {
    unsynced_.push_back(effect_of(**write));
  }
  queue_.push_back(request);
  if (std::exchange(disk_is_busy_, true)) return;
  events_.after(microseconds(random_.between(1, 20)), [this, life = life_] {
    if (life == life_) begin_disk_work();
  });
}

// All that has queued is staged, so a crash from now on may keep a part of it.
void Machine::begin_disk_work() {
  for (const Request& request : std::exchange(queue_, {})) {
    if (const auto* write = std::get_if<const tenon_write*>(&request)) {
      log_->stage(**write);
      staged_sequence_ = (*write)->sequence;
    } else {
      const auto& read = std::get<Read>(request);
      planned_reads_.emplace_back(read.request, log_->plan_read(read.first, read.end, read.bytes_max));
    }
  }
  Duration time = random_.wait(options_.sync_mean);
  if (!is_healed_ && random_.chance(options_.stall_per_million)) {
    trace_.note("stalls its disk", id_.value());
    trace_.count("disk stalls");
    time = milliseconds(random_.between(100, 5'000));
  }
  events_.after(time, [this, life = life_] {
    if (life == life_) finish_disk_work();
  });
}

void Machine::finish_disk_work() {
  log_->sync();
  if (log_->spare_is_behind()) log_->prepare_spare();
  // The writes that were staged are the oldest of those that are not durable; what is queued by now comes after them.
  std::size_t queued = 0;
  for (const Request& request : queue_) queued += std::holds_alternative<const tenon_write*>(request) ? 1u : 0u;
  while (unsynced_.size() > queued) {
    perform(unsynced_.front(), durable_);
    unsynced_.pop_front();
  }
  trace_.note("synced", id_.value(), staged_sequence_);
  if (staged_sequence_ != 0) node_->on_durable(raft::WriteSequence(std::exchange(staged_sequence_, 0)));
  for (const auto& [request, plan] : std::exchange(planned_reads_, {})) {
    const auto read = log_->read(plan);
    node_->on_entries_read(request, TENON_OK, read->entries);
  }
  disk_is_busy_ = !queue_.empty();
  if (disk_is_busy_) begin_disk_work();
  run_soon();
}

}  // namespace tenon::sim
