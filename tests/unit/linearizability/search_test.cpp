// SPDX-License-Identifier: MIT
#include <algorithm>

#include "generated_history.hpp"
#include "key_states.hpp"
#include "support/catch.hpp"

namespace tenon::support {
namespace {

std::vector<const Operation*> pointers(const Operations& history) {
  std::vector<const Operation*> all;
  for (const Operation& operation : history) all.push_back(&operation);
  return all;
}

// By the definition: some order of the operations, with those of unknown outcome that are left out, keeps to real time
// and explains every answer.
bool is_linearizable_by_trying_all_orders(const Operations& history) {
  std::vector<const Operation*> order = pointers(history);
  std::sort(order.begin(), order.end());
  do {
    KeyStates states(order);
    StateId state = kEmptyState;
    bool fits = true;
    for (std::size_t i = 0; fits && i < order.size(); ++i) {
      for (std::size_t j = i + 1; fits && j < order.size(); ++j) fits = order[j]->returned >= order[i]->call;
      const std::optional<StateId> after = states.apply(state, *order[i]);
      fits = fits && after.has_value();
      if (fits) state = *after;
    }
    // What is unknown and did not happen is behind everything.
    if (fits) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

// Answers at random, of few values in few moments, so that about as many are possible as not.
Operations random_answers(Numbers& numbers) {
  Operations history;
  const std::size_t count = 2 + static_cast<std::size_t>(numbers.below(5));
  for (std::size_t i = 0; i < count; ++i) {
    Operation operation;
    operation.call = static_cast<std::int64_t>(numbers.below(12));
    operation.returned = operation.call + static_cast<std::int64_t>(numbers.below(6));
    operation.outcome = Outcome::done;
    if (numbers.chance(15)) operation = {.call = operation.call, .outcome = Outcome::unknown};
    const auto value = [&]() -> Value {
      return numbers.chance(25) ? Value() : Value(std::to_string(numbers.below(2)));
    };
    Step step;
    step.key = "x";
    step.value = std::to_string(numbers.below(2));
    step.action = static_cast<Action>(numbers.below(5));
    if (step.action == Action::get) step.found = value();
    if (step.action == Action::increment) step.by = 1;
    if (step.action == Action::increment && numbers.chance(30)) step.result = static_cast<int>(numbers.below(3));
    if (step.action == Action::erase && numbers.chance(50)) step.changed = numbers.chance(50);
    if (step.action == Action::append && numbers.chance(30)) step.result = static_cast<int>(numbers.below(3));
    if (step.action == Action::put && numbers.chance(30)) {
      operation.compares.push_back({"x", value(), {}});
      if (operation.outcome == Outcome::done) operation.succeeded = numbers.chance(50);
    }
    if (numbers.chance(10)) step.version = numbers.below(3);
    operation.steps.push_back(step);
    history.push_back(std::move(operation));
  }
  return history;
}

TEST_CASE("the search says what trying all orders says") {
  Numbers numbers(1);
  std::size_t good = 0;
  std::size_t bad = 0;
  for (std::size_t run = 0; run < 4'000; ++run) {
    const Operations history = random_answers(numbers);
    const bool expected = is_linearizable_by_trying_all_orders(history);
    const Judgement judgement = judge(history);
    if ((judgement.verdict == Verdict::linearizable) != expected) {
      for (const Operation& operation : history) UNSCOPED_INFO(text_of(operation));
      FAIL("trying all orders says " << expected);
    }
    ++(expected ? good : bad);
    if (expected) continue;
    CHECK_FALSE(is_linearizable_by_trying_all_orders(judgement.findings.at(0).excerpt));
  }
  CHECK(good > 500);
  CHECK(bad > 500);
}

TEST_CASE("what a register that is linearizable has answered is found to be so") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const std::size_t clients : {2u, 5u, 12u}) {
      Shape shape;
      shape.operations = 2'000;
      shape.clients = clients;
      shape.keys = 2;
      shape.unknown_percent = seed % 3 == 0 ? 0 : 1;
      shape.with_versions = seed % 2 == 0;
      const Judgement judgement = judge(generate(seed, shape));
      CAPTURE(seed, clients);
      if (!judgement.findings.empty()) UNSCOPED_INFO(judgement.findings.front().account);
      CHECK(judgement.verdict == Verdict::linearizable);
    }
  }
}

// Lets one read show what had been overwritten for good before it was called; false: there is no such read.
bool make_stale(Operations& history, Numbers& numbers) {
  const auto is_put = [](const Operation& one) {
    return one.outcome == Outcome::done && one.steps[0].action == Action::put;
  };
  for (std::size_t tries = 0; tries < 1'000; ++tries) {
    Operation& read = history[static_cast<std::size_t>(numbers.below(history.size()))];
    const Operation& old = history[static_cast<std::size_t>(numbers.below(history.size()))];
    if (read.steps[0].action != Action::get || read.outcome != Outcome::done || !is_put(old)) continue;
    for (const Operation& newer : history) {
      const bool overwrites = is_put(newer) && newer.call > old.returned && newer.returned < read.call;
      if (!overwrites) continue;
      read.steps[0].found = old.steps[0].value;
      return true;
    }
  }
  return false;
}

TEST_CASE("one stale read among two thousand operations is found, and shown in a few lines") {
  Numbers numbers(7);
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Shape shape;
    shape.operations = 2'000;
    shape.only_puts_and_gets = true;
    Operations history = generate(seed, shape);
    if (!make_stale(history, numbers)) continue;
    CAPTURE(seed);
    const Judgement judgement = judge(history);
    REQUIRE(judgement.verdict == Verdict::not_linearizable);
    CHECK(judgement.findings.front().excerpt.size() <= 12);
    ++found;
  }
  CHECK(found > 15);
}

TEST_CASE("a search beyond its limits is undecided, which is not passed") {
  // No order explains the read, and with this many of unknown outcome there is too much to try.
  Operations history;
  for (std::size_t i = 0; i < 24; ++i) {
    history.push_back(parse_operation(R"({"call": 1, "outcome": "unknown", "key": "x", "kind": "append", "value": ")" +
                                      std::to_string(i) + R"("})"));
  }
  history.push_back(parse_operation(
      R"({"call": 2, "return": 3, "outcome": "done", "key": "x", "kind": "get", "found": "nothing of that"})"));
  Limits few;
  few.steps_max = 10'000;
  const Judgement by_steps = judge(history, few);
  CHECK(by_steps.verdict == Verdict::undecided);
  CHECK(by_steps.undecided == 1);
  REQUIRE(by_steps.findings.size() == 1);
  Limits little;
  little.memory_bytes_max = 1'000'000;
  CHECK(judge(history, little).verdict == Verdict::undecided);
}

TEST_CASE("a key that is not linearizable is told beside one that is undecided") {
  Operations history = {
      parse_operation(R"({"call": 1, "return": 2, "outcome": "done", "key": "y", "kind": "get", "found": "x"})")};
  for (std::size_t i = 0; i < 24; ++i) {
    history.push_back(parse_operation(R"({"call": 1, "outcome": "unknown", "key": "x", "kind": "append", "value": ")" +
                                      std::to_string(i) + R"("})"));
  }
  history.push_back(
      parse_operation(R"({"call": 2, "return": 3, "outcome": "done", "key": "x", "kind": "get", "found": "none"})"));
  Limits few;
  few.steps_max = 10'000;
  const Judgement judgement = judge(history, few);
  CHECK(judgement.verdict == Verdict::not_linearizable);
  CHECK(judgement.undecided == 1);
  CHECK(judgement.groups == 2);
}

TEST_CASE("two hundred thousand operations over fifty keys are judged") {
  Shape shape;
  shape.operations = 200'000;
  shape.clients = 10;
  shape.keys = 50;
  shape.unknown_percent = 0;
  shape.only_puts_and_gets = true;
  const Judgement judgement = judge(generate(3, shape));
  CHECK(judgement.verdict == Verdict::linearizable);
  CHECK(judgement.groups == 50);
}

}  // namespace
}  // namespace tenon::support
