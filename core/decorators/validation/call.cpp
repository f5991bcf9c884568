// SPDX-License-Identifier: MIT
#include "call.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace tenon::validation {
namespace {

const char* phase_words(Phase phase) noexcept {
  switch (phase) {
    case Phase::made:
      return "a call before open() or start()";
    case Phase::opening:
      return "a call before open() or start() has returned";
    case Phase::running:
      return "a call while the instance runs";
    case Phase::closing:
      return "a call while close() or stop() goes on";
    case Phase::ended:
      return "a call after close() or stop(), or after open() or start() has failed";
    case Phase::destroyed:
      return "a call after destroy()";
  }
  return "a call";
}

}  // namespace

HostCall::HostCall(Subject& subject, ThreadWord word, const char* function, std::atomic<bool>& busy) : busy_(busy) {
  Threads& threads = subject.threads();
  if (word == ThreadWord::setup && !threads.is_control()) {
    subject.report(Blame::host, Rule::thread, function, "a call on another thread", "the control thread");
  } else if (word == ThreadWord::core && !threads.is_node()) {
    subject.report(Blame::host, Rule::thread, function, "a call on another thread", "the node thread");
  } else if (word == ThreadWord::worker && !threads.is_worker()) {
    subject.report(Blame::host, Rule::thread, function, "a call on the node thread, which must not block", "a worker");
  }
  if (subject.is_in_host()) {
    subject.report(Blame::host, Rule::reentry, function, "a call out of a host function that the plugin has called",
                   "no call into the plugin from there");
  }
  entered_ = !busy_.exchange(true);
  if (!entered_) {
    subject.report(Blame::host, Rule::overlap, function, "a call while another goes on", "one at a time");
  }
}

bool expect_running(const Subject& subject, const char* function) {
  const Phase phase = subject.phase();
  if (phase == Phase::running) return true;
  subject.report(Blame::host, Rule::state, function, phase_words(phase), "calls between open() or start() and the end");
  return false;
}

bool expect_alive(const Subject& subject, const char* function) {
  if (subject.is_alive()) return true;
  subject.report(Blame::plugin, Rule::state, function, phase_words(subject.phase()),
                 "calls from the beginning of open() or start() to the end of close() or stop()");
  return false;
}

void report_thrown(const Subject& subject, const char* function, const char* what) noexcept {
  subject.report(Blame::plugin, Rule::exception, function, std::string("an exception, ") + what,
                 "a return: none crosses the waist");
}

void check_detail(const Subject& subject, const char* function, tenon_error error, tenon_detail* why) {
  if (error > TENON_OK) {
    subject.report(Blame::plugin, Rule::argument, function, "the return " + std::to_string(error),
                   "TENON_OK or an error");
  }
  if (why == nullptr) return;
  const auto end = std::end(why->message);
  if (std::find(std::begin(why->message), end, '\0') != end) return;
  *(end - 1) = '\0';
  subject.report(Blame::plugin, Rule::argument, function, "a tenon_detail whose message does not end",
                 "a zero byte within it");
}

}  // namespace tenon::validation
