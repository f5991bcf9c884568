// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <algorithm>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "tenon/storage.hpp"
#include "wire/entry_data.hpp"

namespace tenon::sim {

// A handle of which storage.h says that only workers have it. No test would notice otherwise: here all have one thread.
class Machine::WorkersImage final : public Image {
 public:
  WorkersImage(Machine& machine, std::unique_ptr<Image> image) : machine_(machine), image_(std::move(image)) {
    ++machine_.open_images_;
  }
  ~WorkersImage() override {
    TENON_CHECK(machine_.may_use_images());
    --machine_.open_images_;
  }
  WorkersImage(const WorkersImage&) = delete;
  WorkersImage& operator=(const WorkersImage&) = delete;

  void write(std::uint64_t offset, std::string_view data) override {
    TENON_CHECK(machine_.may_use_images());
    image_->write(offset, data);
  }
  void commit() override {
    TENON_CHECK(machine_.may_use_images());
    image_->commit();
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    TENON_CHECK(machine_.may_use_images());
    return image_->read(offset, buffer);
  }

 private:
  Machine& machine_;
  const std::unique_ptr<Image> image_;
};

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
      worker_speed_(options, events, trace, id.value()),
      disk_(mixed(mixed(options.seed, "disk"), id.value())),
      image_disk_(mixed(mixed(options.seed, "image disk"), id.value())),
      log_trouble_(disk_, trace, "the log"),
      image_trouble_(image_disk_, trace, "images"),
      joins_(members.find(id) == nullptr) {
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
    return guard(why, [&] {
      Machine& machine = *static_cast<Machine*>(self);
      *handle = machine.handle_on(machine.images_->create(*image));
      if (image->size > 0) machine.trace_.count("reached: an unfinished image is gone on with");
    });
  };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return guard(why, [&] {
      Machine& machine = *static_cast<Machine*>(self);
      *handle = machine.handle_on(machine.images_->open_newest(*image));
      if (*handle == nullptr) throw Error(TENON_ERROR_NOT_FOUND, "no image was ever committed");
    });
  };
  table_.image_write = kStorageTable.image_write;
  table_.image_commit = kStorageTable.image_commit;
  table_.image_read = kStorageTable.image_read;
  table_.image_close = kStorageTable.image_close;
}

void* Machine::handle_on(std::unique_ptr<Image> image) {
  TENON_CHECK(may_use_images());
  if (!image) return nullptr;
  return static_cast<Image*>(new WorkersImage(*this, std::move(image)));
}

Machine::~Machine() { is_at_work_ = true; }  // nobody else is left to have the images

node::Now Machine::now() const { return {clock_.steady(events_.now()), clock_.wall_ms(events_.now())}; }

void Machine::kill() {
  trace_.note("is killed", id_.value());
  end();
}

void Machine::lose_power(support::PowerLoss loss) {
  trace_.note("loses power", id_.value());
  if (is_running()) end();
  disk_.lose_power(loss);
  image_disk_.lose_power(loss);
}

void Machine::end() {
  TENON_CHECK(is_running());
  ++life_;
  promised_ = node_->raft().hard_state();
  last_memberships_ = memberships();
  last_sure_membership_ = sure_membership();
  is_at_work_ = true;
  works_.clear();
  node_.reset();
  is_at_work_ = false;
  images_received_ = 0;
  images_.reset();
  log_.reset();
  queue_.clear();
  planned_reads_.clear();
  disk_is_busy_ = false;
  staged_sequence_ = 0;
  next_run_.reset();
  paused_until_ = Instant();
  worker_speed_.end();
  space_is_short_ = false;
  spare_retry_ = Instant();
  log_trouble_.set_power_cut(false);
  network_.attach(id_, nullptr);
  observer_.ended(id_);
}

std::vector<raft::Log::MembershipAt> Machine::memberships() const {
  if (!node_) return last_memberships_;
  const raft::Log& log = node_->raft().log();
  std::vector<raft::Log::MembershipAt> all;
  if (log.membership().members.empty()) return all;
  const raft::LogIndex from = std::max(log.boundary(), std::min(node_->raft().commit_index(), log.last_index()));
  for (raft::LogIndex index = log.last_index();;) {
    all.insert(all.begin(), log.membership_as_of(index));
    if (all.front().index <= from) return all;
    index = all.front().index.previous();
  }
}

std::shared_ptr<const raft::Membership> Machine::sure_membership() const {
  if (!node_) return last_sure_membership_;
  const raft::Log& log = node_->raft().log();
  const raft::LogIndex sure = std::min(log.durable_index(), node_->status().applied_index);
  const bool is_none = sure < log.boundary() || (sure == raft::LogIndex() && log.last_index() > sure);
  return is_none ? nullptr : log.membership_as_of(sure).membership;
}

void Machine::heal() {
  is_healed_ = true;
  paused_until_ = Instant();
  writes_held_until_ = Instant();
  log_trouble_.heal();
  image_trouble_.heal();
}

void Machine::transfer_leadership(NodeId target) {
  node_->transfer_leadership(target);
  run_soon();
}

bool Machine::submit(node::Submission submission) {
  if (!is_running()) return false;
  observer_.submitted(submission);
  const bool is_held = submission.access == node::Access::write && events_.now() < writes_held_until_;
  if (!is_held) {
    node_->submit(std::move(submission));
    run_soon();
    return true;
  }
  trace_.count("writes held up");
  const auto held = std::make_shared<node::Submission>(std::move(submission));
  events_.at(writes_held_until_, [this, life = life_, held] {
    if (life != life_) return;
    node_->submit(std::move(*held));
    run_soon();
  });
  return true;
}

void Machine::ask(node::OperatorRequest request) {
  node_->ask(std::move(request));
  run_soon();
}

void Machine::set_wall_clock(milliseconds ahead, std::int64_t per_million) {
  clock_.set_wall(events_.now(), ahead, per_million);
}

// Its deadlines come all the sooner.
void Machine::jump_steady_clock(Duration by) {
  if (!is_running()) return;
  clock_.jump(by);
  trace_.note("has its steady clock jump", id_.value(), static_cast<std::uint64_t>(by.count()));
  trace_.count("steady clock jumps");
  run_soon();
}

void Machine::on_frame(NodeId from, const std::shared_ptr<const std::string>& frame) {
  observer_.receiving(*this, from, frame);
  node_->receive(from, frame);
  run_soon();
}

void Machine::on_lane(NodeId peer, node::Lane lane, LaneEvent event) {
  node_->on_lane(peer, lane, event);
  run_soon();
}

void Machine::on_dial_failed(NodeId peer) {
  node_->on_dial_failed(peer, "nobody answers");
  run_soon();
}

std::string Machine::set_peer(NodeId peer, const std::vector<std::string>& addresses) {
  network_.set_peer(id_, peer, addresses);
  return {};
}

std::size_t Machine::send(NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) {
  // Of what finds no room nothing leaves: it is offered again in every round.
  const std::size_t room = network_.room(id_, peer, lane, frames);
  observer_.sending(*this, peer, frames.first(room));
  return network_.send(id_, peer, lane, frames);
}

void Machine::read_answered(const node::ServedRead& read) {
  const auto name = [](node::ReadWay way) { return std::string(node::kReadWays.at(static_cast<std::size_t>(way))); };
  trace_.count("reads asked as " + name(read.asked) + ", served as " + name(read.served));
}

void Machine::own_standing_changed(const node::OwnStanding& standing) {
  if (options_.spares == 0) return;
  trace_.note(node::name_of(standing), id_.value());
  trace_.count(std::string("stands as ") + node::name_of(standing));
}

void Machine::role_changed(const raft::RoleChanged& role) {
  trace_.note(role.role == raft::RoleName::leader      ? "leads"
              : role.role == raft::RoleName::candidate ? "stands"
                                                       : "follows",
              id_.value(), role.term.value(), role.leader.value());
  if (role.role == raft::RoleName::leader) trace_.count("elections");
  if (role.role == raft::RoleName::follower && !role.cause.empty()) trace_.count("follows: " + std::string(role.cause));
}

void Machine::vote_decided(const raft::VoteDecided& said) {
  constexpr const char* verdicts[] = {"granted",
                                      "refused, old term",
                                      "refused, a leader is heard of",
                                      "refused, has just started",
                                      "refused, an older log",
                                      "refused, voted for another",
                                      "refused, other"};
  const auto verdict = std::min(static_cast<std::size_t>(said.verdict), std::size(verdicts) - 1);
  trace_.count(std::string(said.ballot == raft::Ballot::pre_vote ? "pre-votes " : "votes ") + verdicts[verdict]);
}

void Machine::frame_dropped(node::FrameDrop why, NodeId from) {
  trace_.note("drops a frame", id_.value(), static_cast<std::uint64_t>(why), from.value());
  if (why == node::FrameDrop::corrupt && options_.corrupt_per_million > 0)
    return trace_.count("corrupted frames dropped");
  const bool may_change_disks =
      options_.wipe_mean > Duration::zero() || options_.loses_founder_early || options_.spares > 0;
  if (why == node::FrameDrop::old_incarnation && may_change_disks) {
    return trace_.count("frames of wiped nodes dropped");
  }
  if (why == node::FrameDrop::other_node && may_change_disks) {
    return trace_.count("frames for another disk dropped");
  }
  if (why == node::FrameDrop::unnamed_directory && may_change_disks) {
    return trace_.count("frames of leaders that know an earlier disk by none dropped");
  }
  if (why == node::FrameDrop::not_a_member && may_change_disks) {
    return trace_.count("frames of nodes that are no members dropped");
  }
  if (why != node::FrameDrop::unknown_request) {
    throw Violation("frame", "node " + std::to_string(id_.value()) + " cannot read what a peer has sent, reason " +
                                 std::to_string(static_cast<int>(why)));
  }
}

void Machine::message_dropped(raft::Drop why) {
  trace_.count("messages dropped, reason " + std::to_string(static_cast<int>(why)));
  if (why == raft::Drop::malformed) throw Violation("message", "a message is malformed");
}

// Called inside the node, which cannot end here.
void Machine::failed(const std::string& why) {
  if (!had_errors()) throw Violation("node", "node " + std::to_string(id_.value()) + " has failed: " + why);
  events_.after(microseconds(1), [this, life = life_, why] {
    if (life == life_) stop_for(Error(TENON_ERROR_IO, why));
  });
}

void Machine::stop_for(const Error& error) {
  if (!had_errors()) throw Violation("storage", "node " + std::to_string(id_.value()) + ": " + error.what());
  trace_.note("is stopped by its disk", id_.value());
  trace_.count("nodes stopped by their disks");
  end();
  observer_.stopped(*this);
  // An error of before it was healed may be told late, by a worker that stood still; its operator then starts it again.
  if (is_healed_) start();
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
  const Instant at = std::max(clock_.when(*deadline), events_.now() + microseconds(1));
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

// How long a worker takes for one step that would take so long at most, had it nothing else to do.
Duration Machine::work_wait(microseconds at_most) {
  const Duration alone = microseconds(random_.between(5, static_cast<std::uint64_t>(at_most.count())));
  return is_healed_ ? alone : worker_speed_.wait(alone);
}

void Machine::step_work(std::uint64_t number) {
  const auto found = works_.find(number);
  is_at_work_ = true;
  const bool has_more = found->second->step();
  is_at_work_ = false;
  if (has_more) {
    events_.after(work_wait(microseconds(2'000)), [this, life = life_, number] {
      if (life == life_) step_work(number);
    });
    return;
  }
  // A node hears of it later, after whatever else has come.
  events_.after(work_wait(microseconds(500)), [this, life = life_, number] {
    if (life != life_) return;
    const auto done = works_.find(number);
    std::unique_ptr<node::Work> work = std::move(done->second);
    works_.erase(done);
    node_->on_work_done(std::move(work));
    run_soon();
  });
}

void Machine::image_committed(const node::ImageStatus& images) {
  trace_.note("has an image", id_.value(), images.index.value());
  trace_.count(images.received > images_received_ ? "images received" : "images taken");
  const bool is_overtaken = images.received > images_received_ && node_->status().applied_index > images.index;
  if (is_overtaken) trace_.count("reached: an image is there when the log has overtaken it");
  images_received_ = images.received;
}

void Machine::image_trouble(const std::string& what) {
  // Who is sent a piece of a damaged image finds that out, and says so; and a piece that was corrupted on the way is
  // found by its own checksum, not by that of the frame.
  const bool may_be_bad = options_.damage_mean > Duration::zero() || options_.corrupt_per_million > 0;
  if (had_errors() || may_be_bad) return trace_.count("troubles with images");
  throw Violation("image", "node " + std::to_string(id_.value()) + ": " + what);
}

}  // namespace tenon::sim
