// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "excerpt.hpp"

namespace tenon::support {
namespace {

std::set<std::string> keys_of(const Operation& operation) {
  std::set<std::string> keys;
  for (const Expectation& expected : operation.compares) keys.insert(expected.key);
  for (const auto* steps : {&operation.steps, &operation.otherwise}) {
    for (const Step& step : *steps) keys.insert(step.key);
  }
  return keys;
}

bool changes_nothing(const Operation& operation) {
  const auto reads = [](const Step& step) { return step.action == Action::get; };
  return std::all_of(operation.steps.begin(), operation.steps.end(), reads) &&
         std::all_of(operation.otherwise.begin(), operation.otherwise.end(), reads);
}

// Of no consequence: what surely had no effect, and reads of which nothing is known.
bool says_nothing(const Operation& operation) {
  return operation.outcome == Outcome::refused || (operation.outcome == Outcome::unknown && changes_nothing(operation));
}

// Keys that operations glue together.
class Groups {
 public:
  void add(const std::set<std::string>& keys) {
    for (const std::string& key : keys) {
      if (numbers_.emplace(key, parents_.size()).second) parents_.push_back(parents_.size());
      parents_[root(number(key))] = root(number(*keys.begin()));
    }
  }
  std::size_t of(const std::string& key) { return root(number(key)); }
  const std::map<std::string, std::size_t>& keys() const noexcept { return numbers_; }

 private:
  std::size_t number(const std::string& key) const { return numbers_.find(key)->second; }
  std::size_t root(std::size_t number) {
    while (parents_[number] != number) number = parents_[number] = parents_[parents_[number]];
    return number;
  }

  std::map<std::string, std::size_t> numbers_;
  std::vector<std::size_t> parents_;
};

bool surely_changed(const Operation& operation) {
  const bool went_else = operation.succeeded == false;
  if (!operation.succeeded && !operation.compares.empty()) return false;
  const auto& ran = went_else ? operation.otherwise : operation.steps;
  return std::any_of(ran.begin(), ran.end(), [](const Step& step) {
    const bool always = step.action == Action::put || step.action == Action::append;
    return always || (step.action != Action::get && (step.changed == true || step.result));
  });
}

// Revisions of the store do not fall in real time, and rise with each change.
std::optional<Finding> judge_revisions(const Operations& history) {
  std::vector<const Operation*> by_call;
  for (const Operation& operation : history) {
    if (operation.outcome == Outcome::done && operation.revision) by_call.push_back(&operation);
  }
  std::vector<const Operation*> by_return = by_call;
  std::stable_sort(by_call.begin(), by_call.end(), [](auto* left, auto* right) { return left->call < right->call; });
  std::stable_sort(by_return.begin(), by_return.end(),
                   [](auto* left, auto* right) { return left->returned < right->returned; });
  const auto bad = [](const char* what, const Operation& first, const Operation& second) {
    Finding finding;
    finding.verdict = Verdict::not_linearizable;
    finding.keys = "revisions";
    finding.excerpt = {first, second};
    finding.account = text_of(first) + "\n" + text_of(second) + "\n" + what;
    return finding;
  };
  std::map<std::uint64_t, const Operation*> changes;
  const Operation* newest = nullptr;
  auto returned = by_return.begin();
  for (const Operation* operation : by_call) {
    for (; returned != by_return.end() && (*returned)->returned < operation->call; ++returned) {
      if (newest == nullptr || *(*returned)->revision > *newest->revision) newest = *returned;
    }
    const bool changed = surely_changed(*operation);
    if (newest != nullptr && *operation->revision < *newest->revision + (changed ? 1 : 0)) {
      return bad("The second was called when the first had returned, and took effect before it.\n", *newest,
                 *operation);
    }
    if (!changed) continue;
    const auto [other, is_new] = changes.emplace(*operation->revision, operation);
    if (!is_new) return bad("Two changes have one revision.\n", *other->second, *operation);
  }
  return std::nullopt;
}

Finding judge_group(const std::vector<const Operation*>& operations, const Limits& limits) {
  Finding finding;
  std::uint64_t spent = 0;
  finding.verdict = explain(operations, limits, spent, Wanted::verdict).verdict;
  if (finding.verdict == Verdict::linearizable) return finding;
  if (finding.verdict == Verdict::undecided) {
    finding.account = "Neither an order that explains it was found, nor that there is none, within the limits, in " +
                      std::to_string(spent) + " steps over " + std::to_string(operations.size()) + " operations.\n";
    return finding;
  }
  finding.excerpt = excerpt_of(operations, limits);
  finding.account = account_of(finding.excerpt, limits);
  return finding;
}

void add(Judgement& judgement, Finding finding) {
  if (finding.verdict == Verdict::linearizable) return;
  if (finding.verdict == Verdict::undecided) ++judgement.undecided;
  if (judgement.verdict != Verdict::not_linearizable) judgement.verdict = finding.verdict;
  judgement.findings.push_back(std::move(finding));
}

}  // namespace

Judgement judge(const Operations& history, const Limits& limits) {
  Groups groups;
  for (const Operation& operation : history) {
    if (operation.call > operation.returned) throw std::invalid_argument("an operation returned before it was called");
    if (!says_nothing(operation)) groups.add(keys_of(operation));
  }
  struct Group {
    std::string keys;
    std::vector<const Operation*> operations;
  };
  std::map<std::size_t, Group> by_group;
  for (const auto& [key, number] : groups.keys()) {
    Group& group = by_group[groups.of(key)];
    group.keys += (group.keys.empty() ? "" : ", ") + key;
  }
  for (const Operation& operation : history) {
    if (says_nothing(operation)) continue;
    const std::set<std::string> keys = keys_of(operation);
    if (!keys.empty()) by_group[groups.of(*keys.begin())].operations.push_back(&operation);
  }
  Judgement judgement;
  judgement.groups = by_group.size();
  if (std::optional<Finding> finding = judge_revisions(history)) add(judgement, *std::move(finding));
  for (const auto& [number, group] : by_group) {
    Finding finding = judge_group(group.operations, limits);
    finding.keys = group.keys;
    add(judgement, std::move(finding));
  }
  return judgement;
}

}  // namespace tenon::support
