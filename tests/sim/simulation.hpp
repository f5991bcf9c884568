// SPDX-License-Identifier: MIT
// One run: a cluster, its clients and its faults for a while; then everything is healed, and the cluster must come to
// rest with all that was acknowledged.
#pragma once

#include <memory>
#include <vector>

#include "clients/clients.hpp"
#include "clients/lease_clients.hpp"
#include "clients/session_clients.hpp"
#include "invariants.hpp"
#include "watch/watchers.hpp"

namespace tenon::sim {

class Simulation final : private Observer {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation() override;

  // Throws Violation.
  void run();

  const Options& options() const noexcept { return options_; }
  const Trace& trace() const noexcept { return trace_; }
  std::uint64_t events() const noexcept { return events_.performed(); }

 private:
  struct Fault {
    Duration mean;  // between two
    const char* purpose;
    std::function<void(Stream&)> what;
    Stream random;
  };

  // Observer
  void answered(Machine& machine, const node::Answer& answer) override;
  void ran(Machine& machine) override;
  void started(Machine& machine) override;
  void ended(NodeId node) override;

  void plan_faults();
  // Does `what` again and again, with `mean` between, while there are faults; never when it is zero.
  void now_and_then(Duration mean, const char* purpose, std::function<void(Stream&)> what);
  void plan_next(Fault& fault);
  Machine& choose(Stream& random);
  void partition(Stream& random);
  void set_clock(Stream& random);
  void stop_some(Stream& random, bool power);
  void heal();
  void come_to_rest();
  void check_stores() const;

  const Options options_;
  EventQueue events_;
  Trace trace_;
  Network network_;
  std::vector<std::unique_ptr<Machine>> machines_;
  Invariants invariants_;
  Clients clients_;
  Watchers watchers_;
  SessionClients session_clients_;
  LeaseClients lease_clients_;
  std::vector<std::unique_ptr<Fault>> faults_;
  bool is_healed_ = false;
};

}  // namespace tenon::sim
