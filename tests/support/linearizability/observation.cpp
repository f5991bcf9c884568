// SPDX-License-Identifier: MIT
#include "observation.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tenon::support {
namespace {

bool mentions(const Step& step, const std::string& value) {
  return (step.found && *step.found == value) || step.value == value;
}

// Whether all that the step says of what was there before is its value.
bool sees_only_values(const Step& step) {
  const bool is_simple = step.action == Action::get || step.action == Action::put || step.action == Action::erase;
  return is_simple && !step.version && !step.changed && !step.result;
}

// Whether the operation would be as well explained if `put`, a plain put, had never been.
bool ignores(const Operation& operation, const Step& put) {
  const auto ignores_it = [&](const Step& step) {
    return step.key != put.key || (sees_only_values(step) && !mentions(step, put.value));
  };
  if (operation.outcome == Outcome::unknown && !operation.compares.empty()) return false;
  for (const Expectation& expected : operation.compares) {
    if (expected.key != put.key) continue;
    // Had it failed, it might have been for this put.
    if (operation.succeeded != true || expected.version || expected.value == Value(put.value)) return false;
  }
  return std::all_of(operation.steps.begin(), operation.steps.end(), ignores_it) &&
         std::all_of(operation.otherwise.begin(), operation.otherwise.end(), ignores_it);
}

using Content = std::pair<std::string, std::string>;  // key and value

// How often a value may have been put by a plain or conditional put, and when somebody who has seen it returned first.
struct Sight {
  std::size_t puts = 0;
  std::int64_t seen_by = kNever;
};

// What is seen of values that only puts can have made; of keys that are also counted or appended to, nothing is said.
class Sights {
 public:
  explicit Sights(const std::vector<const Operation*>& operations) {
    for (const Operation* operation : operations) {
      for (const auto* steps : {&operation->steps, &operation->otherwise}) {
        for (const Step& step : *steps) add_put(step);
      }
      const bool which_ran_is_known = operation->compares.empty() || operation->succeeded;
      if (operation->outcome != Outcome::done || !which_ran_is_known) continue;
      for (const Step& step : operation->succeeded == false ? operation->otherwise : operation->steps) {
        if (step.found) see(*operation, step.key, *step.found);
      }
      if (operation->succeeded == false) continue;
      for (const Expectation& expected : operation->compares) {
        if (expected.value) see(*operation, expected.key, *expected.value);
      }
    }
  }

  // kNever: nobody, or another may have put it.
  std::int64_t seen_by(const Step& put) const {
    if (computed_.contains(put.key)) return kNever;
    const auto found = sights_.find({put.key, put.value});
    return found == sights_.end() || found->second.puts != 1 ? kNever : found->second.seen_by;
  }

 private:
  void add_put(const Step& step) {
    if (step.action == Action::append || step.action == Action::increment) computed_.insert(step.key);
    if (step.action == Action::put) ++sights_[{step.key, step.value}].puts;
  }
  void see(const Operation& operation, const std::string& key, const Value& value) {
    if (!value) return;
    std::int64_t& first = sights_[{key, *value}].seen_by;
    first = std::min(first, operation.returned);
  }

  std::map<Content, Sight> sights_;
  std::set<std::string> computed_;
};

bool is_one_put(const Operation& operation) {
  const auto reads = [](const Step& step) { return step.action == Action::get; };
  return operation.steps.size() == 1 && operation.steps[0].action == Action::put &&
         std::all_of(operation.otherwise.begin(), operation.otherwise.end(), reads);
}

}  // namespace

bool only_reads(const Operation& operation) {
  const auto reads = [](const Step& step) { return step.action == Action::get; };
  if (operation.succeeded) {
    const auto& ran = *operation.succeeded ? operation.steps : operation.otherwise;
    return std::all_of(ran.begin(), ran.end(), reads);
  }
  return std::all_of(operation.steps.begin(), operation.steps.end(), reads) &&
         std::all_of(operation.otherwise.begin(), operation.otherwise.end(), reads);
}

bool is_plain_put(const Operation& operation) {
  return operation.compares.empty() && operation.steps.size() == 1 && operation.steps[0].action == Action::put &&
         (operation.outcome != Outcome::done || (!operation.steps[0].found && !operation.steps[0].version));
}

bool is_ignored(const Operation& put, const std::vector<const Operation*>& operations) {
  return std::all_of(operations.begin(), operations.end(), [&](const Operation* operation) {
    return operation == &put || ignores(*operation, put.steps[0]);
  });
}

Tightened::Tightened(const std::vector<const Operation*>& operations) {
  const Sights sights(operations);
  for (const Operation* operation : operations) {
    if (operation->outcome != Outcome::unknown) {
      operations_.push_back(operation);
      continue;
    }
    if (is_plain_put(*operation) && is_ignored(*operation, operations)) continue;
    operations_.push_back(operation);
    const std::int64_t seen_by = is_one_put(*operation) ? sights.seen_by(operation->steps[0]) : kNever;
    // Seen before it was called: no order will explain it, as long as it stays where it is.
    if (seen_by == kNever || seen_by < operation->call) continue;
    Operation& changed = changed_.emplace_back(*operation);
    changed.outcome = Outcome::done;
    changed.returned = seen_by;
    changed.succeeded = true;
    Step& step = changed.steps[0];
    step = {.action = Action::put, .key = step.key, .value = step.value};
    changed.otherwise.clear();
    operations_.back() = &changed;
    originals_.emplace(&changed, operation);
  }
}

const Operation* Tightened::original(const Operation* operation) const {
  const auto found = originals_.find(operation);
  return found == originals_.end() ? operation : found->second;
}

}  // namespace tenon::support
