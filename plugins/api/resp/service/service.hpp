// SPDX-License-Identifier: MIT
// What the commands of all clients share.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bundle.hpp"
#include "command.hpp"
#include "command_table.hpp"
#include "keyspace_events.hpp"
#include "plan.hpp"
#include "scan_cursors.hpp"
#include "settings.hpp"
#include "submissions.hpp"
#include "subscriptions.hpp"

namespace tenon::api_resp {

class Client;
class Task;
struct Closing;

struct NodeIdentity {
  std::uint64_t node_id;
  std::string cluster_id;
  std::uint16_t port;  // where this plugin listens first
};

// Since the start, or since CONFIG RESETSTAT.
struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t commands = 0;
  std::uint64_t errors = 0;  // replies that are errors
};

// What the service needs of the server that holds it.
class ServiceOwner {
 public:
  // Has the client's turn finished: go on, submit and flush, once for everything that a wake-up brings.
  virtual void finish_later(Client& client) = 0;
  // A client has nothing to answer and nothing to send.
  virtual void on_settled() = 0;
  // Has Service::try_again() called after a while.
  virtual void try_again_later() = 0;
  // The last word of a client; the owner lets go of it.
  virtual void on_closed(Client& client, const Closing& closing) = 0;

 protected:
  ~ServiceOwner() = default;
};

// On the I/O thread.
class Service {
 public:
  using Clock = std::chrono::steady_clock;

  Service(const Host& host, const Settings& settings, Submissions& submissions, NodeIdentity identity,
          ServiceOwner& owner);

  const Settings& settings() const noexcept { return settings_; }
  Submissions& submissions() noexcept { return submissions_; }
  const NodeIdentity& identity() const noexcept { return identity_; }
  const CommandTable& command_table() const noexcept { return command_table_; }
  Counters& counters() noexcept { return counters_; }
  // 40 hexadecimal digits that no other start has.
  const std::string& run_id() const noexcept { return run_id_; }
  // By id.
  std::map<std::uint64_t, std::shared_ptr<Client>>& clients() noexcept { return clients_; }
  ScanCursors& scan_cursors() noexcept { return scan_cursors_; }
  Subscriptions& subscriptions() noexcept { return subscriptions_; }
  KeyspaceEvents& keyspace_events() noexcept { return keyspace_events_; }
  // For choices of which nothing depends.
  std::uint64_t random() { return random_(); }
  // Used by one command at a time.
  Plan& plan() noexcept { return plan_; }
  // Used by one client at a time, which leaves it empty.
  Bundle& bundle() noexcept { return bundle_; }
  // Requests whose arrays live as long as the batch.
  tenon_request request_of(const Plan& plan);
  tenon_request request_of(std::span<const tenon_operation> operations);
  tenon_request request_of(const tenon_operation& operation) { return request_of(std::span(&operation, 1)); }
  // What carries a command out whose keys must have been seen.
  std::unique_ptr<Task> compute_later(Client& client, const Command& command, Arguments words);

  // Has the client go on when the queue takes requests again. Needs: it does not wait yet. Until then, or until
  // forget_waiting(), it must live.
  void wait_for_credit(Client& client) { waiting_for_credit_.push_back(&client); }
  // Has those that wait go on, the one that has waited longest first, as far as the queue takes requests.
  void use_credit();
  void forget_waiting(const Client& client);
  void finish_later(Client& client) { owner_.finish_later(client); }
  void settled() { owner_.on_settled(); }
  // A stream from the node has ended, which is to be begun anew.
  void try_again_later() { owner_.try_again_later(); }
  void try_again();
  void closed(Client& client, const Closing& closing);

  void count_requests(std::uint64_t requests) noexcept;
  void count_error() noexcept { ++counters_.errors; }
  void count_malformed() noexcept { malformed_.record(1); }

 private:
  const Settings& settings_;
  Submissions& submissions_;
  const NodeIdentity identity_;
  ServiceOwner& owner_;
  const Metric requests_;
  const Metric malformed_;
  const std::string run_id_;
  const CommandTable command_table_;
  ScanCursors scan_cursors_;
  Subscriptions subscriptions_{*this};
  KeyspaceEvents keyspace_events_;
  std::mt19937_64 random_;
  Plan plan_;
  Bundle bundle_;
  Counters counters_;
  std::map<std::uint64_t, std::shared_ptr<Client>> clients_;
  std::deque<Client*> waiting_for_credit_;  // each client once
};

}  // namespace tenon::api_resp
