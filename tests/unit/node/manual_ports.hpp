// SPDX-License-Identifier: MIT
// Lanes and workers that do what a test says, when it says so.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "node/peer_port.hpp"
#include "node/work.hpp"
#include "support/catch.hpp"

namespace tenon::node {

// Lanes that take every frame, or none.
class ManualPeers final : public PeerPort {
 public:
  struct Sent {
    raft::NodeId to;
    Lane lane;
    std::shared_ptr<const std::string> frame;
  };
  std::size_t send(raft::NodeId peer, Lane lane, std::span<wire::OutgoingFrame> frames) override {
    if (!up) return 0;
    for (const wire::OutgoingFrame& frame : frames) {
      std::string whole = frame.head;
      for (const raft::Payload& part : frame.data) whole += part.bytes;
      REQUIRE(whole.size() == frame.bytes);
      sent.push_back({peer, lane, std::make_shared<const std::string>(std::move(whole))});
    }
    return frames.size();
  }

  std::string set_peer(raft::NodeId peer, const std::vector<std::string>& addresses) override {
    places[peer] = addresses;
    return {};
  }

  bool up = true;
  std::vector<Sent> sent;
  std::map<raft::NodeId, std::vector<std::string>> places;  // where each was last said to be
};

// Work waits until the test has it done.
class ManualWorkers final : public WorkPort {
 public:
  void start(std::unique_ptr<Work> work) override {
    if (begun) begun(*work);
    waiting.push_back(std::move(work));
  }
  // Steps the oldest to its end, and takes it out.
  std::unique_ptr<Work> finish_one() {
    REQUIRE_FALSE(waiting.empty());
    std::unique_ptr<Work> work = std::move(waiting.front());
    waiting.pop_front();
    while (work->step()) {
    }
    return work;
  }

  std::deque<std::unique_ptr<Work>> waiting;
  std::function<void(Work&)> begun;  // what a quick worker does before start() has returned; null: nothing
};

}  // namespace tenon::node
