// SPDX-License-Identifier: MIT
#include "request_parser.hpp"

#include <algorithm>
#include <optional>

#include "number.hpp"

namespace tenon::api_resp {

namespace {

// The room for arguments that a client without a request keeps.
constexpr std::size_t kArgumentsKept = 128;
constexpr std::size_t kWordBytesKept = 4096;
// What a request may make room for before its arguments have come.
constexpr std::uint64_t kReservedArgumentsMax = 64;
// Every argument of an array is followed by the end of a line, whose bytes Redis does not look at either.
constexpr std::size_t kLineEndBytes = 2;

bool is_space(char letter) noexcept { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

std::optional<unsigned> hexadecimal(char letter) noexcept {
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
  if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a' + 10);
  if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A' + 10);
  return std::nullopt;
}

char unescaped(char letter) noexcept {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return letter;
  }
}

}  // namespace

void RequestParser::restart() noexcept {
  at_ = 0;
  missing_ = 0;
  in_array_ = false;
  has_bulk_size_ = false;
  searched_ = 0;
  places_.clear();
}

void RequestParser::trim() noexcept {
  arguments_.clear();
  if (arguments_.capacity() > kArgumentsKept) std::vector<std::string_view>().swap(arguments_);
  if (words_.capacity() > kWordBytesKept) std::string().swap(words_);
  if (!in_array_ && places_.capacity() > kArgumentsKept) std::vector<Place>().swap(places_);
}

RequestParser::Status RequestParser::malformed(std::string error) {
  error_ = "Protocol error: " + std::move(error);
  restart();
  return Status::kMalformed;
}

RequestParser::Status RequestParser::parse(std::string_view input) {
  if (input.empty()) return Status::kIncomplete;
  if (!in_array_ && input.front() != '*') return parse_line(input);
  if (!in_array_) {
    const Status status = parse_count(input);
    if (status != Status::kRequest) return status;
  }
  return parse_array(input);
}

RequestParser::Status RequestParser::parse_header(std::string_view input, const char* too_long,
                                                  std::string_view& digits, std::size_t& next) {
  const std::size_t end = input.find('\r', std::max(at_, searched_));
  if (end == std::string_view::npos) {
    searched_ = input.size();
    if (input.size() - at_ > limits_.line_bytes_max) return malformed(too_long);
    return Status::kIncomplete;
  }
  searched_ = end;
  if (end - at_ > limits_.line_bytes_max) return malformed(too_long);
  if (input.size() - end < kLineEndBytes) return Status::kIncomplete;
  digits = input.substr(at_ + 1, end - at_ - 1);
  next = end + kLineEndBytes;
  return Status::kRequest;
}

RequestParser::Status RequestParser::parse_count(std::string_view input) {
  std::string_view digits;
  std::size_t next = 0;
  const Status status = parse_header(input, "too big mbulk count string", digits, next);
  if (status != Status::kRequest) return status;
  const std::optional<std::int64_t> count = parse_integer(digits);
  if (!count || (*count > 0 && static_cast<std::uint64_t>(*count) > limits_.arguments_max)) {
    return malformed("invalid multibulk length");
  }
  if (*count <= 0) {
    size_ = next;
    restart();
    return Status::kEmpty;
  }
  at_ = next;
  missing_ = static_cast<std::uint64_t>(*count);
  in_array_ = true;
  places_.reserve(static_cast<std::size_t>(std::min(missing_, kReservedArgumentsMax)));
  return Status::kRequest;
}

RequestParser::Status RequestParser::parse_array(std::string_view input) {
  for (; missing_ > 0; --missing_) {
    if (!has_bulk_size_) {
      if (at_ == input.size()) return Status::kIncomplete;
      std::string_view digits;
      std::size_t next = 0;
      const Status status = parse_header(input, "too big bulk count string", digits, next);
      if (status != Status::kRequest) return status;
      if (input[at_] != '$') return malformed(std::string("expected '$', got '") + input[at_] + "'");
      const std::optional<std::int64_t> size = parse_integer(digits);
      if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > limits_.bulk_bytes_max) {
        return malformed("invalid bulk length");
      }
      bulk_size_ = static_cast<std::size_t>(*size);
      has_bulk_size_ = true;
      at_ = next;
    }
    if (input.size() - at_ < bulk_size_ + kLineEndBytes) return Status::kIncomplete;
    places_.push_back({at_, bulk_size_});
    at_ += bulk_size_ + kLineEndBytes;
    has_bulk_size_ = false;
  }
  arguments_.clear();
  for (const Place& place : places_) arguments_.push_back(input.substr(place.at, place.size));
  size_ = at_;
  restart();
  return Status::kRequest;
}

RequestParser::Status RequestParser::parse_line(std::string_view input) {
  const std::size_t end = input.find('\n', searched_);
  std::string_view line = input.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  // Of a line that has not come whole too, so that it does not matter in how many pieces it comes.
  if (line.size() > limits_.line_bytes_max) return malformed("too big inline request");
  if (end == std::string_view::npos) {
    searched_ = input.size();
    return Status::kIncomplete;
  }
  if (!split(line)) return malformed("unbalanced quotes in request");
  arguments_.clear();
  for (const Place& place : places_) arguments_.push_back(std::string_view(words_).substr(place.at, place.size));
  size_ = end + 1;
  restart();
  return arguments_.empty() ? Status::kEmpty : Status::kRequest;
}

// Words between spaces; within "" a backslash makes the next byte special, within '' only another ' is. A closing quote
// ends its word, so that a space or the end must follow.
bool RequestParser::split(std::string_view line) {
  words_.clear();
  places_.clear();
  std::size_t i = 0;
  const auto at_end_of_word = [&] { return i == line.size() || is_space(line[i]); };
  while (true) {
    while (i < line.size() && is_space(line[i])) ++i;
    if (i == line.size()) return true;
    const std::size_t begin = words_.size();
    char quote = 0;
    while (quote != 0 || !at_end_of_word()) {
      if (i == line.size()) return false;
      const char letter = line[i++];
      if (quote == 0 && (letter == '"' || letter == '\'')) {
        quote = letter;
      } else if (quote != 0 && letter == quote) {
        if (!at_end_of_word()) return false;
        quote = 0;
        break;
      } else if (quote == '"' && letter == '\\' && i < line.size()) {
        const auto high = i + 2 < line.size() && line[i] == 'x' ? hexadecimal(line[i + 1]) : std::nullopt;
        const auto low = high ? hexadecimal(line[i + 2]) : std::nullopt;
        words_.push_back(low ? static_cast<char>(*high << 4 | *low) : unescaped(line[i]));
        i += low ? std::size_t{3} : std::size_t{1};
      } else if (quote == '\'' && letter == '\\' && i < line.size() && line[i] == '\'') {
        words_.push_back(line[i++]);
      } else {
        words_.push_back(letter);
      }
    }
    places_.push_back({begin, words_.size() - begin});
  }
}

}  // namespace tenon::api_resp
