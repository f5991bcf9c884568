// SPDX-License-Identifier: MIT
// One call through the waist: what its thread word, its turn and its time have to be.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <utility>

#include "tenon/values.h"
#include "validation/subject.hpp"

namespace tenon::validation {

enum class ThreadWord { setup, core, worker };

// A call of the host into the plugin, for as long as it lasts.
class HostCall {
 public:
  // `busy` says whether one of those calls goes on that this one must not overlap.
  HostCall(Subject& subject, ThreadWord word, const char* function, std::atomic<bool>& busy);
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;
  ~HostCall() {
    if (entered_) busy_.store(false);
  }

 private:
  std::atomic<bool>& busy_;
  bool entered_ = false;
};

// A call of the plugin into the host.
class PluginCall {
 public:
  explicit PluginCall(Subject& subject) : subject_(subject) { subject_.enter_host(); }
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;
  ~PluginCall() { subject_.leave_host(); }

 private:
  Subject& subject_;
};

// Whether the host may use the instance; reports when it may not.
bool expect_running(const Subject& subject, const char* function);
// Whether the plugin may call the host, from the beginning of open() or start() to the end of close() or stop().
bool expect_alive(const Subject& subject, const char* function);

// Reports a function of a host's table that was called with a copy of it.
template <class Table>
void expect_same(const Subject& subject, const char* name, const Table* table, const Table& given) {
  if (table == &given) return;
  subject.report(Blame::plugin, Rule::argument, name, "a call with a copy of this table",
                 "the very table that is lent");
}

void report_thrown(const Subject& subject, const char* function, const char* what) noexcept;

// Runs what calls into the plugin. What is thrown ends here, as `thrown`.
template <class Value, class Body>
Value contain(const Subject& subject, const char* function, Value thrown, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& error) {
    report_thrown(subject, function, error.what());
  } catch (...) {
    report_thrown(subject, function, "of unknown type");
  }
  return thrown;
}
template <class Body>
void contain(const Subject& subject, const char* function, Body&& body) noexcept {
  contain(subject, function, 0, [&] {
    std::forward<Body>(body)();
    return 0;
  });
}

// The same for a CORE call, whose time is taken.
template <class Value, class Body>
Value contain_core(const Subject& subject, const char* function, Value thrown, Body&& body) noexcept {
  const auto began = std::chrono::steady_clock::now();
  const Value value = contain(subject, function, thrown, std::forward<Body>(body));
  subject.took(function, std::chrono::steady_clock::now() - began);
  return value;
}
template <class Body>
void contain_core(const Subject& subject, const char* function, Body&& body) noexcept {
  contain_core(subject, function, 0, [&] {
    std::forward<Body>(body)();
    return 0;
  });
}

// Ends the message of a plugin that did not, and says so.
void check_detail(const Subject& subject, const char* function, tenon_error error, tenon_detail* why);

}  // namespace tenon::validation
