// SPDX-License-Identifier: MIT
#include "excerpt.hpp"

#include <algorithm>

#include "observation.hpp"

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

bool can_be_left_out(const Operations& operations, std::size_t number) {
  const Operation& one = operations[number];
  if (only_reads(one)) return true;
  return is_plain_put(one) && is_ignored(one, pointers_to(operations));
}

// Makes smaller what can be, many at a time first, as long as the rest is not linearizable. `smaller` does it to the
// operation with this number, and returns whether there was something to do.
template <class Smaller>
void shrink(Operations& operations, const Limits& limits, const Smaller& smaller) {
  std::uint64_t spent = 0;  // by all tries together
  for (std::size_t share = operations.size() / 2 + 1; share > 0; share /= 2) {
    for (std::size_t end = operations.size(); end > 0;) {
      const std::size_t begin = end - std::min(end, share);
      Operations tried = operations;
      bool is_smaller = false;
      for (std::size_t i = end; i-- > begin;) is_smaller = smaller(tried, i) || is_smaller;
      if (is_smaller && is_bad(tried, limits, spent)) operations = std::move(tried);
      end = std::min(begin, operations.size());
    }
  }
}

bool leave_out(Operations& operations, std::size_t number) {
  if (!can_be_left_out(operations, number)) return false;
  operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(number));
  return true;
}

bool leave_out_read(Operations& operations, std::size_t number) {
  return only_reads(operations[number]) && leave_out(operations, number);
}

// What a write reports beside that it was done.
bool leave_out_report(Operations& operations, std::size_t number) {
  Operation& operation = operations[number];
  if (only_reads(operation)) return false;
  bool had_one = false;
  for (auto* steps : {&operation.steps, &operation.otherwise}) {
    for (Step& step : *steps) {
      had_one = had_one || step.found || step.version || step.changed || step.result;
      step.found.reset();
      step.version.reset();
      step.changed.reset();
      step.result.reset();
    }
  }
  return had_one;
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
  shrink(excerpt, limits, leave_out_read);
  shrink(excerpt, limits, leave_out_report);
  shrink(excerpt, limits, leave_out);
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
