// SPDX-License-Identifier: MIT
// The two requests and the beginning of their answers are coded here and not by Thrift, which allocates for each; a
// test compares them with what Thrift makes. Binary protocol, strict: integers big-endian,
//   request  u32 0x80010001, block method, u32 number, field 1 struct { field 1 string key, field 2 string value,
//            field 4 integer ttl_ms }, stop
//   answer   u32 0x80010002, block method, u32 number, field 0 struct: done, or field 1 struct: the error
// where a field is u8 type, u16 id, and a block u32 size and bytes.
#include "tenon_client/pipeline.hpp"

#include <Kv.h>

#include <array>
#include <cstring>

#include "caller.hpp"
#include "connection.hpp"

namespace tenon::client {
namespace {

constexpr std::uint32_t kCall = 0x80010001;
constexpr std::uint32_t kReply = 0x80010002;
constexpr char kTypeInteger = 10;  // of 64 bits
constexpr char kTypeString = 11;
constexpr char kTypeStruct = 12;
constexpr std::size_t kInputStep = std::size_t{64} << 10;
constexpr std::size_t kMethodBytesMax = 64;
constexpr std::uint32_t kHelloNumber = 0;

std::array<char, 4> encoded(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
void append_number(std::string& output, std::uint32_t value) { output.append(encoded(value).data(), 4); }
void append_block(std::string& output, std::string_view value) {
  append_number(output, static_cast<std::uint32_t>(value.size()));
  output.append(value);
}
void append_field(std::string& output, char type, char id) { output.append({type, '\0', id}); }

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

AnswerOutcome outcome_of(int outcome) {
  switch (outcome) {
    case thrift_api::Outcome::REFUSED:
    case thrift_api::Outcome::SESSION_EXPIRED:
      return AnswerOutcome::kRefused;
    case thrift_api::Outcome::OVERLOADED:
      return AnswerOutcome::kOverloaded;
    default:
      return AnswerOutcome::kUnknown;
  }
}

[[noreturn]] void throw_no_answer() {
  throw NoConnection("found bytes that are no answer; this is not a framed Thrift API, or not one of Tenon");
}

// `body` begins behind the number of the answer.
PipelineAnswer decode(std::uint32_t number, std::string_view body) {
  if (body.size() < 3 || body[0] != kTypeStruct) throw_no_answer();
  if (body[2] == 0) return {number, AnswerOutcome::kDone, ErrorCode::kInternal};
  thrift_api::TenonError error;
  try {
    std::string frame(body.substr(3));
    error.read(reading(frame).get());
  } catch (const apache::thrift::TException&) {
    throw_no_answer();
  }
  return {number, outcome_of(wire_number(error.outcome)), to_code(wire_number(error.code))};
}

}  // namespace

Pipeline::Pipeline(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  try {
    connection_ = std::make_unique<Connection>(endpoint, timeout);
    std::string hello;
    append_number(hello, kCall);
    append_block(hello, "allowReordering");
    append_number(hello, kHelloNumber);
    hello.push_back('\0');
    const Connection::Clock::time_point deadline = Connection::Clock::now() + timeout;
    connection_->send_frame(hello, deadline);
    connection_->receive_frame(deadline);
  } catch (const ConnectionError& error) {
    throw NoConnection(endpoint.text() + ": " + error.what());
  }
}

Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

int Pipeline::descriptor() const noexcept { return connection_->descriptor(); }

void Pipeline::put(std::uint32_t number, std::string_view key, std::string_view value,
                   std::chrono::milliseconds time_to_live) {
  queue("put", number, key, &value, time_to_live.count());
}

void Pipeline::get(std::uint32_t number, std::string_view key) { queue("get", number, key, nullptr, 0); }

void Pipeline::queue(std::string_view method, std::uint32_t number, std::string_view key, const std::string_view* value,
                     std::int64_t ttl_ms) {
  const std::size_t begin = output_.size();
  append_number(output_, 0);
  append_number(output_, kCall);
  append_block(output_, method);
  append_number(output_, number);
  append_field(output_, kTypeStruct, 1);
  append_field(output_, kTypeString, 1);
  append_block(output_, key);
  if (value != nullptr) {
    append_field(output_, kTypeString, 2);
    append_block(output_, *value);
  }
  if (ttl_ms != 0) {
    append_field(output_, kTypeInteger, 4);
    append_number(output_, static_cast<std::uint32_t>(static_cast<std::uint64_t>(ttl_ms) >> 32));
    append_number(output_, static_cast<std::uint32_t>(ttl_ms));
  }
  output_.append(2, '\0');
  const std::array<char, 4> length = encoded(static_cast<std::uint32_t>(output_.size() - begin - 4));
  output_.replace(begin, length.size(), length.data(), length.size());
}

bool Pipeline::flush() {
  try {
    while (sent_ < output_.size()) {
      const std::size_t sent = connection_->send_some(std::string_view(output_).substr(sent_));
      if (sent == 0) {
        // What is gone is dropped once it is the larger part, so that each byte is moved once on average.
        if (sent_ > output_.size() / 2) {
          output_.erase(0, sent_);
          sent_ = 0;
        }
        return false;
      }
      sent_ += sent;
    }
  } catch (const ConnectionError& error) {
    throw NoConnection(error.what());
  }
  output_.clear();
  sent_ = 0;
  return true;
}

std::size_t Pipeline::receive(const std::function<void(const PipelineAnswer&)>& take) {
  if (input_.size() - received_ < kInputStep) input_.resize(received_ + kInputStep);
  try {
    received_ += connection_->receive_some(input_.data() + received_, input_.size() - received_);
  } catch (const ConnectionError& error) {
    throw NoConnection(error.what());
  }
  return take_answers(take);
}

std::size_t Pipeline::take_answers(const std::function<void(const PipelineAnswer&)>& take) {
  const std::string_view input = std::string_view(input_).substr(0, received_);
  std::size_t count = 0;
  std::size_t at = 0;
  while (input.size() - at >= 4) {
    const std::size_t size = number_at(input, at);
    if (size > Connection::kFrameBytesMax || size < 12) throw_no_answer();
    if (input.size() - at - 4 < size) break;
    const std::string_view frame = input.substr(at + 4, size);
    const std::size_t method_bytes = number_at(frame, 4);
    if (number_at(frame, 0) != kReply || method_bytes > kMethodBytesMax || frame.size() < method_bytes + 12) {
      throw_no_answer();
    }
    take(decode(number_at(frame, 8 + method_bytes), frame.substr(12 + method_bytes)));
    ++count;
    at += 4 + size;
  }
  received_ -= at;
  std::memmove(input_.data(), input_.data() + at, received_);
  return count;
}

}  // namespace tenon::client
