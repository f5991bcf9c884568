// SPDX-License-Identifier: MIT
// The two kinds of subscription: to a feed of the node, and to the changes of keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json_text.hpp"
#include "live_connection.hpp"

namespace tenon::api_http {

class LiveConnection::Subscription {
 public:
  Subscription(LiveConnection& owner, std::uint64_t id) : owner_(&owner), id_(id) {}
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;

  // The client knows its number now.
  virtual void begin() = 0;
  virtual void on_sent() = 0;
  // Nothing is to be sent any more.
  virtual void end() { owner_ = nullptr; }

 protected:
  // Null after end().
  LiveConnection* owner() const noexcept { return owner_; }
  std::uint64_t id() const noexcept { return id_; }
  // `more` are members of params, each with a comma before it.
  void send(std::string_view method, const std::string& more);
  // `,"name":"number"`
  static std::string member(std::string_view name, std::uint64_t number);
  // The node has ended it: the client is told why, and it is gone.
  void finish(const tenon_completion& completion);
  // Events from `from` to `to` were left out.
  void send_lagged(std::uint64_t from, std::uint64_t to, std::string_view unit);

 private:
  LiveConnection* owner_;
  const std::uint64_t id_;
};

// A client that does not read is left out, which is counted, and is told so when it reads again: it then has what is so
// now, of the cluster and its metrics, or the events that are still kept.
class LiveConnection::FeedSubscription final : public Subscription, public Feed::Listener {
 public:
  enum class Kind { kCluster, kMetrics, kEvents, kPlugins, kSlow };
  // Of events and slow operations: those behind the sequence `resume`, or all without it, come first, as far as they
  // are kept.
  FeedSubscription(LiveConnection& owner, std::uint64_t id, Kind kind, std::optional<std::uint64_t> resume)
      : Subscription(owner, id), kind_(kind), resume_(resume) {}

  void begin() override;
  void on_sent() override;
  void on_event(const FeedEvent& event) override;
  Feed& feed() const;

 private:
  void send_event(std::uint64_t sequence, const std::string& json);
  void send_behind(std::uint64_t sequence);
  void send_now();
  // Whether what is over counts, not what is so now.
  bool is_history() const noexcept { return kind_ == Kind::kEvents || kind_ == Kind::kSlow; }

  const Kind kind_;
  const std::optional<std::uint64_t> resume_;
  std::uint64_t last_sent_ = 0;
  std::optional<std::uint64_t> left_out_from_;
  std::uint64_t left_out_to_ = 0;
};

// A client that does not read holds the watch back. One that is then behind what the node keeps is told that it lagged,
// and the watch begins anew.
class LiveConnection::WatchSubscription final : public Subscription,
                                                public std::enable_shared_from_this<WatchSubscription> {
 public:
  // `revision` 0: from now on.
  WatchSubscription(LiveConnection& owner, std::uint64_t id, std::string prefix, std::uint64_t revision,
                    bool with_previous, WithValue with_value)
      : Subscription(owner, id),
        prefix_(std::move(prefix)),
        next_revision_(revision),
        with_previous_(with_previous),
        with_value_(with_value) {}

  void begin() override;
  void on_sent() override { unsent_.clear(); }
  void end() override;

 private:
  void take(Completion completion);
  void take_end(const tenon_completion& completion);

  const std::string prefix_;
  std::uint64_t next_revision_;
  const bool with_previous_;
  const WithValue with_value_;
  bool is_told_where_it_begins_ = false;
  std::uint64_t request_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<Completion> unsent_;
  net::Submissions* submissions_ = nullptr;
};

}  // namespace tenon::api_http
