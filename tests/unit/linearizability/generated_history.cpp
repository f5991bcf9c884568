// SPDX-License-Identifier: MIT
#include "generated_history.hpp"

#include <algorithm>
#include <map>

namespace tenon::support {
namespace {

struct Register {
  Value value;
  std::uint64_t version = 0;
};

// The plainest form of what tests/support/linearizability/key_states.cpp does.
class Registers {
 public:
  explicit Registers(bool with_versions) : with_versions_(with_versions) {}

  // Takes effect, and is filled in with what it reports.
  void perform(Operation& operation) {
    bool all_hold = true;
    for (const Expectation& expected : operation.compares) {
      all_hold = all_hold && *expected.value == registers_[expected.key].value;
    }
    if (!operation.compares.empty()) operation.succeeded = all_hold;
    for (Step& step : all_hold ? operation.steps : operation.otherwise) perform(step);
  }

 private:
  void perform(Step& step) {
    Register& now = registers_[step.key];
    const Value before = now.value;
    if (step.action == Action::get || step.value.size() % 2 == 0) step.found = before;
    if (step.action == Action::put) now.value = step.value;
    if (step.action == Action::append) {
      now.value = before.value_or("") + step.value;
      step.result = static_cast<std::int64_t>(now.value->size());
    }
    if (step.action == Action::erase) {
      now.value.reset();
      step.changed = before.has_value();
    }
    if (step.action == Action::increment) {
      now.value = std::to_string(std::stoll(before.value_or("0")) + step.by);
      step.result = std::stoll(*now.value);
    }
    if (step.action != Action::get) now.version = now.value ? now.version + 1 : 0;
    if (with_versions_) step.version = now.version;
  }

  bool with_versions_;
  std::map<std::string, Register> registers_;
};

Operation draw(Numbers& numbers, const Shape& shape, std::uint64_t number) {
  Operation operation;
  Step step;
  const std::uint64_t key = numbers.below(shape.keys);
  step.key = "key " + std::to_string(key);
  step.value = std::to_string(number);
  const std::uint64_t kind = numbers.below(shape.only_puts_and_gets ? 4 : 10);
  // Every other key counts, so that what is there is a number.
  if (kind < 2) {
    step.action = Action::get;
  } else if (kind < 4) {
    step.action = Action::put;
  } else if (kind < 5) {
    step.action = Action::erase;
  } else if (key % 2 == 1) {
    step.action = Action::append;
    step.value = "+" + step.value;
  } else if (kind < 7) {
    step.action = Action::increment;
    step.by = 1'000'000;
  } else {
    step.action = Action::put;
    // Of the values that there may be one of the newest.
    const std::uint64_t guess = number - std::min(number, numbers.below(10));
    operation.compares.push_back({step.key, numbers.chance(20) ? Value() : Value(std::to_string(guess)), {}});
    Step read;
    read.key = step.key;
    operation.otherwise.push_back(read);
  }
  operation.steps.push_back(step);
  return operation;
}

}  // namespace

std::uint64_t Numbers::below(std::uint64_t end) {
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return (state_ >> 33) % end;
}

Operations generate(std::uint64_t seed, const Shape& shape) {
  Numbers numbers(seed);
  struct Moment {
    std::int64_t time;
    std::size_t operation;
  };
  Operations history;
  std::vector<Moment> moments;
  std::vector<std::int64_t> free_at(shape.clients, 0);
  for (std::size_t number = 0; number < shape.operations; ++number) {
    const std::size_t client = static_cast<std::size_t>(numbers.below(shape.clients));
    Operation operation = draw(numbers, shape, number);
    operation.client = std::to_string(client);
    operation.call = free_at[client] + static_cast<std::int64_t>(numbers.below(10));
    const std::int64_t effect = operation.call + static_cast<std::int64_t>(numbers.below(20));
    operation.returned = effect + static_cast<std::int64_t>(numbers.below(20));
    operation.outcome = Outcome::done;
    free_at[client] = operation.returned + 1;
    moments.push_back({effect, number});
    if (numbers.chance(shape.unknown_percent)) {
      operation.outcome = Outcome::unknown;
      operation.returned = kNever;
      moments.back().time += static_cast<std::int64_t>(numbers.below(300));
      if (numbers.chance(50)) moments.pop_back();
    }
    history.push_back(std::move(operation));
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& left, const Moment& right) { return left.time < right.time; });
  Registers registers(shape.with_versions);
  for (const Moment& moment : moments) registers.perform(history[moment.operation]);
  return history;
}

}  // namespace tenon::support
