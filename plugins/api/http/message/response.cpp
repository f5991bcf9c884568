// SPDX-License-Identifier: MIT
#include "response.hpp"

#include <array>
#include <boost/beast/http/status.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <charconv>

namespace tenon::api_http {

namespace {

// An error's message may have what a client has sent; beyond this much of it nobody reads.
constexpr std::size_t kMessageBytesMax = 1024;

bool is_utf8_continuation(char letter) noexcept { return (static_cast<unsigned char>(letter) & 0xc0) == 0x80; }

std::string_view shortened(std::string_view text) noexcept {
  if (text.size() <= kMessageBytesMax) return text;
  std::size_t end = kMessageBytesMax;
  while (end > 0 && is_utf8_continuation(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace

std::string field_line(std::string_view name, std::string_view value) {
  std::string line(name);
  line += ": ";
  for (const char letter : value) {
    if (letter >= ' ' && letter <= '~') line += letter;
  }
  return line += "\r\n";
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(boost::json::string_view(text.data(), text.size())));
}

std::string limit_json(const Limit& limit) {
  return "{\"name\":" + quoted(limit.name) + ",\"value\":" + std::to_string(limit.value) + "}";
}

std::string_view reason_of(unsigned status) noexcept {
  const auto text = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  return {text.data(), text.size()};
}

Response response_of(const Failure& failure, std::string_view request_id) {
  Response response;
  response.status = failure.status;
  response.fields = failure.fields;
  std::string& text = response.body;
  text = "{\"error\":{\"code\":" + quoted(failure.code) + ",\"message\":" + quoted(shortened(failure.message));
  text += ",\"status\":" + std::to_string(failure.status);
  text += ",\"outcome\":" + quoted(failure.outcome) + ",\"request_id\":" + quoted(request_id);
  if (failure.limit) text += ",\"limit\":" + limit_json(*failure.limit);
  if (failure.leader != 0) {
    text += ",\"leader\":{\"node\":" + quoted(std::to_string(failure.leader));
    if (!failure.leader_address.empty()) text += ",\"address\":" + quoted(failure.leader_address);
    text += "}";
  }
  text += "}}\n";
  return response;
}

std::string serialize(const Response& response, const Framing& framing) {
  const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
  std::string text;
  text.reserve(320 + response.fields.size() + response.body.size());
  text.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_of(response.status));
  text.append("\r\nServer: tenon\r\nDate: ").append(framing.date).append("\r\n");
  if (has_body) {
    text.append("Content-Type: ").append(response.content_type).append("\r\n");
    if (framing.body == Body::kWhole || framing.body == Body::kNone) {
      text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    } else if (framing.body == Body::kChunked) {
      text.append("Transfer-Encoding: chunked\r\n");
    }
  }
  text.append("Cache-Control: ").append(response.caching).append("\r\nX-Content-Type-Options: nosniff\r\n");
  if (!framing.request_id.empty()) text.append("X-Request-ID: ").append(framing.request_id).append("\r\n");
  text.append(framing.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  text.append(response.fields).append("\r\n");
  if (has_body && framing.body == Body::kWhole) text.append(response.body);
  return text;
}

std::string chunk_of(std::string_view bytes) {
  std::array<char, 16> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
  std::string chunk(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return chunk.append("\r\n").append(bytes).append("\r\n");
}

}  // namespace tenon::api_http
