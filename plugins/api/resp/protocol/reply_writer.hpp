// SPDX-License-Identifier: MIT
// Replies of the Redis protocol, in its version 2 or 3. What only version 3 has becomes what version 2 clients expect:
// a map its keys and values in an array, a set or a push an array, a truth value an integer, a double a bulk string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::api_resp {

inline constexpr int kOldestProtocol = 2;
inline constexpr int kNewestProtocol = 3;

// Appends to a string that must outlive it.
class ReplyWriter {
 public:
  ReplyWriter(std::string& output, int protocol) noexcept : output_(&output), protocol_(protocol) {}

  void ok() { output_->append("+OK\r\n"); }
  // Needs: no end of line in it.
  void simple(std::string_view text);
  // Begins with the word of the error, such as ERR. Bytes that would end the line become spaces.
  void error(std::string_view text);
  void integer(std::int64_t number) { header(':', number); }
  void bulk(std::string_view value);
  void bulk_of(std::int64_t number);
  void null() { output_->append(protocol_ < 3 ? "$-1\r\n" : "_\r\n"); }
  void null_array() { output_->append(protocol_ < 3 ? "*-1\r\n" : "_\r\n"); }
  void boolean(bool value);
  // Text for people.
  void verbatim(std::string_view text);
  // The elements follow.
  void array(std::size_t count) { header('*', static_cast<std::int64_t>(count)); }
  void set(std::size_t count) { header(protocol_ < 3 ? '*' : '~', static_cast<std::int64_t>(count)); }
  void push(std::size_t count) { header(protocol_ < 3 ? '*' : '>', static_cast<std::int64_t>(count)); }
  // `count` keys, each followed by its value.
  void map(std::size_t count) {
    header(protocol_ < 3 ? '*' : '%', static_cast<std::int64_t>(protocol_ < 3 ? 2 * count : count));
  }
  // Replies that were written elsewhere.
  void raw(std::string_view written) { output_->append(written); }

  int protocol() const noexcept { return protocol_; }
  void set_protocol(int protocol) noexcept { protocol_ = protocol; }

 private:
  void header(char type, std::int64_t number);

  std::string* output_;
  int protocol_;
};

}  // namespace tenon::api_resp
