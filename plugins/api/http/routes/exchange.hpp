// SPDX-License-Identifier: MIT
// One request, and the place where its answer goes.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/admission.hpp"
#include "refused.hpp"
#include "request.hpp"
#include "response.hpp"
#include "target.hpp"
#include "tenon/check.hpp"

namespace tenon::api_http {

// A socket and the right to have it.
struct Connection {
  boost::asio::ip::tcp::socket socket;
  net::Admission::Ticket ticket;
};

// Brings the body of an answer as it comes to be. On the I/O thread.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // All that was brought has been handed to the operating system.
  virtual void on_sent() = 0;
  // Nothing was brought for a while; something without meaning shows both sides that the other is there.
  virtual void on_silence() = 0;
  // Nobody will read more. The last call.
  virtual void on_gone() = 0;
};

// A connection, as an exchange sees it. On the I/O thread.
class Client {
 public:
  virtual ~Client() = default;
  // The answer to the request of this slot, which was not answered before. Nothing happens when the connection is gone.
  virtual void answer(std::uint64_t slot, const Response& response, const Request& request,
                      std::string_view request_id) = 0;
  // The same for an answer whose body follows, by stream() and end_stream(). Returns false, and nothing was done, when
  // other requests of the connection wait for their answers, or it is gone.
  virtual bool begin_stream(std::uint64_t slot, const Response& head, const Request& request,
                            std::string_view request_id, std::shared_ptr<StreamSource> source) = 0;
  virtual void stream(std::string_view bytes) = 0;
  virtual void end_stream() = 0;
  // Gives the connection away, which then is closed for whoever had it. Returns nullopt, and nothing was done, when
  // other requests of it wait for their answers, something has come behind this one, or it is gone.
  virtual std::optional<Connection> give_away(std::uint64_t slot, const Request& request,
                                              std::string_view request_id) = 0;
};

// Of one thread. Is answered exactly once.
class Exchange {
 public:
  Exchange(std::shared_ptr<Client> client, std::uint64_t slot, Request request, std::string request_id)
      : request_(std::move(request)), request_id_(std::move(request_id)), client_(std::move(client)), slot_(slot) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const noexcept { return request_; }
  const std::string& request_id() const noexcept { return request_id_; }
  const Target& target() const noexcept { return target_; }
  void set_target(Target target) { target_ = std::move(target); }
  // What stands in the path behind that of the route, decoded.
  const std::string& rest() const noexcept { return rest_; }
  void set_rest(std::string rest) { rest_ = std::move(rest); }
  const std::string* parameter(std::string_view name) const noexcept { return target_.find(name); }

  // Header fields that every answer has beside its own, each with its CRLF.
  void set_fields(std::string fields) { fields_ = std::move(fields); }

  // Nobody reads the body any more.
  void forget_body() noexcept { std::string().swap(request_.body); }

  void respond(const Response& response) {
    TENON_CHECK(client_ != nullptr);
    const std::shared_ptr<Client> client = std::move(client_);
    if (fields_.empty()) return client->answer(slot_, response, request_, request_id_);
    client->answer(slot_, with_fields(response), request_, request_id_);
  }
  // Answers with a body that the source brings by way of the client that is returned; null: it cannot be, see there.
  std::shared_ptr<Client> begin_stream(const Response& head, std::shared_ptr<StreamSource> source) {
    TENON_CHECK(client_ != nullptr);
    if (!client_->begin_stream(slot_, with_fields(head), request_, request_id_, std::move(source))) return nullptr;
    return std::move(client_);
  }
  // Answers by giving the connection away.
  std::optional<Connection> take_connection() {
    TENON_CHECK(client_ != nullptr);
    std::optional<Connection> taken = client_->give_away(slot_, request_, request_id_);
    if (taken) client_ = nullptr;
    return taken;
  }
  void fail(const Failure& failure) { respond(response_of(failure, request_id_)); }

 private:
  Response with_fields(Response response) const {
    response.fields += fields_;
    return response;
  }

  Request request_;
  const std::string request_id_;
  Target target_;
  std::string rest_;
  std::string fields_;
  std::shared_ptr<Client> client_;  // null: answered
  const std::uint64_t slot_;
};

}  // namespace tenon::api_http
