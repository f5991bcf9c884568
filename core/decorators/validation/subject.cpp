// SPDX-License-Identifier: MIT
#include "validation/subject.hpp"

#include <algorithm>
#include <utility>

namespace tenon::validation {

const char* name_of(Rule rule) noexcept {
  switch (rule) {
    case Rule::thread:
      return "thread";
    case Rule::overlap:
      return "overlap";
    case Rule::reentry:
      return "reentry";
    case Rule::state:
      return "state";
    case Rule::argument:
      return "argument";
    case Rule::sequence:
      return "sequence";
    case Rule::durable:
      return "durable";
    case Rule::read:
      return "read";
    case Rule::loan:
      return "loan";
    case Rule::image:
      return "image";
    case Rule::frame:
      return "frame";
    case Rule::lane:
      return "lane";
    case Rule::introduction:
      return "introduction";
    case Rule::completion:
      return "completion";
    case Rule::credit:
      return "credit";
    case Rule::failure:
      return "failure";
    case Rule::budget:
      return "budget";
    case Rule::exception:
      return "exception";
  }
  return "unknown";
}

std::string Finding::text() const {
  return std::string(blame == Blame::plugin ? "PLUGIN_MISBEHAVING " : "HOST_MISBEHAVING ") + function + ": found " +
         found + ", expected " + expected + " [" + name_of(rule) + "]";
}

Threads::Threads() noexcept : control_(std::this_thread::get_id()), node_(std::thread::id()) {}

void Threads::enter_control() noexcept { control_.store(std::this_thread::get_id()); }
void Threads::enter_node() noexcept { node_.store(std::this_thread::get_id()); }
void Threads::leave_node() noexcept { node_.store(std::thread::id()); }
bool Threads::is_control() const noexcept { return std::this_thread::get_id() == control_.load(); }

bool Threads::is_node() noexcept {
  std::thread::id known;
  if (is_control()) return node_.load() == known || node_.load() == control_.load();
  // The first one that comes is it.
  return node_.compare_exchange_strong(known, std::this_thread::get_id()) || known == std::this_thread::get_id();
}

bool Threads::is_worker() const noexcept { return std::this_thread::get_id() != node_.load(); }

Subject::Subject(Threads& threads, Reporter& reporter, const Settings& settings) noexcept
    : threads_(threads), reporter_(reporter), settings_(settings) {}

void Subject::report(Blame blame, Rule rule, const char* function, std::string found,
                     std::string expected) const noexcept {
  reporter_.report({blame, rule, function, std::move(found), std::move(expected)});
}

void Subject::took(const char* function, std::chrono::nanoseconds time) const noexcept {
  if (time <= settings_.core_budget) return;
  reporter_.slow_call(function, time);
  if (!settings_.core_verdict || time <= *settings_.core_verdict) return;
  const auto microseconds = [](std::chrono::nanoseconds of) { return std::to_string(of.count() / 1000) + " us"; };
  report(Blame::plugin, Rule::budget, function, "a call that took " + microseconds(time),
         "at most " + microseconds(*settings_.core_verdict));
}

void Subject::enter_host() {
  const std::lock_guard lock(mutex_);
  in_host_.push_back(std::this_thread::get_id());
}

void Subject::leave_host() noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(in_host_.begin(), in_host_.end(), std::this_thread::get_id());
  if (found != in_host_.end()) in_host_.erase(found);
}

bool Subject::is_in_host() const noexcept {
  const std::lock_guard lock(mutex_);
  return std::find(in_host_.begin(), in_host_.end(), std::this_thread::get_id()) != in_host_.end();
}

}  // namespace tenon::validation
