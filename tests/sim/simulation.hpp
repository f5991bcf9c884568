// SPDX-License-Identifier: MIT
// One run: a cluster, its clients and its faults for a while; then a quorum is healed, and must come to rest with all
// that was acknowledged, whatever stays broken.
#pragma once

#include <memory>
#include <vector>

#include "checks/invariants.hpp"
#include "clients/clients.hpp"
#include "clients/lease_clients.hpp"
#include "clients/register_clients.hpp"
#include "clients/rival_clients.hpp"
#include "clients/session_clients.hpp"
#include "faults/aftermath.hpp"
#include "faults/ambushes.hpp"
#include "faults/early_loss.hpp"
#include "faults/fault_plan.hpp"
#include "faults/rivals.hpp"
#include "watch/watchers.hpp"

namespace tenon::sim {

class Simulation final : private Observer {
 public:
  explicit Simulation(const Options& options);
  ~Simulation() override;

  // Throws Violation.
  void run();

  const Options& options() const noexcept { return options_; }
  void follow() { trace_.follow(); }
  const Trace& trace() const noexcept { return trace_; }
  std::uint64_t events() const noexcept { return events_.performed(); }
  // Who belongs to the cluster, by the log of each node; empty where members do not change.
  std::string members_text() const;
  // Of every event, everything that was noted and everything that was counted.
  std::uint64_t digest() const noexcept;

 private:
  // Observer
  void submitted(const node::Submission& submission) override { invariants_.submitted(submission); }
  void answered(Machine& machine, const node::Answer& answer) override;
  void operator_answered(Machine& machine, const node::OperatorAnswer& answer) override {
    plan_.operator_answered(machine, answer);
  }
  void sending(Machine& machine, NodeId peer, std::span<const wire::OutgoingFrame> frames) override {
    invariants_.check_sent(machine, peer, frames);
  }
  void receiving(Machine& machine, NodeId peer, const std::shared_ptr<const std::string>& frame) override {
    invariants_.check_received(machine, peer, frame);
  }
  void ran(Machine& machine) override;
  void started(Machine& machine) override;
  void ended(NodeId node) override;
  void stopped(Machine& machine) override { plan_.start_again(machine); }

  void take_in();
  void note_reached(Machine& machine);
  void heal();
  void live_apart();
  void come_to_rest();
  void lead_in_turn();
  void expire_all();
  bool is_at_rest() const;
  void check_stores() const;
  // Those of the core that are members, by what is decided.
  std::vector<Machine*> core() const;

  const Options options_;
  EventQueue events_;
  Trace trace_;
  Network network_;
  Machines machines_;
  Atlas atlas_;
  Invariants invariants_;
  Clients clients_;
  Watchers watchers_;
  SessionClients session_clients_;
  LeaseClients lease_clients_;
  RegisterClients register_clients_;
  RivalClients rival_clients_;
  struct Known {
    bool leads = false;
    raft::LogIndex membership_index;
  };
  std::map<NodeId, Known> known_;  // of those that run, after their last round
  FaultPlan plan_;
  Rivals rivals_;
  Ambushes ambushes_;
  EarlyLoss early_loss_;
  Aftermath aftermath_;
};

}  // namespace tenon::sim
