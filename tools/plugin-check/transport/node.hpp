// SPDX-License-Identifier: MIT
// One instance of the transport at work: a node with a port of its own, what it sends, and what it has received.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner/instance.hpp"
#include "transport/loans.hpp"
#include "transport/traffic.hpp"
#include "transport/transport_host.hpp"

namespace tenon::plugin_check {

inline constexpr char kCluster[] = "plugin-check";

struct NodePlan {
  std::uint64_t id = 1;
  plugin::Options options = {};  // beside `listen`
  std::string cluster = kCluster;
  std::uint16_t port = 0;  // 0: one that is free
  // Takes the place of the book of traffic.
  TransportHost::Receiver receiver = {};
};

class Node {
 public:
  // Creates and starts an instance, which listens at 127.0.0.1. Fails the check when it does
  // not start.
  Node(Subject& subject, NodePlan plan);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { destroy(); }

  std::uint64_t id() const noexcept { return plan_.id; }
  std::uint16_t port() const noexcept { return port_; }
  const Said& said() const noexcept { return said_; }
  TransportHost& host() noexcept { return *host_; }
  LoanBook& loans() noexcept { return *loans_; }
  TrafficBook& book() noexcept { return *book_; }
  Instance& instance() noexcept { return *instance_; }

  // Both are calls of the node thread; from any thread of the check, one waits for the other.
  tenon_error set_peer(std::uint64_t peer, const std::vector<std::string>& addresses);
  // Lends the frames and returns how many were taken.
  std::size_t send(std::uint64_t peer, Lane lane, std::vector<std::string> frames, std::size_t part_bytes = 10'000);
  // Offers frames of traffic of these sizes. Those that are taken get the next sequences of the lane; the others were
  // never sent. Returns how many were taken. Needs: one call at a time for each lane.
  std::size_t send_traffic(std::uint64_t peer, Lane lane, const std::vector<std::size_t>& sizes);
  // The sequence of the last frame of traffic that was taken; 0: none was.
  std::uint64_t last_sent(Lane lane) const { return sequences_[static_cast<std::size_t>(lane)]; }
  // The longest that a send() has taken.
  std::chrono::nanoseconds longest_send() const;

  bool is_up(std::uint64_t peer) const;

  void stop();
  // stop(), if it has not been called, and destroy(). Harmless the second time.
  void destroy();

 private:
  bool try_start(std::string& failure);

  Subject& subject_;
  const NodePlan plan_;
  const Said said_;
  std::uint16_t port_ = 0;
  std::shared_ptr<TrafficBook> book_;
  std::shared_ptr<LoanBook> loans_;
  std::shared_ptr<TransportHost> host_;
  std::unique_ptr<Instance> instance_;
  mutable std::mutex core_;  // of the node thread's calls
  std::chrono::nanoseconds longest_send_{0};
  std::atomic<std::uint64_t> sequences_[2]{};  // by lane
  bool stopped_ = false;
  bool destroyed_ = false;
};

// SCHEME://127.0.0.1:PORT
std::string url(Subject& subject, std::uint16_t port);

// Short waits of the options that network plugins commonly have, so that a check does not take minutes.
plugin::Options short_waits(Subject& subject);

}  // namespace tenon::plugin_check
