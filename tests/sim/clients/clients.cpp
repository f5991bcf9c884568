// SPDX-License-Identifier: MIT
#include "clients.hpp"

#include <algorithm>
#include <iterator>

#include "faults/clock.hpp"
#include "kv/command.hpp"
#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kQueue = 1;
constexpr seconds kProbeTimeout(5);
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);  // who waits for a probe

std::string encoded(std::uint32_t kind, const std::string& key, const std::string& value) {
  kv::Command command;
  command.operations.push_back({kind, 0, key, {}, value, {}, 0, 0});
  std::string data;
  kv::encode(command, data);
  return data;
}

}  // namespace

Clients::Clients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
                 Trace& trace)
    : options_(options),
      events_(events),
      machines_(machines),
      trace_(trace),
      random_(options.seed, "clients"),
      ways_(options.seed, "ways to read") {}

void Clients::start() {
  for (std::size_t client = 0; client < options_.clients; ++client) begin(client);
}

bool Clients::is_idle() const noexcept { return waiting_.empty(); }

void Clients::begin(std::size_t client) {
  events_.after(random_.wait(options_.think_mean) + microseconds(1), [this, client] {
    if (is_stopped_) return;
    Machine& machine = *random_.pick(machines_);
    if (!machine.is_running()) return begin(client);
    Request request{client, machine.id(), random_.between(0, 9) < 6, {}, {}, 0};
    request.key = "key " + std::to_string(random_.between(1, options_.keys));
    if (!request.is_write) choose_way(request);
    send(machine, std::move(request));
  });
}

void Clients::choose_way(Request& read) {
  constexpr node::ReadWay ways[] = {node::ReadWay::linearizable, node::ReadWay::lease, node::ReadWay::stale,
                                    node::ReadWay::log};
  read.way = ways_.pick(ways);
  if (read.way == node::ReadWay::stale && ways_.coin()) read.max_age = milliseconds(ways_.log_between(1, 10'000));
}

std::uint64_t Clients::probe(Machine& machine) { return send(machine, {kNobody, machine.id(), true, "probe", {}, 0}); }

std::uint64_t Clients::send(Machine& machine, Request request) {
  const std::uint64_t number = ++last_request_;
  request.known_before = known_[request.key];
  if (request.is_write) {
    const std::uint64_t padding = random_.between(0, std::max(options_.value_bytes_max, options_.large_value_bytes));
    if (padding > options_.value_bytes_max) trace_.count("large values within tiny limits");
    request.value = "value " + std::to_string(number) + std::string(padding, '.');
    put_.emplace(request.value, request.key);
  }
  trace_.note(request.is_write ? "puts" : "reads", machine.id().value(), number);
  const std::string command = encoded(request.is_write ? TENON_PUT : TENON_GET, request.key, request.value);
  node::Access access = request.is_write ? node::Access::write : node::Access::read;
  if (request.way == node::ReadWay::log) access = node::Access::logged_read;
  node::Consistency consistency = node::Consistency::linearizable;
  if (request.way == node::ReadWay::lease) consistency = node::Consistency::lease;
  if (request.way == node::ReadWay::stale) consistency = node::Consistency::stale;
  const std::optional<Duration> max_age = request.max_age;
  const Duration timeout = request.client == kNobody ? kProbeTimeout : options_.timeout;
  waiting_.emplace(number, std::move(request));
  machine.submit({{kQueue, number},
                  access,
                  node::Ordering::free,
                  node::Forwarding::allowed,
                  command,
                  machine.now().steady + timeout,
                  nullptr,
                  consistency,
                  max_age});
  return number;
}

void Clients::answered(NodeId node, const node::Answer& answer) {
  const std::uint64_t number = answer.token.request;
  const auto found = waiting_.find(number);
  if (found == waiting_.end() || found->second.node != node) {
    throw Violation("answers", "a request was answered twice, or by another node than it was sent to");
  }
  const Request request = found->second;
  trace_.note("answers", node.value(), number, static_cast<std::uint64_t>(answer.outcome));
  if (answer.outcome == node::Outcome::done) {
    request.is_write ? judge_write(request, answer) : judge_read(request, answer);
    finish(number, request, Fate::done);
  } else {
    finish(number, request, answer.outcome == node::Outcome::unknown ? Fate::unknown : Fate::refused);
  }
}

void Clients::judge_write(const Request& request, const node::Answer& answer) {
  const std::uint64_t revision = answer.reply.revision;
  if (revision <= request.known_before) {
    throw Violation("write-order", "a put of '" + request.key + "' took effect at revision " +
                                       std::to_string(revision) + ", though revision " +
                                       std::to_string(request.known_before) + " was known when it was sent");
  }
  const std::string& value = shown_.emplace(revision, request.value).first->second;
  if (value != request.value) throw Violation("write-order", "two writes have one revision");
  learn(request.key, revision);
}

void Clients::judge_read(const Request& request, const node::Answer& answer) {
  const auto& records = answer.reply.results.at(0).records;
  const std::uint64_t least = due(request);
  const std::string way(node::kReadWays.at(static_cast<std::size_t>(request.way)));
  if (records.empty()) {
    if (least == 0) return;
    throw Violation("stale-read", "a " + way + " read: '" + request.key + "' was not found, though revision " +
                                      std::to_string(least) + " of it was known");
  }
  const kv::Record& record = records.at(0);
  if (record.modified < least) {
    throw Violation("stale-read", "a " + way + " read: '" + request.key + "' was shown as of revision " +
                                      std::to_string(record.modified) + ", though revision " + std::to_string(least) +
                                      " was known");
  }
  const auto put = put_.find(record.value);
  if (put == put_.end() || put->second != request.key) {
    throw Violation("phantom", "'" + request.key + "' has a value that nobody has put there");
  }
  if (refused_.contains(record.value)) throw Violation("refused-write", "a write that was refused has been read");
  if (shown_.emplace(record.modified, record.value).first->second != record.value) {
    throw Violation("write-order", "one revision has two values");
  }
  learn(request.key, record.modified);
}

void Clients::learn(const std::string& key, std::uint64_t revision) {
  std::uint64_t& known = known_[key];
  if (revision <= known) return;
  known = revision;
  learnt_[key].push_back({events_.now(), revision});
}

// A bound is by the clock of the node, which may be slow. A state that is too old is made new by asking the leader, and
// then shows what was known when the read came, however short its bound.
std::uint64_t Clients::due(const Request& read) const {
  if (read.way != node::ReadWay::stale) return read.known_before;
  const auto learnt = learnt_.find(read.key);
  if (!read.max_age || learnt == learnt_.end()) return 0;
  const Instant before =
      events_.now() - *read.max_age * 1'000'000 / (1'000'000 - Clock::kDriftPerMillionMax) - microseconds(1);
  const std::vector<Known>& all = learnt->second;
  const auto later =
      std::partition_point(all.begin(), all.end(), [&](const Known& known) { return known.since < before; });
  return later == all.begin() ? 0 : std::min(std::prev(later)->revision, read.known_before);
}

void Clients::finish(std::uint64_t number, const Request& request, Fate fate) {
  const std::string kind = request.is_write ? "writes " : "reads ";
  trace_.count(kind + (fate == Fate::done ? "done" : fate == Fate::refused ? "refused" : "unknown"));
  if (fate == Fate::done) done_.insert(number);
  if (fate == Fate::done && request.is_write) last_written_ = std::max(last_written_, number);
  if (fate == Fate::refused && request.is_write) {
    refused_.insert(request.value);
    const auto is_it = [&](const auto& shown) { return shown.second == request.value; };
    if (std::any_of(shown_.begin(), shown_.end(), is_it)) {
      throw Violation("refused-write", "a write was refused after it had been read");
    }
  }
  const std::size_t client = request.client;
  waiting_.erase(number);
  if (client != kNobody) begin(client);
}

void Clients::ended(NodeId node) {
  std::vector<std::uint64_t> lost;
  for (const auto& [number, request] : waiting_) {
    if (request.node == node) lost.push_back(number);
  }
  for (const std::uint64_t number : lost) {
    const Request request = waiting_.at(number);
    finish(number, request, Fate::unknown);
  }
}

void Clients::check_final(const kv::Store& store) const {
  for (const auto& [key, revision] : known_) {
    if (revision == 0) continue;
    kv::Command get;
    get.operations.push_back({TENON_GET, 0, key, {}, {}, {}, 0, 0});
    const kv::Reply reply = store.read(get);
    const auto& records = reply.results.at(0).records;
    if (records.empty() || records.at(0).modified < revision) {
      throw Violation("lost-write", "'" + key + "' was known as of revision " + std::to_string(revision) +
                                        ", which is lost in the end");
    }
    if (refused_.contains(records.at(0).value)) throw Violation("refused-write", "a refused write is there in the end");
  }
}

}  // namespace tenon::sim
