// SPDX-License-Identifier: MIT
#include "key_states.hpp"

#include <algorithm>
#include <charconv>

namespace tenon::support {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

KeyStates::KeyStates(const std::vector<const Operation*>& operations) {
  for (const Operation* operation : operations) {
    for (const Expectation& expected : operation->compares) {
      places_.emplace(expected.key, places_.size());
      has_versions_ = has_versions_ || expected.version.has_value();
    }
    for (const auto* steps : {&operation->steps, &operation->otherwise}) {
      for (const Step& step : *steps) {
        places_.emplace(step.key, places_.size());
        has_versions_ = has_versions_ || step.version.has_value();
      }
    }
  }
  intern(State(places_.size()));
}

std::optional<StateId> KeyStates::apply(StateId state, const Operation& operation) {
  State changed = *states_[state];
  const bool is_judged = operation.outcome == Outcome::done;
  const bool all_hold = std::all_of(operation.compares.begin(), operation.compares.end(),
                                    [&](const Expectation& expected) { return holds(changed, expected); });
  if (is_judged && operation.succeeded && *operation.succeeded != all_hold) return std::nullopt;
  for (const Step& step : all_hold ? operation.steps : operation.otherwise) {
    if (!run(changed, step, is_judged)) return std::nullopt;
  }
  return changed == *states_[state] ? state : intern(changed);
}

bool KeyStates::holds(const State& state, const Expectation& expected) const {
  const Register& now = state[places_.find(expected.key)->second];
  if (expected.value && !is(now.value, *expected.value)) return false;
  return !expected.version || *expected.version == now.version;
}

bool KeyStates::run(State& state, const Step& step, bool is_judged) {
  Register& now = state[places_.find(step.key)->second];
  const Register before = now;
  const std::optional<std::uint32_t> after = value_after(before.value, step);
  const bool changes = step.action != Action::get && after && (*after != kAbsent || before.value != kAbsent);
  if (changes) now = {*after, has_versions_ && *after != kAbsent ? before.version + 1 : 0};
  if (!is_judged) return true;
  if (step.found && !is(before.value, *step.found)) return false;
  if (step.version && *step.version != now.version) return false;
  if (step.changed && *step.changed != changes) return false;
  if (!step.result) return true;
  if (!changes) return false;
  const std::string& text = *values_[now.value];
  return step.action == Action::append ? *step.result == static_cast<std::int64_t>(text.size())
                                       : number_in(text) == step.result;
}

std::optional<std::uint32_t> KeyStates::value_after(std::uint32_t before, const Step& step) {
  const std::string_view old = before == kAbsent ? std::string_view() : *values_[before];
  switch (step.action) {
    case Action::get:
      return before;
    case Action::put:
      return intern(step.value);
    case Action::erase:
      return kAbsent;
    case Action::append:
      return intern(std::string(old) + step.value);
    case Action::increment:
      break;
  }
  const std::optional<std::int64_t> number = before == kAbsent ? 0 : number_in(old);
  std::int64_t sum = 0;
  if (!number || __builtin_add_overflow(*number, step.by, &sum)) return std::nullopt;
  return intern(std::to_string(sum));
}

bool KeyStates::is(std::uint32_t value, const Value& told) const {
  if (value == kAbsent || !told) return value == kAbsent && !told;
  return *values_[value] == *told;
}

std::uint32_t KeyStates::intern(std::string_view value) {
  const auto [place, is_new] = value_numbers_.emplace(value, static_cast<std::uint32_t>(values_.size()));
  if (is_new) {
    values_.push_back(&place->first);
    memory_bytes_ += value.size() + 100;
  }
  return place->second;
}

StateId KeyStates::intern(const State& state) {
  const auto [place, is_new] = state_numbers_.emplace(state, static_cast<StateId>(states_.size()));
  if (is_new) {
    states_.push_back(&place->first);
    memory_bytes_ += state.size() * sizeof(Register) + 100;
  }
  return place->second;
}

std::string KeyStates::text(StateId state) const {
  std::string all;
  for (const auto& [key, place] : places_) {
    const Register& now = (*states_[state])[place];
    all += (all.empty() ? "" : ", ") + key;
    if (now.value == kAbsent) {
      all += " absent";
    } else {
      all += " = '" + *values_[now.value] + "'" + (has_versions_ ? " version " + std::to_string(now.version) : "");
    }
  }
  return all;
}

}  // namespace tenon::support
