// SPDX-License-Identifier: MIT
// What a client is told: an answer with its fields and its body, or a failure, of which there is one form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::api_http {

inline constexpr std::string_view kBytesType = "application/octet-stream";
inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// A bound that was met, as the error names it.
struct Limit {
  std::string name;  // of the option or of the bound
  std::uint64_t value;
};

// Why a request was not answered as it wished. Its form on the wire is
// {"error": {"code", "message", "status", "request_id"} and, where they are known, "outcome", "limit", "leader"}.
struct Failure {
  unsigned status;
  std::string code;  // one word for programs; docs/apis/http-api.md lists them
  std::string message;
  std::optional<Limit> limit = std::nullopt;
  std::string outcome = "refused";  // refused: surely not applied; unknown: perhaps; done: executed, changed nothing
  std::uint64_t leader = 0;         // 0: not known
  std::string leader_address = {};  // a URL; empty: not known
  std::string fields = {};          // more header fields, each with its CRLF
};

struct Response {
  unsigned status = 200;
  std::string_view content_type = kJsonType;
  std::string body;
  std::string fields = {};                // more header fields, each with its CRLF
  std::string_view caching = "no-store";  // the value of Cache-Control
};

// The value in printable characters; what could end a header field is left out.
std::string field_line(std::string_view name, std::string_view value);

// {"name", "value"}
std::string limit_json(const Limit& limit);

// As JSON text.
std::string quoted(std::string_view text);

// Counts for what statuses the plugin answers. A status that is not here counts as 500.
inline constexpr unsigned kStatuses[] = {101, 200, 204, 304, 307, 400, 403, 404, 405, 408, 409, 410, 411, 412,
                                         413, 414, 415, 421, 422, 426, 429, 431, 500, 501, 503, 504, 505, 507};
std::string_view reason_of(unsigned status) noexcept;

Response response_of(const Failure& failure, std::string_view request_id);

enum class Body {
  kWhole,    // with its length
  kNone,     // of HEAD: its length, and not the body
  kChunked,  // it follows in chunks
  kToTheEnd  // it follows until the connection ends
};
// The whole message, or the head of one whose body follows. `date` is the value of the field Date.
struct Framing {
  bool keep_alive;
  Body body;
  std::string_view request_id;
  std::string_view date;
};
std::string serialize(const Response& response, const Framing& framing);
// A part of a chunked body; an empty one would end it.
std::string chunk_of(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace tenon::api_http
