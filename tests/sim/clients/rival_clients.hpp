// SPDX-License-Identifier: MIT
// A client for whom it matters most who leads. As soon as a node leads while another does in an earlier term, it puts a
// key through the newer one, and once that is done reads it at the older one, by its lease and by asking the others,
// for as long as that one leads. What it is shown must not be older (I38 in acknowledgements.hpp): a leader that does
// not know that it is one no more is the only one who could show that.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

class RivalClients {
 public:
  static constexpr std::uint64_t kQueue = 6;

  RivalClients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
               Trace& trace)
      : options_(options),
        events_(events),
        machines_(machines),
        trace_(trace),
        random_(options.seed, "rival clients") {}

  // The node has begun to lead, and another leads in an earlier term.
  void two_lead(Machine& newer);
  // It is given so many writes, one after the other, all of which may come to nothing.
  void crowd(Machine& leader, std::uint64_t writes);
  // Nothing new is begun.
  void stop() { is_stopped_ = true; }
  bool is_idle() const noexcept { return waiting_.empty(); }
  // Throws Violation.
  void answered(NodeId node, const node::Answer& answer);
  void ended(NodeId node);

 private:
  struct Request {
    NodeId node;
    bool is_write;
    node::Consistency consistency;  // of a read
    raft::Term term;                // in which a node is taken to lead; 0: nobody reads then
  };

  void send(Machine& machine, const Request& request);
  void read_at_older(raft::Term newest);
  void read_again(NodeId node, const Request& read);
  Machine* leader_of(NodeId node, raft::Term term);

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  bool is_stopped_ = false;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Request> waiting_;
};

}  // namespace tenon::sim
