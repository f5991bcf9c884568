// SPDX-License-Identifier: MIT
// A node with a thread and a clock. Everything reaches the node through one mailbox: whoever posts takes a lock for as
// long as it takes to append, and wakes the thread only when it sleeps. What waits is drained at once, then acted on
// once.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "host/client_host.hpp"
#include "host/clock.hpp"
#include "host/event_signal.hpp"
#include "host/frame_room.hpp"
#include "host/logger.hpp"
#include "host/mail.hpp"
#include "host/metrics.hpp"
#include "host/metrics/node_events.hpp"
#include "host/peer_events.hpp"
#include "host/status_text.hpp"
#include "host/storage_events.hpp"
#include "host/worker_pool.hpp"
#include "node/node.hpp"

namespace tenon::host {

class NodeThread final : public NodePort, public StorageEvents, public PeerEvents, private node::Surroundings {
 public:
  // Keeps: directory, logger and metrics. `on_failed` is called, on any thread, when the node cannot go on; what the
  // first call says is the reason.
  NodeThread(Identity identity, const PeerDirectory& directory, Logger& logger, Metrics& metrics,
             std::function<void(const std::string&)> on_failed);
  // Needs: stopped, or never started.
  ~NodeThread() override;

  // Starts the thread. Keeps: clients, storage and peers, until stop() returns. Once.
  void start(const node::Settings& settings, node::Recovered recovered, std::uint64_t seed, node::StoragePort storage,
             node::PeerPort& peers, ClientHost& clients);
  // Ends the thread and its workers; requests that were not answered never are. No handle on an image is left open.
  // SETUP thread.
  void stop();
  // Answers nothing from now on: what it would say may rest on storage that has failed. Any thread.
  void halt() noexcept { halted_.store(true); }

  // As of the last round of the thread. Any thread.
  node::Status status() const;
  // How many rounds the thread has made. Any thread.
  std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_relaxed); }
  // Asks for a round though nothing waits, so that rounds() shows whether the thread lives. Any thread; never blocks
  // for longer than others post.
  void nudge();
  // Asks the node to hand leadership to `target`, 0: to the voter whose log is the longest. Any thread; a node that
  // does not lead ignores it.
  void transfer_leadership(raft::NodeId target);

  // What the verb `plugins` tells of from now on. Any thread.
  void plugin_loaded(LoadedPart part);

  // Asks for an image of what is applied. Any thread; nothing happens while one is being taken or received.
  void take_image();

  // Hands over a request of an operator's tool, which is answered to its token's queue. False: too many wait. Any
  // thread.
  bool ask(node::OperatorRequest request);

  // NodePort, any thread
  std::vector<node::Token> submit(std::vector<node::Submission>& submissions) override;
  void cancel(node::Token token) override;
  void loan_returned(const node::StreamLoan& loan) override;
  void end_queue(std::uint64_t queue) override;
  std::optional<AdminAnswer> admin(node::Token token, const std::string& verb, const std::string& argument) override;
  // StorageEvents, any thread
  void durable(std::uint64_t sequence) override;
  void read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                 tenon_loan loan) override;
  void space(bool is_short) override;
  // Needs: stopped, or never started.
  void closed() override;
  // PeerEvents, any thread; also before start() and after stop()
  void receive(raft::NodeId peer, std::span<const tenon_bytes> frames) override;
  void on_lane(raft::NodeId peer, node::Lane lane, node::LaneEvent event) override;
  void on_dial_failed(raft::NodeId peer, const std::string& why) override;

 private:
  // node::Surroundings, node thread
  raft::Instant steady_now() override;
  void read_answered(const node::ServedRead& read) override;
  void answer(node::Answer answer) override;
  void answer_operator(node::OperatorAnswer answer) override;
  void role_changed(const raft::RoleChanged& role) override;
  void vote_decided(const raft::VoteDecided& vote) override;
  void heartbeat_answered(const raft::HeartbeatAnswered& answered) override;
  void proposal_applied(raft::Duration waited) override;
  void image_committed(const node::ImageStatus& images) override;
  void image_trouble(const std::string& what) override;
  void member_note(const std::string& what) override;
  void own_standing_changed(const node::OwnStanding& standing) override;
  void states_compared(std::uint64_t count) override;
  void states_differ(const std::string& what) override;
  void frame_dropped(node::FrameDrop why, raft::NodeId from) override;
  void message_dropped(raft::Drop why) override;
  void failed(const std::string& why) override;

  std::string metrics_text() const;
  AdminAnswer admin_status();
  AdminAnswer admin_events(const std::string& argument) const;
  AdminAnswer admin_slow_operations(const std::string& argument) const;
  AdminAnswer admin_plugins() const;
  AdminAnswer admin_transfer(const std::string& argument);
  AdminAnswer admin_snapshot(const std::string& argument);
  std::optional<AdminAnswer> admin_snapshot_read(node::Token token, const std::string& argument);
  std::optional<AdminAnswer> admin_log_read(node::Token token, const std::string& argument);
  std::optional<AdminAnswer> admin_member_change(node::Token token, const std::string& verb,
                                                 const std::string& argument);
  // Nullopt: it was handed to the node's thread.
  std::optional<AdminAnswer> admin_later(node::OperatorRequest request);
  void queue_completion(std::uint64_t queue, CompletionPointer completion);
  template <class Append>
  void post(Append append);
  void run();
  void deliver(Mail& mail);
  void deliver_from_peers(Mail& mail);
  static void give_back_reads(Mail& mail);
  void send_answers();
  void publish();
  // Sleeps until there is mail or the deadline; at once when there is either.
  void sleep(std::optional<raft::Instant> deadline);

  const Identity identity_;
  const PeerDirectory& directory_;
  Metrics& metrics_;
  const std::function<void(const std::string&)> on_failed_;
  const raft::Instant started_;
  NodeEvents events_;  // the thread's, once it runs
  const EventSignal wake_;
  std::uint64_t inbox_bytes_max_ = 0;
  ClientHost* clients_ = nullptr;
  WorkerPool workers_;
  std::optional<node::Node> node_;  // the thread's alone once it runs; its work is the workers'
  std::thread thread_;
  std::atomic<bool> halted_{false};
  std::atomic<std::uint64_t> rounds_{0};
  FrameRoom frame_room_;

  std::mutex mail_mutex_;
  Mail mail_;
  raft::Instant mail_since_{};  // guarded by mail_mutex_: when the first came of what mail_ holds
  bool sleeping_ = false;       // guarded by mail_mutex_: the thread waits for wake_

  mutable std::mutex status_mutex_;
  node::Status status_;
  mutable std::mutex parts_mutex_;
  std::vector<LoadedPart> parts_;  // guarded by parts_mutex_

  std::vector<std::pair<std::uint64_t, std::vector<CompletionPointer>>> answers_;  // of this round, by queue
  node::Status spare_status_;         // the thread's: what was published before the last
  CompletionRooms completion_rooms_;  // the thread's
};

}  // namespace tenon::host
