// SPDX-License-Identifier: MIT
// What validation finds: one side of the waist has done what the contract forbids, and which.
#pragma once

#include <chrono>
#include <string>

namespace tenon::validation {

enum class Blame { plugin, host };

// What the contract asks. A test, and whoever counts, tells findings apart by it.
enum class Rule {
  thread,        // the thread word of a function
  overlap,       // calls that must not overlap
  reentry,       // no host function calls into the plugin
  state,         // nothing before open or start, nothing after close or stop, each once
  argument,      // values that are not of this contract
  sequence,      // the host's writes are numbered 1, 2, 3.. and its entries leave no gap
  durable,       // never falls, never beyond what was written, never after failed()
  read,          // one answer to a read, and of what was asked
  loan,          // released exactly once, in time
  image,         // offsets, indexes and handles of images
  frame,         // the size of frames, and how many were taken
  lane,          // UP and DOWN take turns
  introduction,  // before UP and before frames
  completion,    // one final completion for each request
  credit,        // at most `depth` unfinished requests
  failure,       // failed() once
  budget,        // a CORE call returns at once
  exception,     // none crosses the waist
};

// "durable"
const char* name_of(Rule rule) noexcept;

struct Finding {
  Blame blame;
  Rule rule;
  const char* function;  // "tenon_storage_host.durable"; lives for ever
  std::string found;
  std::string expected;

  // One line: PLUGIN_MISBEHAVING tenon_storage_host.durable: found .., expected .. [durable]
  std::string text() const;
};

// Who is told. The calls come from any thread, the node's too, so that they must be short; they must call nothing of
// the plugin.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void report(const Finding& finding) noexcept = 0;
  // A CORE call took longer than its budget. On a busy machine that happens to every plugin, so it is not yet a
  // finding.
  virtual void slow_call(const char* function, std::chrono::nanoseconds took) noexcept = 0;
};

}  // namespace tenon::validation
