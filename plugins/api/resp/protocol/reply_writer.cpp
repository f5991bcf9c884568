// SPDX-License-Identifier: MIT
#include "reply_writer.hpp"

#include <array>
#include <charconv>

namespace tenon::api_resp {

namespace {

constexpr std::size_t kDigitsMax = 20;  // of 64 bits, with the sign

}  // namespace

void ReplyWriter::header(char type, std::int64_t number) {
  std::array<char, 1 + kDigitsMax + 2> text;
  text[0] = type;
  char* end = std::to_chars(text.data() + 1, text.data() + text.size() - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  output_->append(text.data(), static_cast<std::size_t>(end - text.data()));
}

void ReplyWriter::simple(std::string_view text) {
  output_->push_back('+');
  output_->append(text);
  output_->append("\r\n");
}

void ReplyWriter::error(std::string_view text) {
  output_->push_back('-');
  for (const char letter : text) output_->push_back(letter == '\r' || letter == '\n' ? ' ' : letter);
  output_->append("\r\n");
}

void ReplyWriter::bulk(std::string_view value) {
  header('$', static_cast<std::int64_t>(value.size()));
  output_->append(value);
  output_->append("\r\n");
}

void ReplyWriter::bulk_of(std::int64_t number) {
  std::array<char, kDigitsMax> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  bulk({text.data(), static_cast<std::size_t>(end - text.data())});
}

void ReplyWriter::boolean(bool value) {
  if (protocol_ < 3) return integer(value ? 1 : 0);
  output_->append(value ? "#t\r\n" : "#f\r\n");
}

void ReplyWriter::verbatim(std::string_view text) {
  if (protocol_ < 3) return bulk(text);
  header('=', static_cast<std::int64_t>(text.size() + 4));
  output_->append("txt:");
  output_->append(text);
  output_->append("\r\n");
}

}  // namespace tenon::api_resp
