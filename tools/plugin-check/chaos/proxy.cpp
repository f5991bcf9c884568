// SPDX-License-Identifier: MIT
#include "chaos/proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "stream.hpp"

namespace tenon::chaos {

namespace {

using Clock = std::chrono::steady_clock;

Socket create_eventfd() {
  Socket socket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!socket) throw std::system_error(errno, std::generic_category(), "eventfd");
  return socket;
}

std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t connection, Direction direction) {
  Random mixed(seed ^ (connection * 2 + static_cast<std::uint64_t>(direction)));
  return mixed.next();
}

}  // namespace

class Proxy::Connection {
 public:
  Connection(Socket client, Socket target, std::uint64_t seed, std::uint64_t number)
      : client_(std::move(client)),
        target_(std::move(target)),
        streams_{Stream(client_.descriptor(), target_.descriptor(), stream_seed(seed, number, Direction::forward)),
                 Stream(target_.descriptor(), client_.descriptor(), stream_seed(seed, number, Direction::backward))} {}

  void abandon() noexcept { abandoned_ = true; }
  bool over() const noexcept { return !client_; }

  // Adds what it waits for at its two sockets. A descriptor of -1 is none to poll(), which otherwise would report a
  // broken connection again and again to a stream that is stalled.
  void add_polls(const Disturbance* disturbances, Clock::time_point now, std::vector<pollfd>& polls) const {
    std::array<short, 2> events{};
    for (std::size_t i = 0; i < 2 && !abandoned_; ++i) {
      if (streams_[i].wants_input(disturbances[i])) events[i] |= POLLIN;
      if (streams_[i].wants_output(disturbances[i], now)) events[1 - i] |= POLLOUT;
    }
    polls.push_back({.fd = events[0] == 0 ? -1 : client_.descriptor(), .events = events[0], .revents = 0});
    polls.push_back({.fd = events[1] == 0 ? -1 : target_.descriptor(), .events = events[1], .revents = 0});
  }

  Clock::time_point next_departure(const Disturbance* disturbances, Clock::time_point now) const {
    Clock::time_point next = Clock::time_point::max();
    for (std::size_t i = 0; i < 2 && !abandoned_; ++i) {
      next = std::min(next, streams_[i].next_departure(disturbances[i], now).value_or(Clock::time_point::max()));
    }
    return next;
  }

  // Needs: over() was false when add_polls() set these, and only cut() has come between.
  void serve(const Disturbance* disturbances, Clock::time_point now, const pollfd* polls, ProxyCounts& counts) {
    constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
    constexpr short kWritable = POLLOUT | POLLHUP | POLLERR;
    for (std::size_t i = 0; i < 2 && !abandoned_ && !over(); ++i) {
      Stream& stream = streams_[i];
      std::uint64_t& bytes = i == 0 ? counts.bytes_forward : counts.bytes_backward;
      const bool reads = (polls[i].revents & kReadable) != 0 && stream.wants_input(disturbances[i]);
      const bool writes = (polls[1 - i].revents & kWritable) != 0 && stream.wants_output(disturbances[i], now);
      if ((reads && !stream.read(disturbances[i], now, counts.bytes_spoilt)) ||
          (writes && !stream.write(disturbances[i], now, bytes))) {
        return end(Cut::reset);
      }
    }
    if (streams_[0].ended() && streams_[1].ended()) end(Cut::end);
  }

  // Harmless the second time.
  void end(Cut how) noexcept {
    for (Socket* socket : {&client_, &target_}) {
      if (how == Cut::reset) socket->reset();
      socket->close();
    }
  }

 private:
  Socket client_;
  Socket target_;
  Stream streams_[2];  // by direction
  bool abandoned_ = false;
};

Proxy::Proxy(std::uint16_t target_port, std::uint64_t seed)
    : seed_(seed),
      listener_(listen_on_loopback()),
      port_(local_port(listener_)),
      target_port_(target_port),
      wake_(create_eventfd()) {
  thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake();
  thread_.join();
  for (const auto& connection : connections_) connection->end(Cut::reset);
}

void Proxy::wake() const {
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(wake_.descriptor(), &one, sizeof one);  // fails only when it is awake anyway
  static_cast<void>(ignored);
}

void Proxy::disturb(Direction direction, const Disturbance& disturbance) {
  const std::lock_guard lock(mutex_);
  disturbances_[static_cast<std::size_t>(direction)] = disturbance;
  wake();
}

void Proxy::cut(Cut how) {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) connection->end(how);
  wake();
}

void Proxy::refuse(bool refusing) {
  const std::lock_guard lock(mutex_);
  refusing_ = refusing;
}

void Proxy::abandon() {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) connection->abandon();
}

ProxyCounts Proxy::counts() const {
  const std::lock_guard lock(mutex_);
  ProxyCounts counts = counts_;
  counts.connections = static_cast<std::uint64_t>(std::count_if(
      connections_.begin(), connections_.end(), [](const auto& connection) { return !connection->over(); }));
  return counts;
}

void Proxy::accept_new() {
  while (true) {
    Socket client(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) return;
    const std::uint64_t number = counts_.accepted++;
    if (refusing_) {
      client.reset();
      continue;
    }
    const int yes = 1;
    ::setsockopt(client.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    try {
      Socket target = connect_to_loopback(target_port_, Blocking::no);
      connections_.push_back(std::make_unique<Connection>(std::move(client), std::move(target), seed_, number));
    } catch (const std::system_error&) {
      client.reset();  // nothing listens at the target: whoever dials is to see that
    }
  }
}

void Proxy::run() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::vector<pollfd> polls;
  while (true) {
    const std::optional<Clock::time_point> until = prepare(polls);
    if (!until) return;
    timespec wait{};
    if (*until != Clock::time_point::max()) {
      const auto left = std::max(Clock::duration::zero(), *until - Clock::now());
      wait.tv_sec = std::chrono::floor<std::chrono::seconds>(left).count();
      wait.tv_nsec = (left % std::chrono::seconds(1)).count();
    }
    if (::ppoll(polls.data(), polls.size(), *until == Clock::time_point::max() ? nullptr : &wait, nullptr) >= 0) {
      serve(polls);
    }
  }
}

std::optional<Clock::time_point> Proxy::prepare(std::vector<pollfd>& polls) {
  const std::lock_guard lock(mutex_);
  if (ends_) return std::nullopt;
  std::erase_if(connections_, [](const auto& connection) { return connection->over(); });
  Clock::time_point until = Clock::time_point::max();
  const Clock::time_point now = Clock::now();
  polls.assign({{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = listener_.descriptor(), .events = POLLIN, .revents = 0}});
  for (const auto& connection : connections_) {
    connection->add_polls(disturbances_, now, polls);
    until = std::min(until, connection->next_departure(disturbances_, now));
  }
  return until;
}

void Proxy::serve(const std::vector<pollfd>& polls) {
  if (polls[0].revents != 0) {
    std::uint64_t times = 0;
    const ssize_t ignored = ::read(wake_.descriptor(), &times, sizeof times);
    static_cast<void>(ignored);
  }
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i]->serve(disturbances_, now, &polls[2 + 2 * i], counts_);
  }
  if (polls[1].revents != 0) accept_new();
}

}  // namespace tenon::chaos
