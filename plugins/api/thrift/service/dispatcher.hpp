// SPDX-License-Identifier: MIT
// From a frame to the service and method that it names, and from the method's answer to a message.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "calls.hpp"
#include "tenon/client_api.hpp"

namespace tenon::net {
class Submissions;
}

namespace tenon::api_thrift {

// Of one thread, the plugin's I/O thread. No Thrift type is visible here, so that few translation units pay for them.
class Dispatcher {
 public:
  Dispatcher(net::Submissions& submissions, const Host& host, std::uint64_t frame_bytes_max);
  ~Dispatcher();

  // Takes a message for `caller`: opens a slot, and ends it now or from a later call of submissions. Returns why the
  // frame cannot be answered at all, when it does not begin with a message header; no slot was opened then.
  std::optional<std::string> take(std::string_view frame, const std::shared_ptr<Caller>& caller);

  // When expire() has something to do; nullopt: nothing waits for time.
  std::optional<std::chrono::steady_clock::time_point> next_deadline() const;
  // Answers whoever has waited for a change for long enough.
  void expire(std::chrono::steady_clock::time_point now);
  // From now on nobody waits for a change: what waits is answered soon.
  void drain();
  // The connection waits no longer for changes.
  void hurry(const Caller& caller);
  // The connection is closed.
  void forget(const Caller& caller);

 private:
  struct Services;
  struct Call;

  void process(const std::shared_ptr<Call>& call);
  void end(const Call& call, bool ok);
  void end_with(const Call& call, int type, const std::string& why);
  void deliver(const Call& call);

  const Metric requests_;
  CurrentCall current_;
  const std::unique_ptr<Services> services_;
};

}  // namespace tenon::api_thrift
