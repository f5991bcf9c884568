// SPDX-License-Identifier: MIT
#include "outgoing_lane.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "net/keep_alive.hpp"

namespace tenon::net {

namespace {

std::string text_of(const PeerAddress& address) {
  const auto& [host, port] = address.endpoint;
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + port + address.path;
}

}  // namespace

DialEnvironment::DialEnvironment(const Host& made_for, boost::asio::io_context& io_context,
                                 const DialSettings& dial_settings, const Introduction& own, NodeEvents& node,
                                 Outbox& frames, LimitedLogger& limited_logger, PeerProtocol& peer_protocol)
    : host(made_for),
      context(io_context),
      settings(dial_settings),
      self(own),
      events(node),
      outbox(frames),
      logger(limited_logger),
      protocol(peer_protocol),
      admission(std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max(), {}),
      random(std::random_device{}()),
      dial_reports(host.extension<tenon_dial_reports>(TENON_DIAL_REPORTS)),
      dials(host.metric("dials_total")),
      failed_to_connect(host.metric("dials_failed_total", "reason=\"connect\"")),
      failed_by_timeout(host.metric("dials_failed_total", "reason=\"timeout\"")),
      failed_by_refusal(host.metric("dials_failed_total", "reason=\"refused\"")),
      failed_otherwise(host.metric("dials_failed_total", "reason=\"broken\"")),
      lanes_down(host.metric("lanes_down_total")),
      frames_dropped(host.metric("frames_dropped_total", "reason=\"down\"")),
      lanes_up_metric{host.metric("lanes_up", "lane=\"control\""), host.metric("lanes_up", "lane=\"bulk\"")} {}

OutgoingLane::OutgoingLane(DialEnvironment& environment, const LaneId& id)
    : environment_(environment),
      id_(id),
      timer_(environment.context),
      backoff_(environment.settings.reconnect_min, environment.settings.reconnect_max) {}

std::string OutgoingLane::name() const {
  return "lane " + std::string(name_of(id_.lane)) + " to node " + std::to_string(id_.peer) + " at " +
         text_of(candidates_[next_].address);
}

void OutgoingLane::set_addresses(std::vector<PeerAddress> addresses) {
  TENON_CHECK(!addresses.empty());
  const bool first = state_ == State::kStopped;
  const PeerAddress in_use = first ? PeerAddress{} : candidates_[next_].address;
  std::vector<Candidate> candidates;
  std::optional<std::size_t> kept;
  for (PeerAddress& address : addresses) {
    if (!first && address == in_use) kept = candidates.size();
    candidates.push_back({std::move(address), {}});
  }
  if (!first && !kept) stop();
  candidates_ = std::move(candidates);
  next_ = kept.value_or(0);
  if (kept) return;
  backoff_.reset();
  dial();
}

void OutgoingLane::hurry() {
  if (state_ == State::kWaiting) dial();
}

template <class Body>
void OutgoingLane::after(std::chrono::microseconds time, Body body) {
  const std::uint64_t count = ++timer_count_;
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), count, body](const boost::system::error_code& error) {
    if (!error && self->timer_count_ == count) body(*self);
  });
}

void OutgoingLane::dial() {
  state_ = State::kDialling;
  environment_.dials.record(1);
  after(environment_.settings.connect_timeout, [](OutgoingLane& self) { self.on_time_out(); });
  connector_ = Connector::connect(environment_.context, candidates_[next_].address.endpoint,
                                  [self = shared_from_this()](Connector::Socket socket, const std::string& failure) {
                                    self->connector_ = nullptr;
                                    if (failure.empty()) return self->greet(std::move(socket));
                                    self->environment_.failed_to_connect.record(1);
                                    self->report("cannot connect: " + failure);
                                    self->dial_next();
                                  });
}

void OutgoingLane::greet(Connector::Socket socket) {
  state_ = State::kGreeting;
  keep_alive(socket, environment_.settings.send_timeout);
  std::optional<Admission::Ticket> ticket = environment_.admission.admit({});
  TENON_CHECK(ticket.has_value());
  PeerProtocol& protocol = environment_.protocol;
  connection_ = protocol.dialled(std::move(socket), std::move(*ticket), candidates_[next_].address, *this);
  const std::shared_ptr<PeerConnection> connection = connection_;
  connection->start();
  connection->send_message(protocol.encode(Hello{.version = protocol.version(),
                                                 .sender = environment_.self,
                                                 .to = id_.peer,
                                                 .lane = static_cast<std::int32_t>(id_.lane)}));
  connection->flush();
}

void OutgoingLane::on_time_out() {
  const std::string why = "no connection and answer within connect_timeout";
  if (connection_) return connection_->close(CloseReason::kIdle, why);
  std::exchange(connector_, nullptr)->cancel();
  environment_.failed_by_timeout.record(1);
  report(why);
  dial_next();
}

void OutgoingLane::on_frame(std::string_view frame) {
  if (state_ == State::kGreeting) return accept(frame);
  connection_->close(CloseReason::kMalformed, "the peer sends on a connection that it should only read");
}

void OutgoingLane::accept(std::string_view reply_message) {
  const auto refuse = [this](const std::string& why) { connection_->close(CloseReason::kRefused, why); };
  HelloReply reply;
  try {
    reply = environment_.protocol.decode_hello_reply(reply_message);
  } catch (const Malformed& malformed) {
    return connection_->close(CloseReason::kMalformed, malformed.what());
  }
  if (reply.refusal) return refuse("the peer refuses: " + reply.reason + "; this node tries again");
  if (reply.version != environment_.protocol.version()) {
    return refuse("the peer speaks version " + std::to_string(reply.version) + " and this node " +
                  std::to_string(environment_.protocol.version()));
  }
  if (reply.sender.cluster != environment_.self.cluster || reply.sender.node != id_.peer) {
    return refuse("the answer comes from node " + std::to_string(reply.sender.node) + " of cluster " +
                  reply.sender.cluster + "; correct the address of node " + std::to_string(id_.peer));
  }
  come_up(reply.sender);
}

void OutgoingLane::come_up(const Introduction& peer) {
  state_ = State::kUp;
  ++timer_count_;
  timer_.cancel();
  up_since_ = Clock::now();
  queued_ = 0;
  sent_ = 0;
  for (Candidate& candidate : candidates_) candidate.last_failure.clear();
  environment_.host.info(name() + " is up");
  std::uint64_t& lanes_up = environment_.lanes_up[place_of(id_.lane)];
  environment_.lanes_up_metric[place_of(id_.lane)].record(static_cast<double>(++lanes_up));
  environment_.events.on_introduced(peer);
  environment_.outbox.open(id_);
  environment_.events.on_up(id_);
}

void OutgoingLane::send(std::vector<Frame> frames) {
  if (state_ != State::kUp) {
    environment_.frames_dropped.record(static_cast<double>(frames.size()));
    return;
  }
  const std::shared_ptr<PeerConnection> connection = connection_;
  for (Frame& frame : frames) {
    queued_ += size_of(frame.parts()) + environment_.protocol.frame_overhead_bytes();
    frame_ends_.push_back(queued_);
    connection->send_frame(std::move(frame));
  }
  connection->flush();
}

void OutgoingLane::on_output_sent() {
  if (state_ != State::kUp) return;  // that was the hello
  const std::uint64_t sent = queued_ - connection_->output_bytes();
  const std::uint64_t freed = sent - std::exchange(sent_, sent);
  while (!frame_ends_.empty() && frame_ends_.front() <= sent_) frame_ends_.pop_front();
  if (environment_.outbox.give_room(id_, freed)) environment_.events.on_writable(id_);
}

void OutgoingLane::on_input_end() { connection_->close(CloseReason::kPeer, "the peer closed the connection"); }

void OutgoingLane::on_closed(const Closing& closing) {
  const std::shared_ptr<OutgoingLane> self = shared_from_this();
  connection_ = nullptr;
  const bool was_up = state_ == State::kUp;
  if (was_up) {
    go_down();
  } else if (closing.reason == CloseReason::kRefused) {
    environment_.failed_by_refusal.record(1);
  } else if (closing.reason == CloseReason::kIdle) {
    environment_.failed_by_timeout.record(1);
  } else {
    environment_.failed_otherwise.record(1);
  }
  if (closing.reason == CloseReason::kShutdown) return;
  const bool is_stuck = was_up && closing.reason == CloseReason::kIdle && closing.detail.empty();
  const std::string why = is_stuck ? "the peer took nothing for send_timeout" : closing.detail;
  report(why.empty() ? std::string(name_of(closing.reason)) : why);
  if (!was_up) return dial_next();
  next_ = 0;
  wait();
}

void OutgoingLane::go_down() {
  // A peer that comes and goes is waited for longer each time.
  if (Clock::now() - up_since_ >= environment_.settings.reconnect_max) backoff_.reset();
  const std::vector<Frame> dropped = environment_.outbox.close(id_);
  environment_.frames_dropped.record(static_cast<double>(dropped.size() + frame_ends_.size()));
  frame_ends_.clear();
  environment_.lanes_down.record(1);
  std::uint64_t& lanes_up = environment_.lanes_up[place_of(id_.lane)];
  environment_.lanes_up_metric[place_of(id_.lane)].record(static_cast<double>(--lanes_up));
  environment_.events.on_down(id_);
}

// A peer that is away for long is one line, not one for each attempt.
void OutgoingLane::report(const std::string& why) {
  Candidate& candidate = candidates_[next_];
  if (const tenon_dial_reports* const reports = environment_.dial_reports) {
    reports->failed(reports, id_.peer, bytes(text_of(candidate.address) + ": " + why));
  }
  if (why != candidate.last_failure) environment_.logger.warning(name() + ": " + why);
  candidate.last_failure = why;
}

void OutgoingLane::dial_next() {
  if (++next_ < candidates_.size()) return dial();
  next_ = 0;
  wait();
}

void OutgoingLane::wait() {
  state_ = State::kWaiting;
  after(backoff_.next(environment_.random), [](OutgoingLane& self) { self.dial(); });
}

void OutgoingLane::stop() {
  if (connector_) std::exchange(connector_, nullptr)->cancel();
  if (connection_) connection_->close(CloseReason::kShutdown, {});
  state_ = State::kStopped;
  ++timer_count_;
  timer_.cancel();
}

}  // namespace tenon::net
