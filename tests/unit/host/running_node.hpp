// SPDX-License-Identifier: MIT
// A node with its thread over a storage in memory under validation, assembled and taken down as the server does it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "fake_logger.hpp"
#include "host/node_thread.hpp"
#include "host/peer_host.hpp"
#include "host/storage_session.hpp"
#include "support/catch.hpp"
#include "support/memory_storage.hpp"
#include "support/validated_storage.hpp"

namespace tenon::host {

// Waits, for a minute at most.
template <class Holds>
void eventually(Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  REQUIRE(holds());
}

class RunningNode {
 public:
  // Keeps: storage, for its life. An empty one begins a new cluster. `booted` is called before the node's thread
  // starts.
  explicit RunningNode(
      support::MemoryStorage& storage, node::Settings settings = {}, const std::function<void()>& booted = [] {},
      const RequestLimits& limits = {})
      : validated_(*storage.table(), storage.self()),
        node_({raft::NodeId(1), "cluster", "1.2.3"}, directory_, logger_, metrics_,
              [this](const std::string&) { ++failures_; }),
        clients_(limits, node_, directory_, metrics_),
        peers_(directory_, node_, metrics_) {
    const node::StoragePort port{validated_.table(), validated_.self()};
    session_ = std::make_unique<StorageSession>(port, logger_);
    const StorageBoot how{raft::Membership{{{raft::NodeId(1)}}}, settings.raft.log_cache_bytes_max, "cluster"};
    // A birth has to become durable, whatever the test wants of later writes.
    node::Recovered recovered = session_->boot(how, [&] {
      storage.complete_all();
      return false;
    });
    booted();
    session_->connect(node_);
    settings.raft.self = raft::NodeId(1);
    settings.cluster_id = "cluster";
    node_.start(settings, std::move(recovered), 1, port, peers_, clients_);
  }
  RunningNode(const RunningNode&) = delete;
  RunningNode& operator=(const RunningNode&) = delete;
  ~RunningNode() { stop(); }

  void stop() {
    node_.stop();
    session_.reset();
  }
  // Its storage fails without a word, as it does when the machine ends: close() leaves writes undurable.
  void tolerate_lost_writes() noexcept { validated_.tolerate(validation::Rule::durable, validation::Blame::plugin); }
  NodeThread& node() noexcept { return node_; }
  ClientHost& clients() noexcept { return clients_; }
  Metrics& metrics() noexcept { return metrics_; }
  const FakeLogger& logger() const noexcept { return logger_; }
  int failures() const noexcept { return failures_.load(); }

 private:
  support::ValidatedStorage validated_;
  FakeLogger logger_;
  Metrics metrics_;
  std::atomic<int> failures_{0};
  PeerDirectory directory_{raft::NodeId(1)};
  NodeThread node_;
  ClientHost clients_;
  PeerHost peers_;
  std::unique_ptr<StorageSession> session_;
};

}  // namespace tenon::host
