// SPDX-License-Identifier: MIT
// What a node tells everyone who listens: the cluster as it sees it, its metrics, what happened, what was slow, and its
// plugins. It is looked at once a second for all of them together, less often when there are many, and not at all when
// nobody listens.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin_text.hpp"
#include "net/client/submissions.hpp"

namespace tenon::api_http {

// What a notification of it has behind the number of its subscription, `,"sequence":"7","data":..}}`: it is made once,
// for all who listen.
std::string event_tail(std::uint64_t sequence, std::string_view json);

struct FeedEvent {
  std::uint64_t sequence;
  std::shared_ptr<const std::string> tail;
};

// One topic. Of one thread.
class Feed {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_event(const FeedEvent& event) = 0;
  };

  // `kept` events are there for those who come again.
  explicit Feed(std::size_t kept) : kept_(kept) {}

  // A listener that is held by nobody else is forgotten.
  void listen(const std::shared_ptr<Listener>& listener) { listeners_.push_back(listener); }
  std::size_t count_listeners();
  void publish(std::string_view json) { publish(last_sequence_ + 1, json); }
  // With a number of its own; those in between are missing. Needs: sequence > last_sequence().
  void publish(std::uint64_t sequence, std::string_view json);
  std::uint64_t last_sequence() const noexcept { return last_sequence_; }
  // Those behind `sequence` that are kept, in order.
  std::vector<FeedEvent> behind(std::uint64_t sequence) const;

 private:
  const std::size_t kept_;
  std::uint64_t last_sequence_ = 0;
  std::deque<FeedEvent> events_;
  std::vector<std::weak_ptr<Listener>> listeners_;
};

// How long after a look the next one is, for so many who are told of each: a second, and with more than 100 of them so
// long that no more are told in a second; five seconds at most.
std::chrono::milliseconds feed_interval(std::size_t listeners) noexcept;

// The feeds of a node. Of the I/O thread.
class NodeFeeds {
 public:
  // Keeps: submissions.
  NodeFeeds(boost::asio::io_context& context, net::Submissions& submissions);

  // Looks now if it is not looking already, and from then on again and again while anyone listens.
  void wake();
  void stop();

  Feed& cluster() noexcept { return cluster_; }
  Feed& metrics() noexcept { return metrics_; }
  // Numbered as the node does, from 1 on since its process began.
  Feed& events() noexcept { return events_; }
  Feed& plugins() noexcept { return plugins_; }
  Feed& slow() noexcept { return slow_; }  // numbered likewise
  // As it is now, for someone who has none of it; empty: it has not been looked at yet.
  const std::string& cluster_now() const noexcept { return cluster_now_; }
  const std::string& plugins_now() const noexcept { return plugins_now_; }
  std::string metrics_now() const;

 private:
  void look();
  void ask(std::string_view verb, std::optional<std::string> NodeFeeds::*text, std::string_view argument = {});
  void compare();
  void compare_metrics();
  void take_events();
  void take_slow_operations();
  void wait();

  net::Submissions& submissions_;
  boost::asio::steady_timer timer_;
  Feed cluster_{1};
  Feed metrics_{1};
  Feed events_{1024};
  Feed plugins_{1};
  Feed slow_{128};
  bool is_looking_ = false;
  bool is_stopped_ = false;
  int missing_ = 0;  // answers of this look
  // The answers of this look; nullopt: the node gave none.
  std::optional<std::string> status_text_;
  std::optional<std::string> members_text_;
  std::optional<std::string> metrics_text_;
  std::optional<std::string> events_text_;
  std::optional<std::string> plugins_text_;
  std::optional<std::string> slow_text_;
  std::string cluster_now_;
  std::string plugins_now_;
  std::map<std::string, double, std::less<>> values_;
};

}  // namespace tenon::api_http
