// SPDX-License-Identifier: MIT
#include "clients/rival_clients.hpp"

#include <string>
#include <utility>

#include "kv/command.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr milliseconds kTimeout(500);

std::string encoded(bool is_write, std::uint64_t number) {
  kv::Command command;
  kv::Operation operation;
  operation.kind = is_write ? TENON_PUT : TENON_GET;
  operation.key = "rivals";
  if (is_write) operation.value = "rival " + std::to_string(number);
  command.operations.push_back(operation);
  std::string data;
  kv::encode(command, data);
  return data;
}

}  // namespace

void RivalClients::two_lead(Machine& newer) {
  if (options_.rival_clients == 0 || is_stopped_) return;
  send(newer, {newer.id(), true, {}, newer.node().raft().term()});
}

void RivalClients::crowd(Machine& leader, std::uint64_t writes) {
  if (options_.rival_clients == 0 || is_stopped_ || writes == 0 || !leader.is_running()) return;
  send(leader, {leader.id(), true, {}, {}});
  events_.after(random_.wait(milliseconds(2)) + microseconds(1),
                [this, &leader, writes] { crowd(leader, writes - 1); });
}

void RivalClients::send(Machine& machine, const Request& request) {
  const std::uint64_t number = ++last_request_;
  waiting_.emplace(number, request);
  trace_.note(request.is_write ? "puts for rivals" : "reads of rivals", machine.id().value(), number);
  trace_.count(request.is_write ? "writes through a newer leader" : "reads at an older leader");
  machine.submit({{kQueue, number},
                  request.is_write ? node::Access::write : node::Access::read,
                  node::Ordering::free,
                  node::Forwarding::refused,
                  encoded(request.is_write, number),
                  machine.now().steady + kTimeout,
                  nullptr,
                  request.consistency});
}

void RivalClients::answered(NodeId node, const node::Answer& answer) {
  const auto found = waiting_.find(answer.token.request);
  if (found == waiting_.end() || found->second.node != node) {
    throw Violation("answers", "a request of a rival was answered twice, or by another node than it was sent to");
  }
  const Request request = found->second;
  waiting_.erase(found);
  trace_.note("answers", node.value(), answer.token.request, static_cast<std::uint64_t>(answer.outcome));
  if (is_stopped_) return;
  if (!request.is_write) return read_again(node, request);
  if (answer.outcome == node::Outcome::done) read_at_older(request.term);
}

void RivalClients::read_at_older(raft::Term newest) {
  for (const auto& machine : machines_) {
    if (!machine->is_running()) continue;
    const raft::Raft& raft = machine->node().raft();
    if (raft.role() != raft::RoleName::leader || raft.term() >= newest) continue;
    for (const node::Consistency consistency : {node::Consistency::lease, node::Consistency::linearizable}) {
      read_again(machine->id(), {machine->id(), false, consistency, raft.term()});
    }
  }
}

// As long as it leads: its lease may be over, and then go on by mistake.
void RivalClients::read_again(NodeId node, const Request& read) {
  events_.after(random_.wait(options_.node.raft.heartbeat_interval / 8) + microseconds(1), [this, node, read] {
    Machine* machine = leader_of(node, read.term);
    if (machine != nullptr && !is_stopped_) send(*machine, read);
  });
}

Machine* RivalClients::leader_of(NodeId node, raft::Term term) {
  for (const auto& machine : machines_) {
    if (machine->id() != node || !machine->is_running()) continue;
    const raft::Raft& raft = machine->node().raft();
    if (raft.role() == raft::RoleName::leader && raft.term() == term) return machine.get();
  }
  return nullptr;
}

void RivalClients::ended(NodeId node) {
  std::erase_if(waiting_, [&](const auto& one) { return one.second.node == node; });
}

}  // namespace tenon::sim
