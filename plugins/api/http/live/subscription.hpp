// SPDX-License-Identifier: MIT
// Subscriptions to a feed of the node and to the changes of keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json_text.hpp"
#include "key_watch.hpp"
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
  void send(std::string_view method, std::string_view more);
  void send_event(std::shared_ptr<const std::string> tail);
  // `,"name":"number"`
  static std::string member(std::string_view name, std::uint64_t number);
  // The node has ended it: the client is told why, and it is gone.
  void finish(const tenon_completion& completion);
  // Events from `from` to `to` were left out. Without them: some were, and nobody knows how many.
  void send_lagged(std::string_view unit);
  void send_lagged(std::uint64_t from, std::uint64_t to, std::string_view unit);

 private:
  // A notification of this subscription as far as its number.
  std::string head(std::string_view method) const;

  LiveConnection* owner_;
  const std::uint64_t id_;
};

// A client that does not read is left out, which is counted, and is told so when it reads again: it then has what is so
// now, of the cluster and its metrics, or the events that are still kept.
class LiveConnection::FeedSubscription final : public Subscription, public Feed::Listener {
 public:
  enum class Kind { kCluster, kMetrics, kEvents, kPlugins, kSlow };
  // What the client has seen of events or slow operations.
  struct Seen {
    std::uint64_t sequence;
    std::optional<std::string> run;  // of the process that numbered them; absent: perhaps this one
  };
  // Of events and slow operations: those behind what was seen, or all without it, come first, as far as they are kept.
  FeedSubscription(LiveConnection& owner, std::uint64_t id, Kind kind, std::optional<Seen> seen)
      : Subscription(owner, id), kind_(kind), seen_(std::move(seen)) {}

  void begin() override;
  void on_sent() override;
  void on_event(const FeedEvent& event) override;
  Feed& feed() const;

 private:
  void send_event(const FeedEvent& event);
  // Those that are kept behind the sequence, and before one that is not the next which are missing.
  void send_behind(std::uint64_t sequence);
  void send_all();
  void send_now();
  // Whether what is over counts, not what is so now.
  bool is_history() const noexcept { return kind_ == Kind::kEvents || kind_ == Kind::kSlow; }

  const Kind kind_;
  const std::optional<Seen> seen_;
  std::uint64_t last_sent_ = 0;
  std::optional<std::uint64_t> left_out_from_;
  std::uint64_t left_out_to_ = 0;
};

// While the client does not read the watch stands still. One that is then behind what the node keeps is told which
// revisions it lacks, and the watch goes on at the oldest that is kept.
class LiveConnection::WatchSubscription final : public Subscription, public KeyWatch {
 public:
  WatchSubscription(LiveConnection& owner, std::uint64_t id, WatchedKeys keys, WithValue with_value);

  void begin() override { start_watch(); }
  void on_sent() override { resume_watch(); }
  void end() override;

 private:
  void on_changes(const tenon_completion& completion) override;
  void on_watch_ended(const tenon_completion& completion) override;

  const WithValue with_value_;
  bool is_told_where_it_begins_ = false;
  std::uint64_t sequence_ = 0;
};

}  // namespace tenon::api_http
