// SPDX-License-Identifier: MIT
#include "clients/register_clients.hpp"

#include <utility>

#include "checks/acknowledgements.hpp"
#include "kv/command.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kOperationsMax = 400;  // on one key
constexpr std::uint64_t kUnknownMax = 5;       // the same
constexpr std::size_t kRememberedMax = 4;
constexpr std::uint64_t kValueBytesMax = 1u << 20;

using support::Action;

std::int64_t time_of(Instant now) { return now.time_since_epoch().count(); }

std::uint32_t kind_of(Action action) {
  switch (action) {
    case Action::get:
      return TENON_GET;
    case Action::put:
      return TENON_PUT;
    case Action::erase:
      return TENON_DELETE;
    case Action::append:
      return TENON_APPEND;
    case Action::increment:
      return TENON_INCREMENT;
  }
  TENON_CHECK(false);
  return 0;
}

kv::Operation operation_of(const support::Step& step) {
  kv::Operation operation;
  operation.kind = kind_of(step.action);
  operation.key = step.key;
  operation.value = step.value;
  operation.delta = step.by;
  if (step.action == Action::append) operation.limit_bytes = kValueBytesMax;
  return operation;
}

std::string encoded(const support::Operation& operation) {
  kv::Command command;
  for (const support::Expectation& expected : operation.compares) {
    kv::Compare compare;
    compare.what = expected.value->has_value() ? TENON_COMPARE_VALUE : TENON_COMPARE_VERSION;
    compare.relation = TENON_EQUAL;
    compare.key = expected.key;
    if (expected.value->has_value()) compare.value = **expected.value;
    command.compares.push_back(compare);
  }
  for (const support::Step& step : operation.steps) command.operations.push_back(operation_of(step));
  for (const support::Step& step : operation.otherwise) command.otherwise.push_back(operation_of(step));
  std::string data;
  kv::encode(command, data);
  return data;
}

}  // namespace

RegisterClients::RegisterClients(const Options& options, EventQueue& events,
                                 std::vector<std::unique_ptr<Machine>>& machines, Trace& trace)
    : options_(options),
      events_(events),
      machines_(machines),
      trace_(trace),
      random_(options.seed, "registers"),
      ways_(options.seed, "ways to read registers") {}

void RegisterClients::start() {
  if (options_.register_clients == 0) return;
  keys_.resize(static_cast<std::size_t>(random_.between(1, 3)));
  for (Key& key : keys_) key.operations = kOperationsMax;  // which is when a key gets its name
  for (std::size_t client = 0; client < options_.register_clients; ++client) begin(client);
}

void RegisterClients::begin(std::size_t client) {
  events_.after(random_.wait(options_.think_mean) + microseconds(1), [this, client] {
    if (is_stopped_) return;
    Machine& machine = *random_.pick(machines_);
    if (!machine.is_running()) return begin(client);
    send(client, machine);
  });
}

RegisterClients::Key& RegisterClients::pick_key(std::size_t& number) {
  number = static_cast<std::size_t>(random_.between(0, keys_.size() - 1));
  Key& key = keys_[number];
  if (key.operations++ < kOperationsMax && key.unknown < kUnknownMax) return key;
  key = {"register " + std::to_string(++last_key_), 1, 0, {}};
  names_.push_back(key.name);
  return key;
}

support::Operation RegisterClients::draw(Key& key, std::uint64_t number) {
  constexpr Action actions[] = {Action::get,    Action::get,    Action::get,   Action::get,       Action::put,
                                Action::put,    Action::put,    Action::put,   Action::put,       Action::put,
                                Action::append, Action::append, Action::erase, Action::increment, Action::increment};
  support::Step step;
  step.action = random_.pick(actions);
  step.key = key.name;
  if (step.action == Action::put) step.value = std::to_string(number * 1'000);
  if (step.action == Action::append) step.value = std::to_string(number % 10);
  if (step.action == Action::increment) step.by = 1;
  support::Operation operation;
  if (step.action == Action::put && random_.coin()) {
    const bool creates = key.values.empty() || random_.between(0, 4) == 0;
    operation.compares.push_back({key.name, creates ? support::Value() : random_.pick(key.values), std::nullopt});
    operation.otherwise.emplace_back().key = key.name;
  }
  if (step.action == Action::put) {
    key.values.push_back(step.value);
    if (key.values.size() > kRememberedMax) key.values.erase(key.values.begin());
  }
  operation.steps.push_back(std::move(step));
  return operation;
}

void RegisterClients::send(std::size_t client, Machine& machine) {
  const std::uint64_t number = ++last_request_;
  std::size_t key = 0;
  Key& chosen = pick_key(key);
  support::Operation operation = draw(chosen, number);
  operation.client = std::to_string(client);
  operation.call = time_of(events_.now());
  const bool only_reads = operation.steps.front().action == Action::get;
  std::string command = encoded(operation);
  trace_.note("registers", machine.id().value(), number, content_hash(command));
  waiting_.emplace(number, Request{machine.id(), history_.size(), key});
  history_.push_back(std::move(operation));
  // All of these are linearizable.
  constexpr node::ReadWay ways[] = {node::ReadWay::linearizable, node::ReadWay::lease, node::ReadWay::log};
  const node::ReadWay way = only_reads ? ways_.pick(ways) : node::ReadWay::linearizable;
  const node::Access read = way == node::ReadWay::log ? node::Access::logged_read : node::Access::read;
  machine.submit({{kQueue, number},
                  only_reads ? read : node::Access::write,
                  node::Ordering::free,
                  node::Forwarding::allowed,
                  std::move(command),
                  machine.now().steady + options_.timeout,
                  nullptr,
                  way == node::ReadWay::lease ? node::Consistency::lease : node::Consistency::linearizable});
}

void RegisterClients::answered(NodeId node, const node::Answer& answer) {
  const auto found = waiting_.find(answer.token.request);
  if (found == waiting_.end() || found->second.node != node) {
    throw Violation("answers", "a request of a register was answered twice, or by another node than it was sent to");
  }
  const Request request = found->second;
  waiting_.erase(found);
  trace_.note("answers", node.value(), answer.token.request, static_cast<std::uint64_t>(answer.outcome));
  if (answer.outcome == node::Outcome::done) {
    take(answer.reply, history_[request.operation]);
    finish(request, support::Outcome::done);
  } else {
    const bool is_unknown = answer.outcome == node::Outcome::unknown;
    finish(request, is_unknown ? support::Outcome::unknown : support::Outcome::refused);
  }
}

void RegisterClients::take(const kv::Reply& reply, support::Operation& operation) {
  if (!operation.compares.empty()) operation.succeeded = !reply.took_otherwise;
  operation.revision = reply.revision;
  support::Step& step = reply.took_otherwise ? operation.otherwise.front() : operation.steps.front();
  const kv::Result& result = reply.results.at(0);
  if (step.action == Action::get) {
    step.found = result.records.empty() ? support::Value() : support::Value(result.records.front().value);
    step.version = result.records.empty() ? 0 : result.records.front().version;
  } else if (step.action == Action::erase) {
    step.changed = result.number == 1;
  } else if (result.error != TENON_OK) {
    step.changed = false;
  } else if (step.action != Action::put) {
    step.result = result.number;
  }
}

void RegisterClients::finish(const Request& request, support::Outcome outcome) {
  support::Operation& operation = history_[request.operation];
  operation.outcome = outcome;
  if (outcome == support::Outcome::done) operation.returned = time_of(events_.now());
  constexpr const char* counts[] = {"register operations done", "register operations refused",
                                    "register operations unknown"};
  trace_.count(counts[static_cast<std::size_t>(outcome)]);
  const bool is_write = operation.steps.front().action != Action::get;
  // Another key may have taken its place.
  if (outcome == support::Outcome::unknown && is_write && keys_[request.key].name == operation.steps.front().key) {
    ++keys_[request.key].unknown;
  }
  begin(static_cast<std::size_t>(std::stoull(operation.client)));
}

void RegisterClients::ended(NodeId node) {
  std::vector<Request> lost;
  std::erase_if(waiting_, [&](const auto& one) {
    if (one.second.node != node) return false;
    lost.push_back(one.second);
    return true;
  });
  for (const Request& request : lost) finish(request, support::Outcome::unknown);
}

void RegisterClients::check_final(const kv::Store& store) {
  const std::int64_t now = time_of(events_.now());
  for (const std::string& name : names_) {
    support::Operation last;
    last.client = "the last reader";
    last.call = last.returned = now;
    last.outcome = support::Outcome::done;
    last.steps.emplace_back().key = name;
    kv::Command get;
    get.operations.push_back(operation_of(last.steps.front()));
    take(store.read(get), last);
    history_.push_back(std::move(last));
  }
  const support::Judgement judgement = support::judge(history_);
  trace_.count("keys judged to be linearizable", judgement.groups - judgement.undecided);
  trace_.count("keys of which it is undecided", judgement.undecided);
  if (judgement.verdict != support::Verdict::not_linearizable) return;
  for (const support::Finding& finding : judgement.findings) {
    if (finding.verdict == support::Verdict::undecided) continue;
    throw Violation("linearizability", finding.keys + "\n" + finding.account);
  }
}

}  // namespace tenon::sim
