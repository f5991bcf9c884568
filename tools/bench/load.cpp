// SPDX-License-Identifier: MIT
#include "load.hpp"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include "tenon_client/client.hpp"
#include "tenon_client/pipeline.hpp"

namespace tenon::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout(1'000);
constexpr milliseconds kSearchTime(10'000);   // for a leader, or for an endpoint that can be reached
constexpr milliseconds kSearchInterval(100);  // between two attempts
constexpr milliseconds kRest(2);              // of a client whose request was refused

constexpr std::string_view kScheme = "thrift://";

std::optional<client::Endpoint> find_leader(const std::vector<client::Endpoint>& endpoints) {
  std::optional<client::Endpoint> leader;
  std::uint64_t latest_term = 0;
  for (const client::Endpoint& endpoint : endpoints) {
    try {
      client::Client asked({{endpoint}, kConnectTimeout, kConnectTimeout});
      const client::Leadership known = asked.leadership();
      if (known.leader == 0 || known.term < latest_term) continue;
      for (const std::string& address : known.client_addresses) {
        if (!address.starts_with(kScheme)) continue;
        leader = client::parse_endpoints(address.substr(kScheme.size())).front();
        latest_term = known.term;
      }
    } catch (const client::Error&) {
      // The others may know.
    }
  }
  return leader;
}

// Values are parts of it: the whole, or from anywhere in random bytes, so that one says little of another.
std::string make_values(const LoadOptions& options) {
  constexpr std::size_t kRandomBytes = std::size_t{4} << 20;
  if (!options.incompressible) return std::string(options.value_bytes, 'v');
  std::string values(options.value_bytes + kRandomBytes, '\0');
  std::mt19937_64 random(options.seed);
  for (char& byte : values) byte = static_cast<char>(random());
  return values;
}

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        random_(options.seed),
        values_(make_values(options)),
        clients_(options.clients),
        connections_(options.connections) {
    for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i].connection = i % connections_.size();
  }

  LoadResult run() {
    connect_all();
    if (options_.fill) fill();
    const Clock::time_point start = Clock::now() + options_.warmup;
    const Clock::time_point end = start + options_.duration;
    begin_ = start;
    for (std::uint32_t number = 0; number < clients_.size(); ++number) send(number);
    for (now_ = Clock::now(); now_ < end; now_ = Clock::now()) turn(end);
    result_.measured = options_.duration;
    return std::move(result_);
  }

 private:
  struct LoadClient {
    std::size_t connection = 0;
    bool in_flight = false;
    bool reads = false;
    Clock::time_point sent;
  };
  struct Link {
    std::optional<client::Pipeline> pipeline;  // absent while the endpoint cannot be reached
    bool has_unsent = false;
    Clock::time_point retry;  // without a pipeline: when to try again
  };
  struct Resting {
    Clock::time_point until;
    std::uint32_t number;
  };

  void connect_all() {
    const Clock::time_point deadline = Clock::now() + kSearchTime;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      while (true) {
        try {
          connections_[i].pipeline.emplace(endpoint_for(i), kConnectTimeout);
          break;
        } catch (const client::Error&) {
          if (Clock::now() > deadline) throw;
          std::this_thread::sleep_for(kSearchInterval);
        }
      }
    }
  }

  client::Endpoint endpoint_for(std::size_t connection) const {
    if (options_.target == Target::any) return options_.endpoints[connection % options_.endpoints.size()];
    const std::optional<client::Endpoint> leader = find_leader(options_.endpoints);
    if (!leader) throw client::NoConnection("no endpoint knows a leader that serves the Thrift API");
    return *leader;
  }

  // Every key once, by all clients together.
  void fill() {
    filling_ = true;
    fill_expiry_ = Clock::now() + options_.fill_expiry;
    for (std::uint32_t number = 0; number < clients_.size(); ++number) send(number);
    while (filled_ < options_.keys) {
      turn(Clock::now() + kSearchTime);
      if (!fill_failure_.empty()) throw client::Error("writing every key once failed: " + fill_failure_);
    }
    filling_ = false;
  }

  // One wait, and all that it brought.
  void turn(Clock::time_point end) {
    descriptors_.clear();
    Clock::time_point wake = end;
    for (Link& link : connections_) {
      if (link.pipeline) {
        link.has_unsent = !flush(link);
      } else {
        wake = std::min(wake, link.retry);
      }
      const auto events = static_cast<short>(link.has_unsent ? POLLIN | POLLOUT : POLLIN);
      descriptors_.push_back({link.pipeline ? link.pipeline->descriptor() : -1, events, 0});
    }
    if (!resting_.empty()) wake = std::min(wake, resting_.front().until);
    const auto wait = std::chrono::ceil<milliseconds>(std::max(wake - Clock::now(), Clock::duration::zero()));
    ::poll(descriptors_.data(), descriptors_.size(), static_cast<int>(wait.count()));
    now_ = Clock::now();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if ((descriptors_[i].revents & ~POLLOUT) != 0) receive(i);
      if (!connections_[i].pipeline && now_ >= connections_[i].retry) reconnect(i);
    }
    while (!resting_.empty() && resting_.front().until <= now_) {
      const std::uint32_t number = resting_.front().number;
      std::pop_heap(resting_.begin(), resting_.end(), later);
      resting_.pop_back();
      send(number);
    }
  }

  bool flush(Link& link) {
    try {
      return link.pipeline->flush();
    } catch (const client::Error&) {
      lose(link);
      return true;
    }
  }

  void receive(std::size_t at) {
    Link& link = connections_[at];
    if (!link.pipeline) return;
    try {
      link.pipeline->receive([&](const client::PipelineAnswer& answer) { take(answer); });
    } catch (const client::Error&) {
      lose(link);
    }
  }

  // Called while a pipeline hands out its answers: may queue on it.
  void take(const client::PipelineAnswer& answer) {
    if (answer.number >= clients_.size() || !clients_[answer.number].in_flight) {
      return count_error("answer to no request");
    }
    LoadClient& one = clients_[answer.number];
    one.in_flight = false;
    if (answer.outcome == client::AnswerOutcome::kDone) {
      if (filling_) ++filled_;
      if (one.sent >= begin_) (one.reads ? result_.gets : result_.puts).record(now_ - one.sent);
      return send(answer.number);
    }
    const bool is_unknown = answer.outcome == client::AnswerOutcome::kUnknown && !one.reads;
    count_error((is_unknown ? "unknown: " : "refused: ") + std::string(client::name(answer.error)));
    rest(answer.number);
  }

  void count_error(const std::string& what) {
    if (filling_) fill_failure_ = what;
    if (now_ >= begin_) ++result_.errors[what];
  }

  void rest(std::uint32_t number) {
    resting_.push_back({now_ + kRest, number});
    std::push_heap(resting_.begin(), resting_.end(), later);
  }
  static bool later(const Resting& left, const Resting& right) { return left.until > right.until; }

  void send(std::uint32_t number) {
    LoadClient& one = clients_[number];
    Link& link = connections_[one.connection];
    if (!link.pipeline) return rest(number);
    if (filling_ && fill_next_ == options_.keys) return;
    one.reads = !filling_ && options_.read_share > 0 &&
                std::uniform_real_distribution<double>(0, 1)(random_) < options_.read_share;
    one.sent = Clock::now();
    one.in_flight = true;
    const std::string_view key = draw_key();
    if (one.reads) {
      link.pipeline->get(number, key);
    } else {
      link.pipeline->put(number, key, draw_value(), time_to_live());
    }
  }

  // Of the key that is written now; 0: it never expires.
  milliseconds time_to_live() const {
    if (!filling_ || options_.fill_expiry.count() == 0) return milliseconds(0);
    return std::max(std::chrono::duration_cast<milliseconds>(fill_expiry_ - Clock::now()), milliseconds(1));
  }

  std::string_view draw_value() {
    const std::size_t room = values_.size() - options_.value_bytes;
    const std::size_t from = room == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, room)(random_);
    return std::string_view(values_).substr(from, options_.value_bytes);
  }

  std::string_view draw_key() {
    std::uint64_t drawn =
        filling_ ? fill_next_++ : std::uniform_int_distribution<std::uint64_t>(0, options_.keys - 1)(random_);
    key_.assign(options_.key_bytes, '0');
    for (std::size_t at = key_.size(); drawn > 0 && at > 0; drawn /= 10) {
      key_[--at] = static_cast<char>('0' + drawn % 10);
    }
    return key_;
  }

  void lose(Link& link) {
    link.pipeline.reset();
    link.has_unsent = false;
    link.retry = now_ + kSearchInterval;
    const auto at = static_cast<std::size_t>(&link - connections_.data());
    for (std::uint32_t number = 0; number < clients_.size(); ++number) {
      LoadClient& one = clients_[number];
      if (one.connection != at || !one.in_flight) continue;
      one.in_flight = false;
      count_error(one.reads ? "connection lost" : "unknown: connection lost");
      rest(number);
    }
  }

  void reconnect(std::size_t at) {
    try {
      connections_[at].pipeline.emplace(endpoint_for(at), kConnectTimeout);
    } catch (const client::Error&) {
      connections_[at].retry = Clock::now() + kSearchInterval;
    }
  }

  const LoadOptions& options_;
  std::mt19937_64 random_;
  const std::string values_;
  std::string key_;
  std::vector<LoadClient> clients_;
  std::vector<Link> connections_;
  std::vector<Resting> resting_;  // a heap, the next to go on first
  std::vector<pollfd> descriptors_;
  Clock::time_point begin_ = Clock::time_point::max();  // what was sent before it is not counted
  bool filling_ = false;
  Clock::time_point fill_expiry_;  // when the keys that are filled in expire, if they do
  std::uint64_t fill_next_ = 0;    // <= options_.keys
  std::uint64_t filled_ = 0;       // <= fill_next_
  std::string fill_failure_;
  Clock::time_point now_;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadOptions& options) { return Load(options).run(); }

}  // namespace tenon::bench
