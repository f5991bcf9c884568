// SPDX-License-Identifier: MIT
#include "watch/watchers.hpp"

#include <algorithm>

#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr seconds kBeginTimeout(1);

}  // namespace

Watchers::Watchers(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
                   Trace& trace)
    : options_(options), events_(events), machines_(machines), trace_(trace), random_(options.seed, "watchers") {}

void Watchers::start() {
  for (std::size_t number = 0; number < options_.watchers; ++number) {
    Watcher& watcher = watchers_.emplace_back();
    if (random_.between(0, 2) == 0) watcher.key = "key " + std::to_string(random_.between(1, options_.keys));
    watcher.records_max = random_.between(1, random_.coin() ? 3 : 50);
    if (random_.coin()) watcher.pace = milliseconds(random_.between(1, 1'000));
    // Some begin where the cluster does, others wherever it is by then.
    if (random_.coin()) watcher.next_revision = 1;
    open_later(number, random_.wait(seconds(1)));
  }
}

void Watchers::heal() {
  is_healed_ = true;
  for (const Watcher& watcher : watchers_) {
    if (watcher.request == 0) continue;
    for (const auto& one : machines_) {
      if (one->id() == watcher.node && !one->is_core()) one->cancel({kWatchQueue, watcher.request});
    }
  }
}

void Watchers::open_later(std::size_t number, Duration wait) {
  events_.after(wait + milliseconds(1), [this, number] { open(number); });
}

void Watchers::open(std::size_t number) {
  Watcher& watcher = watchers_[number];
  Machine& machine = *random_.pick(machines_);
  if (!machine.is_running() || (is_healed_ && !machine.is_core())) return open_later(number, milliseconds(50));
  watcher.request = ++last_request_;
  watcher.node = machine.id();
  open_.emplace(watcher.request, number);
  node::WatchRequest watch;
  watch.first = watcher.key;
  if (!watcher.key.empty()) watch.end = watcher.key + '\0';
  watch.revision = watcher.next_revision;
  watch.records_max = watcher.records_max;
  watch.with_previous = random_.coin();
  if (watcher.next_revision != 0 && random_.coin()) watch.freshness = node::Freshness::local;
  trace_.note("watches", machine.id().value(), watcher.request, watcher.next_revision);
  machine.submit({{kWatchQueue, watcher.request},
                  node::Access::read,
                  node::Ordering::free,
                  node::Forwarding::allowed,
                  {},
                  machine.now().steady + kBeginTimeout,
                  std::make_unique<const node::WatchRequest>(std::move(watch))});
  const std::uint64_t request = watcher.request;
  events_.after(random_.wait(seconds(5)), [this, number, request] {
    const Watcher& same = watchers_[number];
    if (is_healed_ || same.request != request) return;
    for (const auto& one : machines_) {
      if (one->id() == same.node && one->is_running()) one->cancel({kWatchQueue, request});
    }
  });
}

void Watchers::answered(Machine& machine, const node::Answer& answer) {
  const auto found = open_.find(answer.token.request);
  if (found == open_.end()) throw Violation("watch", "a watch was answered after its end");
  const std::size_t number = found->second;
  if (watchers_[number].node != machine.id()) throw Violation("watch", "another node answers a watch");
  if (!answer.loan) return end(number, answer);
  take(number, answer);
  give_back_later(machine, watchers_[number], *answer.loan);
}

void Watchers::take(std::size_t number, const node::Answer& answer) {
  Watcher& watcher = watchers_[number];
  const auto& records = answer.reply.results.at(0).records;
  trace_.note("is shown", watcher.node.value(), watcher.request, answer.reply.revision);
  trace_.count(records.empty() ? "marks of progress" : "answers of watches");
  const bool begins_now = watcher.next_revision == 0;
  if (begins_now) {
    watcher.next_revision = records.empty() ? answer.reply.revision + 1 : records.front().modified;
  }
  if (answer.reply.revision + 1 < watcher.next_revision) throw Violation("watch-order", "a watch goes back");
  if (watcher.covered.empty() || watcher.covered.back().second != watcher.next_revision) {
    watcher.covered.emplace_back(watcher.next_revision, watcher.next_revision);
  }
  watcher.is_within = 0;
  for (const kv::Record& record : records) {
    if (record.kind != TENON_RECORD_PREVIOUS) take_record(watcher, record);
  }
  const std::uint64_t end = answer.reply.revision + 1;
  if (watcher.key.empty() && watcher.next_revision != end) {
    throw Violation("watch-gap", "a watch of all keys says that it has brought revision " + std::to_string(end - 1) +
                                     ", but it has brought none from " + std::to_string(watcher.next_revision) + " on");
  }
  watcher.next_revision = end;
  watcher.covered.back().second = end;
}

void Watchers::take_record(Watcher& watcher, const kv::Record& record) {
  const std::uint64_t revision = record.modified;
  // Keys that expire together go at one revision, which comes as a whole.
  const bool goes_on = revision + 1 == watcher.next_revision && watcher.is_within == revision;
  const bool is_next = watcher.key.empty() ? revision == watcher.next_revision
                                           : revision >= watcher.next_revision && record.key == watcher.key;
  if (!is_next && !goes_on) {
    throw Violation("watch-order", "a watch brings revision " + std::to_string(revision) + " of '" + record.key +
                                       "' where " + std::to_string(watcher.next_revision) + " was expected");
  }
  const Place place(revision, record.key);
  const Shown shown(record.kind, record.value);
  if (truth_.emplace(place, shown).first->second != shown) {
    throw Violation("watch-truth", "two watches show different changes of revision " + std::to_string(revision));
  }
  const bool is_new = watcher.seen.insert(place).second;
  if (goes_on && !is_new) {
    throw Violation("watch-order",
                    "a watch brings revision " + std::to_string(revision) + " of '" + record.key + "' twice");
  }
  watcher.is_within = revision;
  watcher.next_revision = revision + 1;
}

void Watchers::end(std::size_t number, const node::Answer& answer) {
  Watcher& watcher = watchers_[number];
  trace_.note("ends a watch of", watcher.node.value(), watcher.request, static_cast<std::uint64_t>(answer.outcome));
  if (answer.outcome == node::Outcome::done) throw Violation("watch", "a watch ended as done");
  open_.erase(watcher.request);
  watcher.request = 0;
  if (answer.error == TENON_ERROR_COMPACTED) {
    trace_.count("watches compacted");
    if (answer.reply.revision <= watcher.next_revision) {
      throw Violation("watch", "a watch is too late for a revision that is kept");
    }
    watcher.next_revision = answer.reply.revision;
  }
  open_later(number, random_.wait(milliseconds(20)));
}

void Watchers::ended(NodeId node) {
  for (std::size_t number = 0; number < watchers_.size(); ++number) {
    Watcher& watcher = watchers_[number];
    if (watcher.request == 0 || watcher.node != node) continue;
    trace_.count("watches lost with their node");
    open_.erase(watcher.request);
    watcher.request = 0;
    open_later(number, random_.wait(milliseconds(20)));
  }
}

void Watchers::give_back_later(Machine& machine, const Watcher& watcher, const node::StreamLoan& loan) {
  const Duration wait = is_healed_ || watcher.pace == Duration::zero() ? Duration::zero() : random_.wait(watcher.pace);
  events_.after(wait + microseconds(1), [&machine, life = machine.life(), loan] {
    if (machine.life() == life) machine.give_back(loan);
  });
}

bool Watchers::have_reached(std::uint64_t revision) const {
  return std::all_of(watchers_.begin(), watchers_.end(),
                     [&](const Watcher& watcher) { return watcher.request != 0 && watcher.next_revision > revision; });
}

void Watchers::check_final(const std::map<std::uint64_t, std::string>& shown) const {
  for (const auto& [revision, value] : shown) {
    const auto known = truth_.lower_bound(Place(revision, std::string()));
    if (known != truth_.end() && known->first.first == revision && known->second.second != value) {
      throw Violation("watch-truth", "a watch shows another change of revision " + std::to_string(revision) +
                                         " than a client was shown");
    }
  }
  for (const Watcher& watcher : watchers_) {
    for (const auto& [from, to] : watcher.covered) {
      for (auto at = truth_.lower_bound(Place(from, std::string())); at != truth_.end() && at->first.first < to; ++at) {
        const bool is_wanted = watcher.key.empty() || at->first.second == watcher.key;
        if (is_wanted != watcher.seen.contains(at->first)) {
          throw Violation("watch-gap", "a watch left out revision " + std::to_string(at->first.first));
        }
      }
    }
  }
}

}  // namespace tenon::sim
