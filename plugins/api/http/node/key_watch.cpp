// SPDX-License-Identifier: MIT
#include "key_watch.hpp"

namespace tenon::api_http {

namespace {

// Records on loan to one watch; they come back as soon as they are turned into text.
constexpr std::uint64_t kRecordsMax = 256;

}  // namespace

void KeyWatch::start_watch() {
  net::RequestBatch& batch = submissions_.batch();
  const auto operations = batch.make<tenon_operation>(1);
  operations[0] = operation(TENON_WATCH, {});
  operations[0].key = batch.keep(keys_.key);
  operations[0].flags = keys_.flags;
  operations[0].limit = kRecordsMax;
  operations[0].revision = keys_.revision;
  tenon_request asked = request(0, operations);
  asked.timeout_ms = keys_.timeout_ms;
  // What comes from a revision on is the same on every node, however far it is.
  if (keys_.revision != 0) asked.consistency = TENON_READ_STALE;
  state_ = State::kRunning;
  request_ = submissions_.add(asked, [self = shared_from_this(), number = ++asked_](const Completion& completion) {
    self->take(number, *completion);
  });
}

void KeyWatch::start_watch(std::uint64_t revision) {
  keys_.revision = revision;
  start_watch();
}

void KeyWatch::pause_watch() {
  if (state_ != State::kRunning) return;
  state_ = State::kPaused;
  cancel();
}

void KeyWatch::resume_watch() {
  if (state_ != State::kPaused) return;
  start_watch();
  submissions_.submit();  // what is sent is no reason for anyone else to do so
}

void KeyWatch::end_watch() {
  const bool is_running = state_ == State::kRunning;
  state_ = State::kIdle;
  if (is_running) cancel();
}

void KeyWatch::cancel() {
  ++asked_;
  submissions_.cancel(request_);
}

void KeyWatch::take(std::uint64_t asked, const tenon_completion& completion) {
  if (asked != asked_ || state_ != State::kRunning) return;
  if ((completion.flags & TENON_COMPLETION_MORE) != 0) {
    keys_.revision = completion.revision + 1;
    return on_changes(completion);
  }
  state_ = State::kIdle;
  on_watch_ended(completion);
}

}  // namespace tenon::api_http
