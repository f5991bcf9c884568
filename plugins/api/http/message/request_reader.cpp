// SPDX-License-Identifier: MIT
#include "request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace tenon::api_http {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// What a body in chunks still has before it is complete, at the least: `0`, and the ends of two lines. Beast takes it
// for granted when it looks at a last chunk again, and ends the process when there is less.
constexpr std::size_t kLastChunkBytesMin = 5;

std::string_view text_of(beast::string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace

std::optional<std::string_view> Request::field(std::string_view name) const noexcept {
  for (const Field& one : fields) {
    if (one.known == FieldName::unknown && beast::iequals(one.name, beast::string_view(name.data(), name.size()))) {
      return one.value;
    }
  }
  return std::nullopt;
}

RequestReader::RequestReader(const RequestLimits& limits) : limits_(limits) {
  header_limit(limits.header_bytes_max);
  body_limit(limits.body_bytes_max);
  eager(true);
}

std::size_t RequestReader::take(std::string_view bytes) {
  std::size_t taken = 0;
  // Beast may stop between two parts of a message that are both there.
  while (taken < bytes.size() && !complete() && !refused_) {
    if (header_complete() && chunked() && bytes.size() - taken < kLastChunkBytesMin) break;
    Error error;
    const std::size_t count = put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += count;
    if (error == http::error::need_more || (!error && count == 0)) break;
    if (error) refuse(failure_of(error));
  }
  if (!refused_ && !complete() && bytes.size() - taken > limits_.header_bytes_max) {
    refuse(failure_of(http::make_error_code(http::error::header_limit)));
  }
  return taken;
}

Request RequestReader::release() {
  request_.keep_alive = keep_alive();
  request_.is_upgrade = upgrade();
  return std::move(request_);
}

Failure RequestReader::failure_of(const Error& error) const {
  if (error == http::error::header_limit) {
    return {431, "header_too_large",
            "the request line and header fields have more than " + std::to_string(limits_.header_bytes_max) +
                " bytes (header_bytes_max)",
            Limit{"header_bytes_max", limits_.header_bytes_max}};
  }
  if (error == http::error::body_limit) {
    return {413, "body_too_large",
            "the body has more than " + std::to_string(limits_.body_bytes_max) + " bytes (body_bytes_max)",
            Limit{"body_bytes_max", limits_.body_bytes_max}};
  }
  if (error == http::error::bad_version) {
    return {505, "version_not_supported", "the request line does not end with HTTP/1.1 or HTTP/1.0 and CRLF"};
  }
  return {400, "malformed_request", "this is no HTTP/1 request: " + error.message()};
}

void RequestReader::stop(Error& error, Failure failure) {
  refuse(std::move(failure));
  error = http::make_error_code(http::error::bad_value);
}

void RequestReader::on_request_impl(Verb verb, Text method, Text target, int version, Error& error) {
  request_.verb = verb;
  request_.method = text_of(method);
  request_.target = text_of(target);
  request_.version = static_cast<unsigned>(version);
  if (version != 10 && version != 11) error = http::make_error_code(http::error::bad_version);
}

void RequestReader::on_response_impl(int, Text, int, Error&) {}

void RequestReader::on_field_impl(FieldName name, Text text, Text value, Error& error) {
  if (header_complete()) return;  // a trailer, which nobody here reads
  if (request_.fields.size() >= limits_.header_fields_max) {
    return stop(error, {431, "too_many_fields",
                        "the request has more than " + std::to_string(limits_.header_fields_max) +
                            " header fields (header_fields_max)",
                        Limit{"header_fields_max", limits_.header_fields_max}});
  }
  // Two readers of another coding could see the end of the request in different places.
  if (name == FieldName::transfer_encoding && (request_.version == 10 || !beast::iequals(value, "chunked"))) {
    return stop(error, {501, "unknown_transfer_coding",
                        "found a transfer coding other than chunked; send the body as it is, with Content-Length or "
                        "chunked"});
  }
  if (name == FieldName::expect) {
    if (!beast::iequals(value, "100-continue")) {
      return stop(error, {400, "unknown_expectation", "found an Expect other than 100-continue; leave it out"});
    }
    expects_continue_ = true;
  }
  request_.fields.push_back({name, std::string(text_of(text)), std::string(text_of(value))});
}

void RequestReader::on_header_impl(Error&) {}

void RequestReader::on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) {}

std::size_t RequestReader::on_body_impl(Text body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestReader::on_chunk_header_impl(std::uint64_t, Text, Error&) {}

std::size_t RequestReader::on_chunk_body_impl(std::uint64_t, Text body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestReader::on_finish_impl(Error&) {}

}  // namespace tenon::api_http
