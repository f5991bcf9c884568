// SPDX-License-Identifier: MIT
// Two nodes that reach each other through a chaos proxy only, and traffic between them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <thread>

#include "chaos/proxy.hpp"
#include "transport/node.hpp"

namespace tenon::plugin_check {

inline constexpr std::chrono::milliseconds kPatience{20'000};

class Pair {
 public:
  // Starts both nodes, 1 and 2, with these options, and makes each a peer of the other.
  explicit Pair(Subject& subject, const plugin::Options& options = {}, const TransportHost::Receiver& receiver = {});

  Node& one() noexcept { return one_; }
  Node& two() noexcept { return two_; }
  // Both proxies do the same.
  void disturb(const chaos::Disturbance& both);
  void cut(chaos::Cut how);
  void abandon();
  void refuse(bool refusing);

  bool is_up() const { return one_.is_up(2) && two_.is_up(1); }
  // Fails the check when the lanes of both do not come up in time. `when` completes "up".
  void await_up(const std::string& when);
  chaos::Proxy& to_two() noexcept { return to_two_; }
  chaos::Proxy& to_one() noexcept { return to_one_; }

 private:
  Subject& subject_;
  Node one_;
  Node two_;
  chaos::Proxy to_one_;
  chaos::Proxy to_two_;
};

// Sends traffic of one node to another on both lanes, as fast as it is taken, until it ends. The sequences of a node
// go on from one Traffic to the next.
class Traffic {
 public:
  Traffic(Subject& subject, Node& from, std::uint64_t to, std::size_t frame_bytes_max);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic() { end(); }

  // Harmless the second time.
  void end();

 private:
  void run();
  void send_some(Lane lane);

  Node& from_;
  const std::uint64_t to_;
  const std::size_t frame_bytes_max_;
  std::mt19937_64 random_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace tenon::plugin_check
