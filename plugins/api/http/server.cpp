// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <ctime>

#include "router.hpp"

namespace tenon::api_http {

namespace {

namespace asio = boost::asio;

// Lines that clients can provoke, in one second.
constexpr std::uint64_t kLinesMax = 10;
constexpr std::size_t kRequestIdBytesMax = 128;
constexpr std::uint64_t kFirstTellingId = std::uint64_t{1} << 62;

std::map<unsigned, Metric> metrics_of_answers(const Host& host) {
  std::map<unsigned, Metric> metrics;
  for (const unsigned status : kStatuses) {
    metrics.emplace(status, host.metric("responses_total", ("code=\"" + std::to_string(status) + "\"").c_str()));
  }
  return metrics;
}

std::map<int, Metric> metrics_of_errors(const Host& host) {
  std::map<int, Metric> metrics;
  for (const int code : {kParseError, kInvalidRequest, kMethodNotFound, kInvalidParameters, kRefused}) {
    metrics.emplace(code, host.metric("rpc_errors_total", ("code=\"" + std::to_string(code) + "\"").c_str()));
  }
  return metrics;
}

// As often as the shortest time that a session may take, and at most twice a second.
std::chrono::milliseconds look_interval(const ConnectionLimits& limits) {
  const auto shortest = std::min({limits.header_timeout, limits.body_timeout, limits.idle_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

std::string machine_name() {
  boost::system::error_code error;
  return asio::ip::host_name(error);
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kRequestIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter <= '~'; });
}

}  // namespace

Server::Server(const Host& host, const Settings& settings, Queue queue, Queue telling)
    : host_(host),
      settings_(settings),
      logger_(host, kLinesMax),
      requests_(host.metric("requests_total")),
      answers_(metrics_of_answers(host)),
      environment_(settings.connection, settings.buffer_bytes_max, net::Traffic::create(host)),
      admission_(settings.connections_max, settings.connections_per_address_max, environment_.traffic),
      thread_([host](const std::string& why) { host.failed(TENON_ERROR_INTERNAL, why.c_str()); }),
      submissions_(std::move(queue), settings.queue_depth),
      telling_(std::move(telling), settings.queue_depth, kFirstTellingId),
      feeds_(thread_.context(), telling_),
      live_environment_{submissions_,
                        feeds_,
                        settings.live,
                        std::to_string(host.node_id()),
                        host.cluster_id(),
                        random_id(),
                        host.metric("subscriptions"),
                        host.metric("events_left_out_total"),
                        0,
                        settings.dashboard_writes,
                        metrics_of_errors(host)},
      live_(live_environment_, environment_),
      service_{submissions_, telling_, settings_, host, machine_name(), live_},
      completions_(thread_.context()),
      told_(thread_.context()),
      look_timer_(thread_.context()),
      listener_(
          thread_.context(), settings.listen, admission_,
          [this](net::Listener::Socket socket, net::Admission::Ticket ticket) {
            accept(std::move(socket), std::move(ticket));
          },
          [this](const std::string& why) { logger_.warning(why); }) {
  try {
    completions_.assign(submissions_.event_fd());
    told_.assign(telling_.event_fd());
    for (const std::string& address : listener_.local_addresses()) host_.info("listening on " + address);
    asio::post(thread_.context(), [this] {
      wait_for_completions(completions_, submissions_);
      wait_for_completions(told_, telling_);
      wait_for_look();
      listener_.start();
    });
    thread_.start();
  } catch (...) {
    // The descriptors are the host's: they must not be closed with this object.
    if (completions_.is_open()) completions_.release();
    if (told_.is_open()) told_.release();
    throw;
  }
}

void Server::accept(net::Listener::Socket socket, net::Admission::Ticket ticket) {
  auto session = std::make_shared<Session>(std::move(socket), std::move(ticket), environment_, *this);
  sessions_.emplace(session.get(), session);
  session->start();
}

void Server::take(const std::shared_ptr<Exchange>& exchange) {
  serve(service_, exchange);
  exchange->forget_body();
}

std::string Server::begin_request(const Request& request) {
  requests_.record(1);
  const auto given = request.field("x-request-id");
  return given && is_request_id(*given) ? std::string(*given) : random_id();
}

std::string Server::random_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (std::uint64_t bits = random_(), i = 0; i < 16; ++i, bits >>= 4) id += kDigits[bits & 15];
  return id;
}

std::string_view Server::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    // Not by strftime, whose names of days are those of the locale.
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday % 7], parts.tm_mday,
                  kMonths[parts.tm_mon % 12], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    date_ = text;
  }
  return date_;
}

void Server::count_answer(const Request& request, unsigned status, std::string_view request_id) {
  const auto found = answers_.find(status);
  (found == answers_.end() ? answers_.at(500) : found->second).record(1);
  if (!host_.wants(TENON_SEVERITY_DEBUG)) return;
  std::string line = request.method + " " + request.target.substr(0, 256) + " " + std::to_string(status);
  line.append(" ").append(request_id);
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  host_.debug(line);
}

void Server::wait_for_completions(asio::posix::stream_descriptor& descriptor, net::Submissions& submissions) {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, &descriptor, &submissions](const boost::system::error_code& error) {
                          if (error) return;
                          submissions.poll();
                          finish_later();
                          wait_for_completions(descriptor, submissions);
                        });
}

// One may end, and leave, while the others are gone through.
std::vector<std::shared_ptr<Session>> Server::all_sessions() const {
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [key, session] : sessions_) all.push_back(session);
  return all;
}

void Server::wait_for_look() {
  look_timer_.expires_after(look_interval(settings_.connection));
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto now = Session::Clock::now();
    for (const std::shared_ptr<Session>& session : all_sessions()) session->look(now);
    live_.look(now);
    wait_for_look();
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
  telling_.submit();
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.swap(unfinished_sessions_);
  for (const std::shared_ptr<Session>& session : sessions) {
    session->to_be_finished_ = false;
    session->flush();
  }
  tell_when_drained();
}

void Server::on_closed(Session& session, const std::string& detail) {
  if (!detail.empty()) logger_.warning("closed the connection from " + session.peer() + ": " + detail);
  sessions_.erase(&session);
  tell_when_drained();
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
  live_.close_all();
  for (const std::shared_ptr<Session>& session : all_sessions()) session->drain();
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
    look_timer_.cancel();
    feeds_.stop();
    live_.stop();
    while (!sessions_.empty()) sessions_.begin()->second->close(net::CloseReason::kShutdown);
  });
  thread_.stop();
  if (completions_.is_open()) completions_.release();
  if (told_.is_open()) told_.release();
}

}  // namespace tenon::api_http
