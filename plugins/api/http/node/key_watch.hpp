// SPDX-License-Identifier: MIT
// A watch of keys that can stand still while its client does not read. What it brings is released at once: changes on
// loan to one client would be missing to all others, for the loans of a queue are bounded together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/client/submissions.hpp"

namespace tenon::api_http {

// What to watch.
struct WatchedKeys {
  std::string key;
  std::uint32_t flags = 0;       // TENON_RANGE_*, TENON_WITH_PREVIOUS
  std::uint64_t revision = 0;    // from it on; 0: from now on
  std::uint64_t timeout_ms = 0;  // to begin; 0: the node's own
};

// Between pause() and resume() nothing comes; then it goes on behind what came last, or ends as COMPACTED when the node
// does not keep that any more. Held by shared_ptr; lives at least until the node has ended what it was asked. Of one
// thread.
class KeyWatch : public std::enable_shared_from_this<KeyWatch> {
 public:
  KeyWatch(net::Submissions& submissions, WatchedKeys keys) : submissions_(submissions), keys_(std::move(keys)) {}
  KeyWatch(const KeyWatch&) = delete;
  KeyWatch& operator=(const KeyWatch&) = delete;
  virtual ~KeyWatch() = default;

 protected:
  // The next revision that is to come; 0: not known yet.
  std::uint64_t next_revision() const noexcept { return keys_.revision; }
  // Needs: it is not running.
  void start_watch();
  // The same from this revision on.
  void start_watch(std::uint64_t revision);
  // Needs: within on_changes(), before which it is not known where to go on.
  void pause_watch();
  // Nothing happens when it does not stand still.
  void resume_watch();
  // Nothing comes any more.
  void end_watch();

  // Changes, or a mark of progress. May call pause_watch() and end_watch().
  virtual void on_changes(const tenon_completion& completion) = 0;
  // The node has ended it. May start it again.
  virtual void on_watch_ended(const tenon_completion& completion) = 0;

 private:
  enum class State { kIdle, kRunning, kPaused };

  void take(std::uint64_t asked, const tenon_completion& completion);
  void cancel();

  net::Submissions& submissions_;
  WatchedKeys keys_;
  State state_ = State::kIdle;
  std::uint64_t asked_ = 0;  // how often; what an earlier request brings is not for anyone
  std::uint64_t request_ = 0;
};

}  // namespace tenon::api_http
