// SPDX-License-Identifier: MIT
#include "session_clients.hpp"

#include <utility>

#include "kv/command.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {

SessionClients::SessionClients(const Options& options, EventQueue& events,
                               std::vector<std::unique_ptr<Machine>>& machines, Trace& trace)
    : options_(options), events_(events), machines_(machines), trace_(trace), random_(options.seed, "sessions") {}

void SessionClients::start() {
  clients_.resize(options_.session_clients);
  for (std::size_t client = 0; client < clients_.size(); ++client) go_on(client);
}

void SessionClients::go_on(std::size_t client) {
  events_.after(random_.wait(options_.think_mean) + microseconds(1), [this, client] {
    if (is_stopped_) return;
    Machine& machine = *random_.pick(machines_);
    if (!machine.is_running()) return go_on(client);
    send(client, machine);
  });
}

void SessionClients::send(std::size_t client, Machine& machine) {
  const Client& of = clients_[client];
  const std::uint64_t number = ++last_request_;
  const std::string key = "counter " + std::to_string(of.session);
  kv::Command command;
  if (of.session == 0) {
    kv::Operation open;
    open.kind = TENON_SESSION_OPEN;
    open.expiry_ms = random_.between(20, 10'000);
    command.operations.push_back(open);
  } else {
    command.session = of.session;
    command.session_sequence = of.sequence;
    command.session_outstanding = of.sequence;
    kv::Operation increment;
    increment.kind = TENON_INCREMENT;
    increment.key = key;
    increment.delta = 1;
    command.operations.push_back(increment);
  }
  std::string data;
  kv::encode(command, data);
  trace_.note("counts", machine.id().value(), number);
  waiting_.emplace(number, Request{client, machine.id()});
  machine.submit({{kQueue, number},
                  node::Access::write,
                  node::Ordering::free,
                  node::Forwarding::allowed,
                  std::move(data),
                  machine.now().steady + options_.timeout});
}

void SessionClients::answered(NodeId node, const node::Answer& answer) {
  const auto found = waiting_.find(answer.token.request);
  if (found == waiting_.end() || found->second.node != node) {
    throw Violation("answers", "a request of a session was answered twice, or by another node than it was sent to");
  }
  const std::size_t client = found->second.client;
  waiting_.erase(found);
  trace_.note("answers", node.value(), answer.token.request, static_cast<std::uint64_t>(answer.outcome));
  if (answer.outcome == node::Outcome::done) judge(clients_[client], answer.reply);
  go_on(client);
}

void SessionClients::judge(Client& client, const kv::Reply& reply) {
  if (reply.session_expired) {
    trace_.count("sessions lost");
    client = {};
    return;
  }
  const kv::Result& result = reply.results.at(0);
  if (result.error != TENON_OK) throw Violation("sessions", "a request of a session has failed");
  if (client.session == 0) {
    client = {static_cast<std::uint64_t>(result.number), 1};
    return;
  }
  if (result.number != static_cast<std::int64_t>(client.sequence)) {
    throw Violation("exactly-once", "session " + std::to_string(client.session) + " has counted to " +
                                        std::to_string(result.number) + " with " + std::to_string(client.sequence) +
                                        " requests that were done");
  }
  ++client.sequence;
  trace_.count("requests of sessions done");
}

void SessionClients::ended(NodeId node) {
  std::vector<std::size_t> lost;
  std::erase_if(waiting_, [&](const auto& one) {
    if (one.second.node != node) return false;
    lost.push_back(one.second.client);
    return true;
  });
  for (const std::size_t client : lost) go_on(client);
}

}  // namespace tenon::sim
