// SPDX-License-Identifier: MIT
// What one client of the WebSocket has asked for: calls of JSON-RPC, and subscriptions that bring notifications. Of the
// I/O thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed.hpp"
#include "json_rpc.hpp"
#include "net/client/submissions.hpp"
#include "settings.hpp"
#include "tenon/host.hpp"

namespace tenon::api_http {

class JsonInput;

// What all clients share; it outlives them.
struct LiveEnvironment {
  net::Submissions& submissions;
  NodeFeeds& feeds;
  const LiveLimits limits;
  const std::string node_id;
  const std::string cluster_id;
  const std::string run;  // tells this process from the one before
  const Metric subscriptions;
  const Metric left_out;
  std::uint64_t open_subscriptions = 0;
  bool dashboard_writes = false;  // as the option of this name says
  std::map<int, Metric> errors;   // calls that were answered with an error, by its code
};

// One message to a client. Others may be sent the same tail, which is there once.
struct LiveMessage {
  std::string head;
  std::shared_ptr<const std::string> tail = nullptr;  // null: the head is all

  std::uint64_t size() const noexcept { return head.size() + (tail == nullptr ? 0 : tail->size()); }
};

// Where messages to the client go.
class LiveOutput {
 public:
  virtual ~LiveOutput() = default;
  virtual void send(LiveMessage message) = 0;
  virtual std::uint64_t unsent_bytes() const noexcept = 0;
};

// 0 <= subscriptions <= subscriptions_max.
class LiveConnection {
 public:
  LiveConnection(LiveEnvironment& environment, LiveOutput& output);
  LiveConnection(const LiveConnection&) = delete;
  LiveConnection& operator=(const LiveConnection&) = delete;
  ~LiveConnection();

  // A message of the client; its answer is sent, and then what it brings about.
  void take(std::string_view message);
  // The client has been sent everything.
  void on_sent();

 private:
  class Subscription;
  class FeedSubscription;
  class WatchSubscription;
  class ChannelSubscription;

  std::string answer(const RpcCall& call);
  std::string subscribe(const RpcCall& call);
  std::shared_ptr<Subscription> make(std::uint64_t id, const std::string& topic, const JsonInput& parameters);
  std::string unsubscribe(const RpcCall& call);
  void remove(std::uint64_t id);
  bool is_full() const noexcept { return output_.unsent_bytes() > environment_.limits.output_bytes_max; }
  void count_subscriptions(std::uint64_t before);

  LiveEnvironment& environment_;
  LiveOutput& output_;
  std::map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_;
  std::vector<std::shared_ptr<Subscription>> beginning_;  // made by the message that is being answered
  std::uint64_t last_id_ = 0;
};

}  // namespace tenon::api_http
