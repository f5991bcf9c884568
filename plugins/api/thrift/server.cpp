// SPDX-License-Identifier: MIT
#include "server.hpp"

namespace tenon::api_thrift {

namespace {

namespace asio = boost::asio;

// Lines that clients can provoke, in one second.
constexpr std::uint64_t kLinesMax = 10;

// What a client probably speaks whose first bytes are not the length of a frame.
std::string_view protocol_of(std::uint32_t length_word) noexcept {
  switch (length_word) {
    case 0x47455420:  // "GET "
    case 0x48454144:  // "HEAD"
    case 0x504f5354:  // "POST"
    case 0x50555420:  // "PUT "
    case 0x44454c45:  // "DELE"
    case 0x4f505449:  // "OPTI"
    case 0x50524920:  // "PRI ", HTTP/2
      return "HTTP";
    default:
      break;
  }
  if (length_word >> 16 == 0x8001) return "the binary protocol without frames";
  if (length_word >> 24 == 0x82) return "the compact protocol without frames";
  if (length_word >> 16 == 0x1603) return "TLS";
  if (length_word >> 24 == '*') return "the Redis protocol";
  return {};
}

}  // namespace

Server::Server(const Host& host, const Settings& settings, Queue queue)
    : host_(host),
      session_limits_{settings.pipelined_requests_max, settings.connection.output_bytes_max},
      logger_(host, kLinesMax),
      environment_(settings.connection, settings.buffer_bytes_max, net::Traffic::create_framed(host)),
      admission_(settings.connections_max, settings.connections_per_address_max, environment_.traffic),
      thread_([host](const std::string& why) { host.failed(TENON_ERROR_INTERNAL, why.c_str()); }),
      submissions_(std::move(queue), settings.queue_depth),
      dispatcher_(submissions_, host, settings.connection.frame_bytes_max),
      completions_(thread_.context()),
      timer_(thread_.context()),
      listener_(
          thread_.context(), settings.listen, admission_,
          [this](net::Listener::Socket socket, net::Admission::Ticket ticket) {
            accept(std::move(socket), std::move(ticket));
          },
          [this](const std::string& why) { logger_.warning(why); }) {
  try {
    completions_.assign(submissions_.event_fd());
    for (const std::string& address : listener_.local_addresses()) host_.info("listening on " + address);
    asio::post(thread_.context(), [this] {
      wait_for_completions();
      listener_.start();
    });
    thread_.start();
  } catch (...) {
    // The descriptor is the host's: it must not be closed with this object.
    if (completions_.is_open()) completions_.release();
    throw;
  }
}

void Server::accept(net::Listener::Socket socket, net::Admission::Ticket ticket) {
  auto session = std::make_shared<Session>(*this, session_limits_);
  auto connection =
      std::make_shared<net::FramedConnection>(std::move(socket), std::move(ticket), environment_, *session);
  sessions_.emplace(session.get(), session);
  session->start(std::move(connection));
}

void Server::wait_for_completions() {
  completions_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    submissions_.poll();
    finish_later();
    wait_for_completions();
  });
}

void Server::finish_later(const std::shared_ptr<Session>& session) {
  if (!session->to_be_finished_) {
    session->to_be_finished_ = true;
    unfinished_sessions_.push_back(session);
  }
  finish_later();
}

// What is posted runs after the handlers of everything else that was ready in this wake-up.
void Server::finish_later() {
  if (finishing_soon_) return;
  finishing_soon_ = true;
  asio::post(thread_.context(), [this] {
    finishing_soon_ = false;
    finish();
  });
}

void Server::finish() {
  submissions_.submit();
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.swap(unfinished_sessions_);
  for (const std::shared_ptr<Session>& session : sessions) {
    session->to_be_finished_ = false;
    session->flush();
  }
  wait_for_time();
  tell_when_drained();
}

void Server::wait_for_time() {
  const auto deadline = dispatcher_.next_deadline();
  if (!deadline || (timer_deadline_ && *timer_deadline_ <= *deadline)) return;
  timer_deadline_ = deadline;
  timer_.expires_at(*deadline);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // an earlier deadline has taken its place, or all of it ends
    timer_deadline_.reset();
    dispatcher_.expire(std::chrono::steady_clock::now());
    finish_later();
  });
}

void Server::on_closed(Session& session, const net::Closing& closing) {
  report(session, closing);
  dispatcher_.forget(session);
  sessions_.erase(&session);
  tell_when_drained();
}

void Server::report(const Session& session, const net::Closing& closing) {
  const std::string line = "closed the connection from " + session.peer() + ": ";
  switch (closing.reason) {
    case net::CloseReason::kFrameTooLarge: {
      const std::string_view protocol = protocol_of(closing.length_word);
      const std::string hint = protocol.empty() ? "" : "; this looks like " + std::string(protocol);
      return logger_.warning(line + "framed transport expected: " + closing.detail + hint);
    }
    case net::CloseReason::kTruncated:
      return logger_.warning(line + "it ended within a frame");
    case net::CloseReason::kMalformed:
    case net::CloseReason::kOutputFull:
    case net::CloseReason::kMemory:
      return logger_.warning(line + closing.detail);
    default:
      return;
  }
}

void Server::drain(std::chrono::milliseconds timeout) {
  auto drained = std::make_shared<std::promise<void>>();
  std::future<void> done = drained->get_future();
  const bool began = thread_.run([&] {
    drained_ = drained;
    begin_drain();
  });
  if (began) done.wait_for(timeout);
}

void Server::begin_drain() {
  draining_ = true;
  listener_.close();
  dispatcher_.drain();
  for (const auto& [key, session] : sessions_) session->drain();
  finish_later();
}

void Server::tell_when_drained() {
  if (drained_ == nullptr || finishing_soon_) return;
  for (const auto& [key, session] : sessions_) {
    if (!session->settled()) return;
  }
  drained_->set_value();
  drained_ = nullptr;
}

void Server::stop() {
  thread_.run([this] {
    listener_.close();
    timer_.cancel();
    while (!sessions_.empty()) sessions_.begin()->second->close(net::CloseReason::kShutdown);
  });
  thread_.stop();
  if (completions_.is_open()) completions_.release();
}

}  // namespace tenon::api_thrift
