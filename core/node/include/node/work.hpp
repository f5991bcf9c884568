// SPDX-License-Identifier: MIT
// Work that would hold the node's thread too long, or that blocks: done elsewhere, in steps, and then handed back to
// the node. The server has worker threads for it; a simulator makes an event of each step.
#pragma once

#include <cstdint>
#include <memory>

namespace tenon::node {

class Work {
 public:
  virtual ~Work() = default;
  // Does the next part of it, small enough that whoever drives it may stop or slow it down between two parts. Returns
  // whether there is more to do. On a worker, one call at a time. Errors are kept for finished().
  virtual bool step() = 0;
  // How much data its steps have moved so far, of work that nobody waits for: whoever drives it may spread that over
  // time. 0: it is wanted as soon as can be. Never falls. Called between two steps.
  virtual std::uint64_t unhurried_bytes() const noexcept { return 0; }
  // Hands the outcome to whoever began it. On the node's thread, once, after the last step.
  virtual void finished() = 0;
};

class WorkPort {
 public:
  virtual ~WorkPort() = default;
  // Takes work over: steps it to its end, then gives it to Node::on_work_done(). Work that has not ended when the node
  // ends is destroyed, before storage is closed. Node thread; never blocks.
  virtual void start(std::unique_ptr<Work> work) = 0;
};

}  // namespace tenon::node
