// SPDX-License-Identifier: MIT
#include "excerpt.hpp"

#include <algorithm>

namespace tenon::support {
namespace {

constexpr std::size_t kLinesMax = 40;

bool is_bad(const Operations& operations, const Limits& limits, std::uint64_t& spent) {
  const Explained explained = explain(pointers_to(operations), limits, spent, Wanted::verdict);
  return explained.verdict == Verdict::not_linearizable;
}

// What had happened by then, and what was under way.
Operations until(const std::vector<const Operation*>& operations, std::int64_t time) {
  Operations some;
  for (const Operation* operation : operations) {
    if (operation->call > time) continue;
    some.push_back(*operation);
    if (operation->returned > time) some.back().outcome = Outcome::unknown;
  }
  return some;
}

bool only_reads(const Operation& operation) {
  const auto reads = [](const Step& step) { return step.action == Action::get; };
  if (operation.succeeded) {
    const auto& ran = *operation.succeeded ? operation.steps : operation.otherwise;
    return std::all_of(ran.begin(), ran.end(), reads);
  }
  return std::all_of(operation.steps.begin(), operation.steps.end(), reads) &&
         std::all_of(operation.otherwise.begin(), operation.otherwise.end(), reads);
}

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

bool can_be_left_out(const Operations& operations, std::size_t number) {
  const Operation& one = operations[number];
  if (only_reads(one)) return true;
  const bool is_plain_put = one.compares.empty() && one.steps.size() == 1 && one.steps[0].action == Action::put &&
                            !one.steps[0].found && !one.steps[0].version;
  if (!is_plain_put) return false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i != number && !ignores(operations[i], one.steps[0])) return false;
  }
  return true;
}

// Leaves out what can be, many at a time first, as long as the rest is not linearizable.
void shrink(Operations& operations, const Limits& limits) {
  std::uint64_t spent = 0;  // by all tries together
  for (std::size_t share = operations.size() / 2 + 1; share > 0; share /= 2) {
    for (std::size_t end = operations.size(); end > 0; end -= std::min(end, share)) {
      Operations fewer = operations;
      std::size_t left_out = 0;
      for (std::size_t i = end; i-- > end - std::min(end, share);) {
        if (!can_be_left_out(fewer, i)) continue;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        ++left_out;
      }
      if (left_out != 0 && is_bad(fewer, limits, spent)) operations = std::move(fewer);
      end = std::min(end, operations.size());
    }
  }
}

}  // namespace

std::vector<const Operation*> pointers_to(const Operations& operations) {
  std::vector<const Operation*> pointers;
  for (const Operation& operation : operations) pointers.push_back(&operation);
  return pointers;
}

Operations excerpt_of(const std::vector<const Operation*>& operations, const Limits& limits) {
  std::vector<std::int64_t> returns;
  for (const Operation* operation : operations) {
    if (operation->outcome == Outcome::done) returns.push_back(operation->returned);
  }
  std::sort(returns.begin(), returns.end());
  // The first of those by which a contradiction is complete.
  const auto first = std::partition_point(returns.begin(), returns.end(), [&](std::int64_t time) {
    std::uint64_t spent = 0;
    return !is_bad(until(operations, time), limits, spent);
  });
  Operations excerpt = first == returns.end() ? until(operations, kNever) : until(operations, *first);
  shrink(excerpt, limits);
  std::stable_sort(excerpt.begin(), excerpt.end(),
                   [](const Operation& left, const Operation& right) { return left.call < right.call; });
  return excerpt;
}

std::string account_of(const Operations& excerpt, const Limits& limits) {
  std::uint64_t spent = 0;
  const Explained explained = explain(pointers_to(excerpt), limits, spent, Wanted::order);
  std::string account;
  const std::size_t left_out = excerpt.size() - std::min(excerpt.size(), kLinesMax);
  if (left_out != 0) account += "(" + std::to_string(left_out) + " operations before these)\n";
  account += "(What was under way in the end is shown as unknown.)\n";
  for (std::size_t i = left_out; i < excerpt.size(); ++i) account += text_of(excerpt[i]) + "\n";
  account += "At most " + std::to_string(explained.explained) + " of those that are done can be put into an order. ";
  account += "One such order ends with\n";
  const std::size_t skipped = explained.order.size() - std::min<std::size_t>(explained.order.size(), 5);
  for (std::size_t i = skipped; i < explained.order.size(); ++i) account += "  " + text_of(*explained.order[i]) + "\n";
  account += "which leaves " + explained.state + ", and none of these can be next:\n";
  for (const Operation& operation : excerpt) {
    const bool is_in = std::find(explained.order.begin(), explained.order.end(), &operation) != explained.order.end();
    if (!is_in && operation.outcome == Outcome::done) account += "  " + text_of(operation) + "\n";
  }
  return account;
}

}  // namespace tenon::support
