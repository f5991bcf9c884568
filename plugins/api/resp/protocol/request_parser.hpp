// SPDX-License-Identifier: MIT
// Requests of the Redis protocol: an array of bulk strings, or a line of words.
//
//   *2\r\n$3\r\nGET\r\n$1\r\na\r\n        the same as the line        GET a\r\n
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::api_resp {

struct RequestLimits {
  std::uint64_t arguments_max;   // of one request
  std::uint64_t bulk_bytes_max;  // of one argument
  std::uint64_t line_bytes_max;  // of a request that is a line, and of the line before an array or a bulk string
};

// Remembers how far it has come in a request of which only a part is there, so that its cost is that of the bytes,
// however they arrive. Of one thread.
class RequestParser {
 public:
  enum class Status {
    kIncomplete,  // more bytes are needed
    kEmpty,       // a request without arguments, which has no answer
    kRequest,
    kMalformed,  // error() says why; nothing after it can be understood
  };

  explicit RequestParser(const RequestLimits& limits) noexcept : limits_(limits) {}

  // Reads one request at the beginning of `input`. After kIncomplete it needs the same bytes again, with more behind
  // them; after anything else it begins anew.
  Status parse(std::string_view input);
  // Forgets a request of which only a part was there.
  void restart() noexcept;
  // Gives back the memory of a request that had uncommonly many arguments. arguments() is empty from now on.
  void trim() noexcept;

  // Of the last kRequest: what was said, in the bytes of its input or of this object. Valid until the next parse().
  std::span<const std::string_view> arguments() const noexcept { return arguments_; }
  // Of the last kRequest or kEmpty: how many bytes it took.
  std::size_t size() const noexcept { return size_; }
  // Of the last kMalformed, as Redis says it.
  const std::string& error() const noexcept { return error_; }

 private:
  struct Place {
    std::size_t at;
    std::size_t size;
  };

  Status parse_array(std::string_view input);
  Status parse_count(std::string_view input);
  Status parse_line(std::string_view input);
  // The number behind the type byte at `at_`, whose line ends before `next`; false when the line is not whole.
  Status parse_header(std::string_view input, const char* too_long, std::string_view& digits, std::size_t& next);
  bool split(std::string_view line);
  Status malformed(std::string error);

  const RequestLimits limits_;
  std::size_t at_ = 0;         // what lies before it is understood
  std::uint64_t missing_ = 0;  // arguments of an array that are still to come
  bool in_array_ = false;
  bool has_bulk_size_ = false;
  std::size_t bulk_size_ = 0;
  std::size_t searched_ = 0;  // no end of line lies between at_ and here
  std::vector<Place> places_;
  std::vector<std::string_view> arguments_;
  std::size_t size_ = 0;
  std::string words_;  // of a line, with what was quoted
  std::string error_;
};

}  // namespace tenon::api_resp
