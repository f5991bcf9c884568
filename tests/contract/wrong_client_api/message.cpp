// SPDX-License-Identifier: MIT
#include "message.hpp"

#include "tenon/bytes.hpp"

namespace tenon::wrong_client_api {

namespace {

enum Type : std::uint8_t { kStop = 0, kI32 = 8, kI64 = 10, kString = 11, kStruct = 12 };
constexpr std::uint64_t kCallVersion = 0x80010001U;
constexpr std::uint64_t kReplyVersion = 0x80010002U;

// Big-endian, as Thrift has it.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : reader_(bytes) {}

  bool ok() const noexcept { return reader_.ok(); }
  void fail() noexcept { reader_.fail(); }
  std::uint64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : reader_.raw(size)) value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::string_view string() { return reader_.raw(static_cast<std::size_t>(integer(4))); }

 private:
  ByteReader reader_;
};

void append(std::string& bytes, std::uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}
void append_string(std::string& bytes, std::string_view value) {
  append(bytes, value.size(), 4);
  bytes.append(value);
}
void append_field(std::string& bytes, Type type, std::uint64_t id) {
  append(bytes, type, 1);
  append(bytes, id, 2);
}

std::string begin_reply(const Call& call, std::uint64_t field) {
  std::string message;
  append(message, kReplyVersion, 4);
  append_string(message, call.method);
  append(message, call.sequence, 4);
  append_field(message, kStruct, field);
  return message;
}

std::string end_reply(std::string message) {
  append(message, kStop, 1);
  append(message, kStop, 1);
  std::string frame;
  append_string(frame, message);
  return frame;
}

}  // namespace

std::optional<Call> take_call(std::string& input, bool& broken) {
  Reader frame(input);
  const std::uint64_t size = frame.integer(4);
  broken = frame.ok() && size > kFrameBytesMax;
  if (broken || !frame.ok() || input.size() < size + 4) return std::nullopt;
  const std::string message = input.substr(4, static_cast<std::size_t>(size));
  input.erase(0, message.size() + 4);
  Reader reader(message);
  if (reader.integer(4) != kCallVersion) reader.fail();
  Call call{.method = std::string(reader.string()), .sequence = reader.integer(4)};
  if (call.method != "put" && call.method != "get") reader.fail();
  if (reader.integer(1) != kStruct || reader.integer(2) != 1) reader.fail();
  for (std::string* text : {&call.key, &call.value}) {
    if (text == &call.value && call.method == "get") continue;
    if (reader.integer(1) != kString) reader.fail();
    reader.integer(2);
    *text = reader.string();
  }
  broken = !reader.ok();
  if (broken) return std::nullopt;
  return call;
}

std::string success(const Call& call, std::uint64_t revision, const tenon_record* record) {
  std::string message = begin_reply(call, 0);
  append_field(message, kI64, 1);
  append(message, revision, 8);
  if (record != nullptr) {
    append_field(message, kStruct, 2);
    append_field(message, kString, 1);
    append_string(message, view(record->key));
    append_field(message, kString, 2);
    append_string(message, view(record->value));
    append(message, kStop, 1);
  }
  return end_reply(std::move(message));
}

std::string failure(const Call& call, std::uint32_t code, std::uint32_t outcome) {
  std::string message = begin_reply(call, 1);
  append_field(message, kI32, 1);
  append(message, code, 4);
  append_field(message, kI32, 2);
  append(message, outcome, 4);
  return end_reply(std::move(message));
}

}  // namespace tenon::wrong_client_api
