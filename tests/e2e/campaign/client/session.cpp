// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <array>
#include <stdexcept>
#include <thread>
#include <utility>

namespace tenon::campaign {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using support::Action;
using support::Operation;
using support::Step;

constexpr milliseconds kConnectTimeout(500);
constexpr milliseconds kRequestTimeout(3'000);
// One connection in so many gives up after a time drawn from these.
constexpr std::uint64_t kImpatient = 3;
constexpr std::array<milliseconds, 6> kPatience{milliseconds(1), milliseconds(2),  milliseconds(3),
                                                milliseconds(5), milliseconds(10), milliseconds(30)};
// One operation in so many is followed by a write of up to so many bytes.
constexpr std::uint64_t kBulk = 50;
constexpr std::size_t kBulkBytesMax = 60'000;
constexpr milliseconds kRest(10);              // after what was refused
constexpr milliseconds kRepeatTime(8'000);     // how long a careful session repeats a write
constexpr milliseconds kSessionTime(60'000);   // without writes, after which the product forgets it
constexpr milliseconds kReadingTime(60'000);   // for one key in the end
constexpr std::chrono::seconds kLagMax(1);     // what is more is not made up for
constexpr std::uint64_t kStay = 50;            // operations through one node, on average
constexpr std::uint64_t kNumbers = 1'000'000;  // the numbers of one session, so that no two put the same

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

// What was there before a write that asked for it.
void note_previous(Step& step, const std::optional<client::Record>& previous) {
  step.found = previous ? support::Value(previous->value) : support::Value();
}

}  // namespace

Session::Session(SessionOptions options, Keys& keys, Record& record)
    : options_(std::move(options)),
      keys_(keys),
      record_(record),
      random_(options_.seed * 1'000 + options_.number),
      endpoint_(options_.number % options_.endpoints.size()) {}

void Session::work(const std::atomic<bool>& stopping) {
  Clock::time_point next = Clock::now();
  while (!stopping.load()) {
    step();
    if (random_() % kBulk == 0) put_bulk();
    next += options_.interval;
    if (Clock::now() - next > kLagMax) next = Clock::now();
    std::this_thread::sleep_until(next);
    if (random_() % kStay == 0) move_on();
  }
}

void Session::step() {
  const Drawn key = keys_.draw(random_);
  const std::uint64_t percent = random_() % 100;
  if (percent < 42) return get(key);
  switch (key.content) {
    case Content::list:
      return append(key);
    case Content::counter:
      return increment(key);
    case Content::text:
      return percent < 62 ? put(key) : percent < 82 ? swap(key) : percent < 92 ? append(key) : erase(key);
    case Content::number:
      return percent < 58 ? put(key) : percent < 70 ? swap(key) : percent < 90 ? increment(key) : erase(key);
  }
}

// Each of the three shows all that was acknowledged before it began, so the judge knows no difference.
void Session::get(const Drawn& key) {
  struct Way {
    Kind kind;
    client::Consistency consistency;
  };
  constexpr std::array<Way, 4> ways{{{Kind::get, client::Consistency::kLinearizable},
                                     {Kind::get, client::Consistency::kLinearizable},
                                     {Kind::lease_get, client::Consistency::kLease},
                                     {Kind::log_get, client::Consistency::kLog}}};
  const Way way = ways[random_() % ways.size()];
  Operation operation = begin(key, Action::get);
  finish(key, way.kind, operation, [&](client::Client& client, const auto&) {
    const client::GetResult result = client.get(key.name, {way.consistency});
    Step& step = operation.steps.front();
    note_previous(step, result.record);
    step.version = result.record ? result.record->version : 0;
    operation.revision = result.revision;
    keys_.note_seen(key, *step.found);
  });
}

void Session::put(const Drawn& key) {
  Operation operation = begin(key, Action::put);
  operation.steps.front().value = fresh_value();
  finish(key, Kind::put, operation, [&](client::Client& client, const auto& in_session) {
    Step& step = operation.steps.front();
    const client::PutResult result = client.put(key.name, step.value, {{}, {client::Previous::kWanted, in_session}});
    note_previous(step, result.previous);
    operation.revision = result.revision;
    keys_.note_seen(key, step.value);
  });
}

void Session::erase(const Drawn& key) {
  Operation operation = begin(key, Action::erase);
  finish(key, Kind::erase, operation, [&](client::Client& client, const auto& in_session) {
    const client::EraseResult result = client.erase(key.name, {client::Previous::kWanted, in_session});
    Step& step = operation.steps.front();
    note_previous(step, result.previous);
    step.changed = result.erased;
    operation.revision = result.revision;
    keys_.note_seen(key, std::nullopt);
  });
}

void Session::append(const Drawn& key) {
  Operation operation = begin(key, Action::append);
  const std::string element = "<" + fresh_value() + ">";
  operation.steps.front().value = element;
  const Ending ending = finish(key, Kind::append, operation, [&](client::Client& client, const auto& in_session) {
    const client::AppendResult result = client.append(key.name, element, {client::Previous::kUnwanted, in_session});
    operation.steps.front().result = static_cast<std::int64_t>(result.length);
    operation.revision = result.revision;
  });
  if (key.content == Content::list) keys_.note_appended(key, element, ending);
}

void Session::increment(const Drawn& key) {
  Operation operation = begin(key, Action::increment);
  const std::int64_t by = static_cast<std::int64_t>(random_() % 1'000 + 1);
  operation.steps.front().by = by;
  const Ending ending = finish(key, Kind::increment, operation, [&](client::Client& client, const auto& in_session) {
    const client::IncrementResult result = client.increment(key.name, by, {client::Previous::kUnwanted, in_session});
    operation.steps.front().result = result.number;
    operation.revision = result.revision;
  });
  if (key.content == Content::counter) keys_.note_added(key, by, ending);
}

void Session::swap(const Drawn& key) {
  Operation operation = begin(key, Action::put);
  operation.steps.front().value = fresh_value();
  operation.compares.push_back({key.name, support::Value(key.seen), std::nullopt});
  finish(key, Kind::swap, operation, [&](client::Client& client, const auto& in_session) {
    Step& step = operation.steps.front();
    const client::SwapResult result = client.compare_and_swap(key.name, key.seen, step.value, in_session);
    operation.succeeded = result.swapped;
    operation.revision = result.revision;
    if (result.swapped) {
      keys_.note_seen(key, step.value);
    } else {
      keys_.note_seen(key, result.current ? std::optional(result.current->value) : std::nullopt);
    }
  });
}

Operation Session::begin(const Drawn& key, Action action) const {
  Operation operation;
  operation.client = std::to_string(options_.number) + "." + std::to_string(incarnation_);
  Step step;
  step.action = action;
  step.key = key.name;
  operation.steps.push_back(std::move(step));
  return operation;
}

Ending Session::finish(const Drawn& key, Kind kind, Operation& operation, const Call& call) {
  operation.call = now();
  const Ending ending = is_read(kind) ? read(call) : write(call);
  if (ending == Ending::done) {
    operation.outcome = support::Outcome::done;
    operation.returned = now();
  } else {
    operation.outcome = ending == Ending::refused ? support::Outcome::refused : support::Outcome::unknown;
    operation.returned = ending == Ending::refused ? now() : support::kNever;
  }
  if (ending == Ending::unknown) ++incarnation_;
  keys_.note(key, ending);
  record_.add(kind, ending, operation);
  if (ending != Ending::done) {
    move_on();
    std::this_thread::sleep_for(kRest);
  }
  return ending;
}

// A failed read is as good as none.
Ending Session::read(const Call& call) {
  try {
    call(client(), std::nullopt);
    return Ending::done;
  } catch (const client::Error&) {
    return Ending::refused;
  }
}

Ending Session::write(const Call& call) {
  const std::optional<client::InSession> in_session = next_in_session();
  const Clock::time_point deadline = Clock::now() + kRepeatTime;
  Ending ending = Ending::refused;  // until something was sent that may take effect
  do {
    try {
      call(client(), in_session);
      return Ending::done;
    } catch (const client::UnknownOutcome&) {
      ending = Ending::unknown;
    } catch (const client::ReplyForgotten&) {
      return Ending::unknown;  // executed, and the answer is gone
    } catch (const client::SessionExpired&) {
      session_.reset();
      return ending;
    } catch (const client::Error&) {
      if (ending == Ending::refused) return ending;
    }
    move_on();
    std::this_thread::sleep_for(kRest);
  } while (in_session && Clock::now() < deadline);
  return ending;
}

std::optional<client::InSession> Session::next_in_session() {
  if (options_.manner == Manner::plain) return std::nullopt;
  if (!session_) {
    try {
      session_ = client().open_session(kSessionTime);
      sequence_ = 0;
    } catch (const client::Error&) {
      return std::nullopt;
    }
  }
  ++sequence_;
  return client::InSession{*session_, sequence_, sequence_};
}

client::Client& Session::client() {
  if (client_ == nullptr) {
    client_ = std::make_unique<client::Client>(
        client::Options{{options_.endpoints[endpoint_]}, kConnectTimeout, draw_patience()});
  }
  return *client_;
}

// Who does not wait for an answer leaves an outcome that is unknown, and a request that may take effect later.
milliseconds Session::draw_patience() {
  if (random_() % kImpatient != 0) return kRequestTimeout;
  return kPatience[random_() % kPatience.size()];
}

// So that the log grows, images are taken, and those who are late are sent them. Nobody judges what became of it.
void Session::put_bulk() {
  std::string value(random_() % kBulkBytesMax, '\0');
  for (char& byte : value) byte = static_cast<char>(random_());
  try {
    client().put("bulk" + std::to_string(options_.number), value);
  } catch (const client::Error&) {
    move_on();
  }
}

void Session::move_on() {
  client_.reset();
  endpoint_ = random_() % options_.endpoints.size();
}

std::string Session::fresh_value() { return std::to_string((options_.number + 1) * kNumbers + ++values_); }

std::vector<std::string> Session::read_everything() {
  std::vector<std::string> faults;
  while (const std::optional<Drawn> key = keys_.next_of_all()) {
    const Clock::time_point deadline = Clock::now() + kReadingTime;
    for (std::optional<support::Value> found; !found;) {
      Operation operation = begin(*key, Action::get);
      const Ending ending = finish(*key, Kind::get, operation, [&](client::Client& client, const auto&) {
        const client::GetResult result = client.get(key->name);
        note_previous(operation.steps.front(), result.record);
        operation.revision = result.revision;
      });
      if (ending == Ending::done) found = operation.steps.front().found;
      if (!found && Clock::now() > deadline) throw std::runtime_error(key->name + " cannot be read");
      if (!found) continue;
      const std::string fault = keys_.fault_of(*key, *found);
      if (!fault.empty()) faults.push_back(fault);
      move_on();
    }
  }
  return faults;
}

}  // namespace tenon::campaign
