// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <boost/asio/post.hpp>

#include "net/keep_alive.hpp"
#include "tenon/option.hpp"

namespace tenon::api_resp {

namespace {

namespace asio = boost::asio;

// Lines that clients can provoke, in one second.
constexpr std::uint64_t kLinesMax = 10;
constexpr std::chrono::seconds kRetryInterval(1);
// Of a client whose machine is gone, before the system notices.
constexpr std::chrono::minutes kSilenceMax(5);

std::uint16_t port_of(const net::Listener& listener) {
  const std::vector<std::string> addresses = listener.local_addresses();
  if (addresses.empty()) return 0;
  const auto port = tenon::parse_integer(std::string_view(addresses[0]).substr(addresses[0].rfind(':') + 1));
  return static_cast<std::uint16_t>(port.value_or(0));
}

}  // namespace

Server::Server(const Host& host, const Settings& settings, Queue queue)
    : host_(host),
      settings_(settings),
      logger_(host, kLinesMax),
      environment_(settings.channel, settings.buffer_bytes_max, net::Traffic::create(host)),
      admission_(settings.connections_max, settings.connections_per_address_max, environment_.traffic),
      thread_([host](const std::string& why) { host.failed(TENON_ERROR_INTERNAL, why.c_str()); }),
      submissions_(std::move(queue), settings.queue_depth),
      completions_(thread_.context()),
      retry_(thread_.context()),
      listener_(
          thread_.context(), settings.listen, admission_,
          [this](net::Listener::Socket socket, net::Admission::Ticket ticket) {
            accept(std::move(socket), std::move(ticket));
          },
          [this](const std::string& why) { logger_.warning(why); }),
      service_(host, settings_, submissions_, {host.node_id(), host.cluster_id(), port_of(listener_)}, *this) {
  try {
    completions_.assign(submissions_.event_fd());
    for (const std::string& address : listener_.local_addresses()) host_.info("listening on " + address);
    asio::post(thread_.context(), [this] {
      wait_for_completions();
      service_.subscriptions().listen();
      service_.keyspace_events().watch();
      submissions_.submit();
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
  ++service_.counters().connections;
  net::keep_alive(socket, kSilenceMax);
  auto client = std::make_shared<Client>(service_, ++last_client_);
  auto channel = std::make_shared<Channel>(std::move(socket), std::move(ticket), environment_, *client);
  service_.clients().emplace(last_client_, client);
  client->start(std::move(channel));
}

void Server::wait_for_completions() {
  completions_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    submissions_.poll();
    finish_later();
    wait_for_completions();
  });
}

void Server::finish_later(Client& client) {
  if (!client.to_be_finished_) {
    client.to_be_finished_ = true;
    unfinished_clients_.push_back(client.shared_from_this());
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
  finishing_clients_.swap(unfinished_clients_);
  for (const std::shared_ptr<Client>& client : finishing_clients_) {
    client->to_be_finished_ = false;
    client->go_on();
  }
  service_.use_credit();
  submissions_.submit();
  for (const std::shared_ptr<Client>& client : finishing_clients_) client->flush();
  finishing_clients_.clear();
  tell_when_drained();
}

void Server::try_again_later() {
  if (is_stopping_) return;
  retry_.expires_after(kRetryInterval);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    service_.try_again();
    finish_later();
  });
}

void Server::on_closed(Client& client, const Closing& closing) {
  report(client, closing);
  service_.clients().erase(client.state().id);
  tell_when_drained();
}

void Server::report(const Client& client, const Closing& closing) {
  const std::string line = "closed the connection from " + client.channel().peer() + ": ";
  switch (closing.reason) {
    case net::CloseReason::kFrameTooLarge:
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
  listener_.close();
  for (const auto& [id, client] : service_.clients()) client->drain();
  finish_later();
}

void Server::tell_when_drained() {
  if (drained_ == nullptr || finishing_soon_) return;
  for (const auto& [id, client] : service_.clients()) {
    if (!client->settled()) return;
  }
  drained_->set_value();
  drained_ = nullptr;
}

void Server::stop() {
  thread_.run([this] {
    listener_.close();
    is_stopping_ = true;
    retry_.cancel();
    while (!service_.clients().empty()) service_.clients().begin()->second->close(net::CloseReason::kShutdown);
  });
  thread_.stop();
  // The descriptor is the host's: it must not be closed with this object.
  if (completions_.is_open()) completions_.release();
}

}  // namespace tenon::api_resp
