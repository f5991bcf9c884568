// SPDX-License-Identifier: MIT
// Reads one HTTP/1 request from bytes as they come. The grammar is Beast's; what this adds is that nothing is kept that
// has no bound, and that a request whose end two readers could see in different places is refused.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "request.hpp"
#include "response.hpp"

namespace tenon::api_http {

struct RequestLimits {
  std::uint32_t header_bytes_max;   // of the request line and all fields, and of what lies between chunks of a body
  std::uint64_t header_fields_max;  // how many
  std::uint64_t body_bytes_max;
};

// Of one thread. Reads one request and is thrown away.
class RequestReader final : public boost::beast::http::basic_parser<true> {
 public:
  // The limits must outlive it.
  explicit RequestReader(const RequestLimits& limits);

  // Takes what it can from the front of `bytes` and returns how much; what is left is to be given again, with more
  // behind it. Needs: neither complete() nor refused().
  std::size_t take(std::string_view bytes);

  bool header_complete() const noexcept { return is_header_done(); }
  bool complete() const noexcept { return is_done(); }
  // What the client is told when no request comes of it; what follows on the connection cannot be read then.
  const std::optional<Failure>& refused() const noexcept { return refused_; }
  // Whether the client waits for a word before it sends the body.
  bool expects_continue() const noexcept { return expects_continue_; }

  const Request& request() const noexcept { return request_; }
  // Needs: complete().
  Request release();

 private:
  using Error = boost::system::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(Verb verb, Text method, Text target, int version, Error& error) override;
  void on_response_impl(int code, Text reason, int version, Error& error) override;
  void on_field_impl(FieldName name, Text text, Text value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override;
  std::size_t on_body_impl(Text body, Error& error) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, Error& error) override;
  void on_finish_impl(Error& error) override;

  void refuse(Failure failure) {
    if (!refused_) refused_ = std::move(failure);
  }
  Failure failure_of(const Error& error) const;
  // Sets an error that ends Beast's reading; refused_ says why.
  void stop(Error& error, Failure failure);

  const RequestLimits& limits_;
  Request request_;
  std::optional<Failure> refused_;
  bool expects_continue_ = false;
};

}  // namespace tenon::api_http
