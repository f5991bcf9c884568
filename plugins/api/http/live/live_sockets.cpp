// SPDX-License-Identifier: MIT
#include "live_sockets.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "refused.hpp"

namespace tenon::api_http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using net::CloseReason;

constexpr std::chrono::seconds kHandshakeTimeout{10};
// Half of it after the last word of a client it is asked whether it is there.
constexpr std::chrono::seconds kSilenceMax{40};

constexpr FieldName kUpgradeFields[] = {FieldName::host,
                                        FieldName::connection,
                                        FieldName::upgrade,
                                        FieldName::sec_websocket_key,
                                        FieldName::sec_websocket_version,
                                        FieldName::sec_websocket_protocol};

using UpgradeRequest = http::request<http::empty_body>;

// Throws Refused.
UpgradeRequest upgrade_request_of(const Request& request, std::uint64_t field_bytes_max) {
  UpgradeRequest made{request.verb, kLivePath, request.version};
  for (const FieldName name : kUpgradeFields) {
    const auto value = request.field(name);
    if (!value) continue;
    if (value->size() > field_bytes_max) {
      throw Refused{{400, "malformed_request",
                     "a field of the upgrade has more than " + std::to_string(field_bytes_max) +
                         " bytes (upgrade_field_bytes_max)",
                     Limit{"upgrade_field_bytes_max", field_bytes_max}}};
    }
    made.set(name, *value);
  }
  return made;
}

}  // namespace

void check_upgrade(const Request& request, const LiveLimits& limits) {
  const UpgradeRequest made = upgrade_request_of(request, limits.upgrade_field_bytes_max);
  if (!websocket::is_upgrade(made)) {
    Failure failure{426, "upgrade_required",
                    "this path is for WebSocket only, of the subprotocol " + std::string(kSubprotocol)};
    failure.fields = "Upgrade: websocket\r\n";
    throw Refused{std::move(failure)};
  }
  if (made[FieldName::sec_websocket_version] != "13" || made[FieldName::sec_websocket_key].empty()) {
    refuse("the upgrade has no key, or another version than 13", "malformed_request");
  }
  if (!http::token_list{made[FieldName::sec_websocket_protocol]}.exists(
          beast::string_view(kSubprotocol.data(), kSubprotocol.size()))) {
    refuse("the upgrade does not offer the subprotocol " + std::string(kSubprotocol), "unknown_subprotocol");
  }
}

// One write is under way at a time. While more waits than output_bytes_max nothing is read. It is closed once. What
// waits counts in the budget that all connections share.
class LiveSocket final : public LiveOutput, public std::enable_shared_from_this<LiveSocket> {
 public:
  LiveSocket(LiveSockets::Socket socket, net::Admission::Ticket ticket, LiveEnvironment& environment,
             SessionEnvironment& connections, LiveSockets& owner)
      : ticket_(std::move(ticket)),
        environment_(environment),
        traffic_(connections.traffic),
        connections_(connections),
        owner_(owner),
        stream_(std::move(socket)),
        connection_(std::make_unique<LiveConnection>(environment, *this)) {}

  void accept(const Request& request) {
    request_ = upgrade_request_of(request, environment_.limits.upgrade_field_bytes_max);
    stream_.set_option(websocket::stream_base::timeout{kHandshakeTimeout, kSilenceMax, true});
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(http::field::server, "tenon");
      response.set(http::field::sec_websocket_protocol, beast::string_view(kSubprotocol.data(), kSubprotocol.size()));
    }));
    stream_.read_message_max(static_cast<std::size_t>(environment_.limits.message_bytes_max));
    stream_.text(true);
    stream_.auto_fragment(false);
    stream_.async_accept(request_, [self = shared_from_this()](const error_code& error) {
      self->accepted_ = true;
      if (self->closed_) return self->say_goodbye();
      if (error) return self->end(CloseReason::kMalformed);
      self->read();
      self->write();
    });
  }

  void send(LiveMessage message) override {
    if (closed_ || is_failing_) return;
    if (!connections_.budget.take(message.size())) return fail_soon();
    unsent_bytes_ += message.size();
    waiting_.push_back(std::move(message));
    write();
  }
  std::uint64_t unsent_bytes() const noexcept override { return unsent_bytes_; }

  // Says why and ends; what waits is dropped.
  void close(websocket::close_code code, CloseReason reason) {
    if (closed_) return;
    const std::shared_ptr<LiveSocket> self = shared_from_this();
    end(reason);
    goodbye_ = code;
    if (accepted_) say_goodbye();  // else when the upgrade is answered
  }
  void look(Session::Clock::time_point now) {
    if (closed_ || !writing_ || now - write_began_ < connections_.limits.idle_timeout) return;
    end(CloseReason::kOutputFull);
    shut();
  }
  void stop() {
    const std::shared_ptr<LiveSocket> self = shared_from_this();
    end(CloseReason::kShutdown);
    shut();
  }

 private:
  // Behind a write that is under way. One that does not end runs into the timeout of the stream.
  void say_goodbye() {
    if (!stream_.is_open()) return shut();
    stream_.async_close(goodbye_, [self = shared_from_this()](const error_code&) { self->shut(); });
  }

  void shut() {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

  // Later, for whoever sends is not to be gone when that returns.
  void fail_soon() {
    is_failing_ = true;
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      self->close(websocket::close_code::try_again_later, CloseReason::kMemory);
    });
  }

  // Nothing is read, sent or subscribed from here on.
  void end(CloseReason reason) {
    if (closed_) return;
    closed_ = true;
    traffic_.closed.at(static_cast<std::size_t>(reason)).record(1);
    connection_ = nullptr;
    waiting_.clear();
    connections_.budget.give_back(unsent_bytes_);
    unsent_bytes_ = 0;
    owner_.forget(shared_from_this());
  }

  void read() {
    if (closed_ || reading_ || unsent_bytes_ > environment_.limits.output_bytes_max) return;
    reading_ = true;
    stream_.async_read(input_, [self = shared_from_this()](const error_code& error, std::size_t) {
      self->reading_ = false;
      if (!self->closed_) self->on_read(error);
    });
  }

  void on_read(const error_code& error) {
    if (error == websocket::error::closed) return end(CloseReason::kPeer);
    // The stream has said good-bye with the code that the trouble has.
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
      return end(CloseReason::kFrameTooLarge);
    }
    if (error.category() == make_error_code(websocket::error::closed).category()) return end(CloseReason::kMalformed);
    if (error == beast::error::timeout) return end(CloseReason::kIdle);
    if (error) return end(CloseReason::kBroken);
    if (!stream_.got_text()) return close(websocket::close_code::unknown_data, CloseReason::kMalformed);
    const asio::const_buffer bytes = input_.cdata();
    traffic_.bytes_received.record(static_cast<double>(bytes.size()));
    const std::string message(static_cast<const char*>(bytes.data()), bytes.size());
    input_.clear();
    if (input_.capacity() > kKeptInputBytes) input_.shrink_to_fit();
    connection_->take(message);
    environment_.submissions.submit();
    read();
  }

  void write() {
    if (!accepted_ || closed_ || writing_ || waiting_.empty()) return;
    writing_ = true;
    write_began_ = Session::Clock::now();
    written_ = std::move(waiting_.front());
    waiting_.pop_front();
    const std::array<asio::const_buffer, 2> parts{
        asio::buffer(written_.head), written_.tail == nullptr ? asio::const_buffer() : asio::buffer(*written_.tail)};
    stream_.async_write(parts, [self = shared_from_this()](const error_code& error, std::size_t) {
      self->writing_ = false;
      if (!self->closed_) self->on_written(error);
    });
  }

  void on_written(const error_code& error) {
    if (error) return end(error == beast::error::timeout ? CloseReason::kOutputFull : CloseReason::kBroken);
    const std::uint64_t written = std::exchange(written_, {}).size();
    traffic_.bytes_sent.record(static_cast<double>(written));
    unsent_bytes_ -= written;
    connections_.budget.give_back(written);
    if (!waiting_.empty()) return write();
    connection_->on_sent();
    environment_.submissions.submit();
    read();
  }

  static constexpr std::size_t kKeptInputBytes = 16 * 1024;

  net::Admission::Ticket ticket_;
  LiveEnvironment& environment_;
  const net::Traffic& traffic_;
  SessionEnvironment& connections_;
  LiveSockets& owner_;
  UpgradeRequest request_;
  websocket::stream<LiveSockets::Socket, false> stream_;
  std::unique_ptr<LiveConnection> connection_;  // null: closed
  beast::flat_buffer input_;
  std::deque<LiveMessage> waiting_;
  LiveMessage written_;
  std::uint64_t unsent_bytes_ = 0;                               // of waiting_ and, while writing_, of written_
  websocket::close_code goodbye_ = websocket::close_code::none;  // once it is closed
  bool accepted_ = false;                                        // the upgrade is answered
  bool closed_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool is_failing_ = false;  // it is about to be closed
  Session::Clock::time_point write_began_{};
};

void LiveSockets::take(Socket socket, net::Admission::Ticket ticket, const Request& request) {
  const auto made =
      std::make_shared<LiveSocket>(std::move(socket), std::move(ticket), environment_, connections_, *this);
  sockets_.insert(made);
  made->accept(request);
}

void LiveSockets::look(Session::Clock::time_point now) {
  const std::set<std::shared_ptr<LiveSocket>> all = sockets_;
  for (const auto& one : all) one->look(now);
}

void LiveSockets::close_all() {
  const std::set<std::shared_ptr<LiveSocket>> all = sockets_;
  for (const auto& one : all) one->close(websocket::close_code::going_away, CloseReason::kShutdown);
}

void LiveSockets::stop() {
  const std::set<std::shared_ptr<LiveSocket>> all = sockets_;
  for (const auto& one : all) one->stop();
}

}  // namespace tenon::api_http
