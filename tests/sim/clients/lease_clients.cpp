// SPDX-License-Identifier: MIT
#include "lease_clients.hpp"

#include <utility>

#include "checks/history.hpp"
#include "kv/command.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {

LeaseClients::LeaseClients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
                           Trace& trace)
    : options_(options), events_(events), machines_(machines), trace_(trace), random_(options.seed, "leases") {}

void LeaseClients::start() {
  for (std::size_t client = 0; client < options_.lease_clients; ++client) begin();
}

void LeaseClients::begin() {
  events_.after(random_.wait(options_.think_mean) + microseconds(1), [this] {
    if (is_stopped_) return;
    Machine& machine = *random_.pick(machines_);
    if (!machine.is_running()) return begin();
    send(machine);
  });
}

void LeaseClients::send(Machine& machine) {
  constexpr std::uint32_t kinds[] = {TENON_PUT,    TENON_PUT,     TENON_PUT, TENON_GET,
                                     TENON_EXPIRE, TENON_PERSIST, TENON_GET, TENON_DELETE};
  const std::uint64_t number = ++last_request_;
  const std::string key = std::string(History::kLeasePrefix) + std::to_string(random_.between(1, 4));
  const std::string value = "term " + std::to_string(number);
  kv::Operation operation;
  operation.kind = random_.pick(kinds);
  operation.key = key;
  if (operation.kind == TENON_PUT) operation.value = value;
  const bool expires = operation.kind == TENON_EXPIRE || (operation.kind == TENON_PUT && random_.between(0, 4) != 0);
  if (expires) operation.expiry_ms = random_.between(1, random_.coin() ? 200 : 10'000);
  kv::Command command;
  command.operations.push_back(operation);
  std::string data;
  kv::encode(command, data);
  trace_.note("leases", machine.id().value(), number, operation.kind);
  waiting_.emplace(number, machine.id());
  machine.submit({{kQueue, number},
                  operation.kind == TENON_GET ? node::Access::read : node::Access::write,
                  node::Ordering::free,
                  node::Forwarding::allowed,
                  std::move(data),
                  machine.now().steady + options_.timeout});
}

void LeaseClients::answered(NodeId node, const node::Answer& answer) {
  const auto found = waiting_.find(answer.token.request);
  if (found == waiting_.end() || found->second != node) {
    throw Violation("answers", "a request for a lease was answered twice, or by another node than it was sent to");
  }
  waiting_.erase(found);
  trace_.note("answers", node.value(), answer.token.request, static_cast<std::uint64_t>(answer.outcome));
  if (answer.outcome == node::Outcome::done) {
    trace_.count("requests for leases done");
    for (const kv::Record& record : answer.reply.results.at(0).records) {
      if (record.expires_at_ms == 0 || record.expires_at_ms > answer.reply.cluster_time_ms) continue;
      throw Violation("expiry", "'" + record.key + "' was shown after its expiry");
    }
  }
  begin();
}

void LeaseClients::ended(NodeId node) {
  const std::size_t lost = std::erase_if(waiting_, [&](const auto& one) { return one.second == node; });
  for (std::size_t i = 0; i < lost; ++i) begin();
}

}  // namespace tenon::sim
