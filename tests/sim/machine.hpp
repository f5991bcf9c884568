// SPDX-License-Identifier: MIT
// A simulated node: the Node and the FileLog of the product, on a clock, a disk and a network of the simulation. What
// the plugin's thread does with a FileLog, events do here: take all that is queued, stage it, and some time later sync
// it and report that. What workers do is done in events too, one for each step.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "checks/durable_promises.hpp"
#include "checks/logs.hpp"
#include "faults/clock.hpp"
#include "faults/damage.hpp"
#include "faults/disk_trouble.hpp"
#include "filewal/file_log.hpp"
#include "filewal/image_store.hpp"
#include "machine/disks.hpp"
#include "machine/observer.hpp"
#include "machine/worker_speed.hpp"
#include "machine/written.hpp"
#include "network.hpp"
#include "node/boot.hpp"
#include "node/node.hpp"
#include "support/memory_file_system.hpp"
#include "tenon/storage.hpp"

namespace tenon::sim {

class Machine final : public Network::Endpoint,
                      private node::PeerPort,
                      private node::WorkPort,
                      private node::Surroundings {
 public:
  // A node that is none of the members waits, with an empty disk, until it is taken in; in the beginning as well as
  // later.
  Machine(NodeId id, const raft::Membership& members, const Options& options, EventQueue& events, Network& network,
          Trace& trace, Observer& observer);
  ~Machine() override;

  NodeId id() const noexcept { return id_; }
  bool is_running() const noexcept { return node_.has_value(); }
  const raft::Incarnation& incarnation() const { return incarnation_; }
  // How many disks it has had: the one that it was made with is the first.
  std::uint64_t disks() const noexcept { return disks_; }
  // Nothing of a cluster is on its disk, and it waits for one.
  bool is_fresh() const noexcept { return joins_ && !is_lost_ && !is_stranger_ && !is_damaged_ && !has_begun_; }
  // It has no membership, and waits for one.
  bool is_joining() const { return joins_ && !is_lost_ && !is_stranger_ && memberships().empty(); }
  // The memberships of its log, from that as of what it knew to be committed on: of this life, or else of the last one.
  // Empty: it has none.
  std::vector<raft::Log::MembershipAt> memberships() const;
  // The newest that its disk holds and that it knows to be committed, so that it has this one or a later one for good:
  // of this life, or else of the last one. Null: there is none yet.
  std::shared_ptr<const raft::Membership> sure_membership() const;
  // It refuses to start from what its disk holds, for good.
  bool is_lost() const noexcept { return is_lost_; }
  // Its disk is another than that which the cluster knows.
  bool is_stranger() const noexcept { return is_stranger_; }
  // The cluster knows it by the disk that it has now.
  void is_taken_in() noexcept { is_stranger_ = false; }
  // What its disk holds is damaged, as far as it is known not to have noticed.
  bool is_damaged() const noexcept { return is_damaged_; }
  const node::Node& node() const { return *node_; }
  // That which it has, with what is durable there, and those that it has lost.
  DisksOfNode all_disks() const noexcept { return {{incarnation_, known_hard_state().term, durable_}, lost_disks_}; }
  // A write of its node is on the way to its disk.
  bool is_writing() const noexcept { return staged_sequence_ != 0; }
  // What is durable on its disk, by what the storage contract promises.
  DurableView durable() const noexcept { return {known_hard_state(), durable_}; }
  std::size_t open_images() const noexcept { return open_images_; }

  // From what the disk holds, or not: then the observer hears of it, unless it is lost. Needs: not running, not lost.
  void start();
  // The process ends; the disk keeps all that was written. Needs: running.
  void kill();
  // The machine ends; the disk keeps what was synced, and of the rest whatever it likes.
  void lose_power(support::PowerLoss loss);
  // The same in the middle of its next write to the log, after which it wants to be started again.
  void lose_power_in_write(support::PowerLoss loss);
  void pause(Duration time) { paused_until_ = events_.now() + time; }
  void transfer_leadership(NodeId target);
  // From now on its wall clock shows the time and `ahead`, and gains `per_million`.
  void set_wall_clock(milliseconds ahead, std::int64_t per_million);
  // While it runs its steady clock shows so much more than it did.
  void jump_steady_clock(Duration by);
  // All those together.
  Duration jumped() const noexcept { return clock_.jumped(); }
  // What clients write through it reaches it no earlier than after `time`.
  void hold_writes(Duration time) { writes_held_until_ = events_.now() + time; }
  // What its workers do stands still for so long.
  void stall_work(Duration time) { worker_speed_.stall(time); }
  // Its syncs take so many times as long, until then.
  void slow_disk(Duration time, std::int64_t times);
  void fail_next_call(bool of_images, support::DiskCall call, tenon_error error);
  void set_disk_full(bool is_full);
  // Its disk finishes nothing more.
  void stall_disk_for_good() { is_stalled_for_good_ = true; }
  // Returns false: there was nothing to damage.
  bool damage(DamageTarget target, DamageKind kind, Stream& random);
  // Its disk is another, empty one, and it is born again there: as a node that the cluster does not know; or it waits
  // there to be taken in, which it is not. Needs: not running, not lost.
  void wipe(bool is_born_again);
  // It would be born, were its disk empty.
  bool is_founder() const noexcept { return !joins_; }
  // It was removed: with another, empty disk it waits to be taken in, as another node. Needs: not running.
  void recycle();
  // No fault of its own any more.
  void heal();
  // It is one of those that are healed in the end, and by which clients go from now on.
  void make_core() { is_core_ = true; }
  bool is_core() const noexcept { return is_core_; }

  // False: it is not running, and the request was not taken.
  bool submit(node::Submission submission);
  // Needs: it is running.
  void ask(node::OperatorRequest request);
  // Both: needs that it is running, in the life in which the request was submitted.
  void cancel(node::Token token) {
    node_->cancel(token);
    run_soon();
  }
  void give_back(const node::StreamLoan& loan) {
    node_->give_back(loan);
    run_soon();
  }
  // Counts its starts and ends.
  std::uint64_t life() const noexcept { return life_; }
  node::Now now() const;

 private:
  struct Read {
    std::uint64_t request, first, end, bytes_max;
  };
  using Request = std::variant<const tenon_write*, Read>;

  // Network::Endpoint
  void on_frame(NodeId from, const std::shared_ptr<const std::string>& frame) override;
  void on_lane(NodeId peer, node::Lane lane, LaneEvent event) override;
  void on_dial_failed(NodeId peer) override;
  // node::PeerPort
  std::string set_peer(NodeId peer, const std::vector<std::string>& addresses) override;
  std::size_t send(NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) override;
  // node::WorkPort
  void start(std::unique_ptr<node::Work> work) override;
  // node::Surroundings
  raft::Instant steady_now() override { return now().steady; }
  void read_answered(const node::ServedRead& read) override;
  void answer(node::Answer answer) override { observer_.answered(*this, answer); }
  void answer_operator(node::OperatorAnswer answer) override { observer_.operator_answered(*this, answer); }
  void own_standing_changed(const node::OwnStanding& standing) override;
  void role_changed(const raft::RoleChanged& role) override;
  void vote_decided(const raft::VoteDecided& said) override;
  void image_committed(const node::ImageStatus& images) override;
  void image_trouble(const std::string& what) override;
  void states_compared(std::uint64_t count) override { trace_.count("states compared", count); }
  void states_differ(const std::string& what) override { throw Violation("state", what); }
  void frame_dropped(node::FrameDrop why, NodeId from) override;
  void message_dropped(raft::Drop why) override;
  void failed(const std::string& why) override;

  void end();
  // An error of a disk, which must be one that was put there.
  void stop_for(const Error& error);
  void not_started(const Error& error);
  bool had_errors() const noexcept {
    return is_damaged_ || log_trouble_.errors() + image_trouble_.errors() > errors_at_start_;
  }
  node::Settings settings() const;
  void empty_disks();
  node::Recovered open_disks();
  void note_recovery(std::string_view line);
  void perform_at_once(const tenon_write& write);
  void run();
  void run_soon();
  bool on_disk(const std::function<void()>& calls);
  void begin_disk_work();
  void finish_disk_work();
  void stage_queued();
  void sync_staged();
  void prepare_spare();
  void report_space();
  void look_at_spare_in(Duration wait);
  void look_at_spare();
  void queue(Request request);
  void fill_image_table() noexcept;
  // While a worker's step runs, and while there is no node.
  bool may_use_images() const noexcept { return is_at_work_ || !node_; }
  void* handle_on(std::unique_ptr<Image> image);
  void step_work(std::uint64_t number);
  Duration work_wait(microseconds at_most);
  node::Recovered recover(const filewal::Recovered& found, raft::WriteSequence& last_sequence);
  // `found` holds the terms from index `first` on, up to the end of the log.
  void check_recovered(std::uint64_t first, const Terms& found);
  void check_recovered(const raft::HardState& found);
  const raft::HardState& known_hard_state() const noexcept;
  void make_durable(const Written& written);

  class WorkersImage;

  const NodeId id_;
  const raft::Membership members_;
  const Options& options_;
  EventQueue& events_;
  Network& network_;
  Trace& trace_;
  Observer& observer_;
  Stream random_;
  WorkerSpeed worker_speed_;
  support::MemoryFileSystem disk_;
  support::MemoryFileSystem image_disk_;
  DiskTrouble log_trouble_;
  DiskTrouble image_trouble_;
  tenon_storage table_{};

  std::unique_ptr<filewal::FileLog> log_;
  std::unique_ptr<filewal::ImageStore> images_;
  std::optional<node::Node> node_;
  std::size_t open_images_ = 0;                                 // handles
  std::map<std::uint64_t, std::unique_ptr<node::Work>> works_;  // that events step
  std::uint64_t last_work_ = 0;
  bool is_at_work_ = false;            // a step of one of them runs, or the node ends
  std::uint64_t images_received_ = 0;  // by node_
  std::uint64_t life_ = 0;             // counts starts and ends; what was planned in an earlier one is void
  Clock clock_;
  Instant paused_until_{};
  Instant writes_held_until_{};
  std::optional<Instant> next_run_;
  bool is_healed_ = false;
  bool is_lost_ = false;
  bool is_stranger_ = false;
  bool joins_;
  bool has_begun_ = false;  // something was written to its log
  std::uint64_t disks_ = 1;
  bool is_core_ = false;
  bool is_damaged_ = false;
  support::PowerLoss loss_in_write_;
  std::uint64_t errors_at_start_ = 0;  // that both disks had had
  raft::Incarnation incarnation_{};
  std::vector<raft::Log::MembershipAt> last_memberships_;         // as memberships() of the last life
  std::shared_ptr<const raft::Membership> last_sure_membership_;  // the same
  raft::HardState promised_{};                                    // at the end of the last life, durable or not
  std::string old_hard_state_;                                    // the file as an earlier start has found it

  std::deque<Request> queue_;  // in order, not yet staged
  bool disk_is_busy_ = false;  // between staging and the end of the sync
  bool is_stalled_for_good_ = false;
  Instant slow_until_{};
  std::int64_t slowness_ = 1;
  bool space_is_short_ = false;  // as the node was told
  Instant spare_retry_{};        // when somebody looks at the spare segment anyway
  std::uint64_t staged_sequence_ = 0;
  std::vector<std::pair<std::uint64_t, filewal::ReadPlan>> planned_reads_;
  Terms durable_;
  raft::HardState durable_hard_state_;
  raft::HardState started_with_;  // the term may be that of the image, which says it at each later start, too
  std::vector<LostDisk> lost_disks_;
  std::deque<Written> unsynced_;  // since durable_, in order; those that are queued too
};

}  // namespace tenon::sim
