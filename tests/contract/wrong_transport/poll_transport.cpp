// SPDX-License-Identifier: MIT
#include "poll_transport.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "tenon/option.hpp"

namespace tenon::wrong_transport {

namespace {

constexpr std::array kLanes = {Lane::control, Lane::bulk};
constexpr std::size_t kIncomingMax = 64;

// Of SCHEME://127.0.0.1:PORT, or 127.0.0.1:PORT, what lies behind the last colon.
std::uint16_t port_of(std::string_view address) {
  const std::optional<std::int64_t> port = parse_integer(address.substr(address.rfind(':') + 1));
  if (!port || *port < 0 || *port > 65535) {
    throw Error(TENON_ERROR_INVALID, std::string(address) + ": expected 127.0.0.1:PORT");
  }
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

PollTransport::PollTransport(Host host)
    : Transport(host),
      settings_{.port = port_of(host.option("listen")),
                .send_queue_bytes_max = parse_size(host.option("send_queue_bytes_max")).value(),
                .connect_timeout = parse_duration(host.option("connect_timeout")).value(),
                .reconnect_max = parse_duration(host.option("reconnect_max")).value(),
                .send_timeout = parse_duration(host.option("send_timeout")).value()},
      mailbox_(settings_.send_queue_bytes_max) {}

void PollTransport::start() {
  try {
    listener_ = chaos::listen_on_loopback(settings_.port);
  } catch (const std::system_error& error) {
    if (kSin == Sin::hides_a_failure) return;
    throw Error(TENON_ERROR_IO, "127.0.0.1:" + std::to_string(settings_.port) + ": " + error.what());
  }
  wake_ = chaos::Socket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  context_ =
      std::make_unique<Context>(Context{host_table_, settings_, host().cluster_id(), host().node_id(), mailbox_});
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  if (kSin == Sin::leaks_a_thread) std::thread([] { ::pause(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PollTransport::stop() {
  ends_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
  if (kSin == Sin::calls_after_stop) {
    const auto late = [host = host_table_] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      host->lane_event(host, 1, TENON_LANE_CONTROL, TENON_EVENT_DOWN);
    };
    std::thread(late).detach();
  }
  outgoing_.clear();
  incoming_.clear();
  listener_.close();
}

void PollTransport::set_peer(std::uint64_t peer, std::span<const char* const> addresses) {
  const std::string scheme = std::string(kScheme) + "://";
  std::vector<std::uint16_t> ports;
  for (const std::string_view address : addresses) {
    if (address.starts_with(scheme)) ports.push_back(port_of(address));
  }
  if (ports.empty() && !addresses.empty()) throw Error(TENON_ERROR_UNSUPPORTED, "no address begins with " + scheme);
  mailbox_.set_peer(peer, std::move(ports));
  wake();
}

void PollTransport::send(std::uint64_t peer, Lane lane, OfferedFrames& frames) {
  mailbox_.send({peer, lane}, frames);
  if (frames.taken() != 0) wake();
}

void PollTransport::wake() const {
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(wake_.descriptor(), &one, sizeof one);
  static_cast<void>(ignored);
}

void PollTransport::run() {
  std::vector<pollfd> polls;
  while (!ends_) {
    work();
    const Clock::time_point until = prepare(polls);
    int wait = -1;
    if (until != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      wait = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    if (::poll(polls.data(), polls.size(), wait) >= 0) serve(polls);
  }
  for (auto& [id, lane] : outgoing_) lane->stop();
}

void PollTransport::work() {
  for (auto& [peer, changes] : mailbox_.take_peers()) {
    for (std::vector<std::uint16_t>& ports : changes) change(peer, std::move(ports));
  }
  for (auto& [id, lane] : outgoing_) {
    OutgoingLane& carrier = kSin == Sin::one_connection ? *outgoing_[{id.first, Lane::control}] : *lane;
    for (Frame& frame : mailbox_.take_frames(id)) carrier.add(std::move(frame), id.second);
  }
}

void PollTransport::change(std::uint64_t peer, std::vector<std::uint16_t> ports) {
  for (const Lane lane : kLanes) {
    const LaneId id{peer, lane};
    std::unique_ptr<OutgoingLane>& outgoing = outgoing_[id];
    if (ports.empty()) {
      if (outgoing) outgoing->stop();
      outgoing_.erase(id);
    } else {
      if (!outgoing) outgoing = std::make_unique<OutgoingLane>(*context_, id);
      outgoing->set_ports(ports);
    }
  }
  if (ports.empty()) {
    incoming_.remove_if([&](const IncomingConnection& one) { return one.lane() && one.lane()->first == peer; });
  }
}

Clock::time_point PollTransport::prepare(std::vector<pollfd>& polls) const {
  Clock::time_point until = Clock::time_point::max();
  polls.assign({{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = listener_.descriptor(), .events = POLLIN, .revents = 0}});
  for (const auto& [id, lane] : outgoing_) {
    polls.push_back(lane->wanted());
    until = std::min(until, lane->deadline());
  }
  for (const IncomingConnection& one : incoming_) {
    polls.push_back({.fd = one.descriptor(), .events = POLLIN, .revents = 0});
    until = std::min(until, one.deadline());
  }
  return until;
}

void PollTransport::serve(const std::vector<pollfd>& polls) {
  const Clock::time_point now = Clock::now();
  std::uint64_t times = 0;
  if (polls[0].revents != 0 && ::read(wake_.descriptor(), &times, sizeof times) < 0) return;
  std::size_t place = 2;
  for (auto& [id, lane] : outgoing_) lane->serve(polls[place++].revents, now);
  for (auto one = incoming_.begin(); one != incoming_.end();) {
    const auto is_peer = [&](const LaneId& id) { return outgoing_.contains(id); };
    const bool was_introduced = one->lane().has_value();
    const bool has_input = polls[place++].revents != 0;
    const bool lives = now < one->deadline() && (!has_input || one->serve(is_peer));
    if (lives && !was_introduced && one->lane()) {
      // A newer connection of a lane takes the place of the older one, whose frames must not come behind its own.
      for (IncomingConnection& other : incoming_) {
        if (&other != &*one && other.lane() == one->lane()) other.end();
      }
    }
    one = lives ? std::next(one) : incoming_.erase(one);
  }
  if (polls[1].revents != 0) accept_new(now);
}

void PollTransport::accept_new(Clock::time_point now) {
  chaos::Socket socket(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket && incoming_.size() < kIncomingMax) incoming_.emplace_back(*context_, std::move(socket), now);
}

}  // namespace tenon::wrong_transport
