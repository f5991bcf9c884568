// SPDX-License-Identifier: MIT
// Thrift's framed transport and strict binary protocol by hand: put() and get() of the service Kv. All integers are
// big-endian.
//
//   frame   = size (i32), message
//   message = 0x8001 (i16), 0 (i8), type (i8), method (string), sequence (i32), struct
//   string  = size (i32), bytes
//   struct  = { type (i8, not 0), id (i16), value }, 0 (i8)
#include "client_api/driver.hpp"

namespace tenon::plugin_check {

namespace {

enum Type : std::uint8_t {
  kStop = 0,
  kBool = 2,
  kByte = 3,
  kDouble = 4,
  kI16 = 6,
  kI32 = 8,
  kI64 = 10,
  kString = 11,
  kStruct = 12,
  kMap = 13,
  kSet = 14,
  kList = 15
};
enum MessageType : std::uint8_t { kCall = 1, kReply = 2 };
enum Outcome : std::uint64_t { kOutcomeUnknown = 0, kOutcomeSessionExpired = 3 };
constexpr int kDepthMax = 16;

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

// A call of a method whose one argument is a struct of these strings.
std::string call_bytes(std::string_view method, std::uint64_t number, std::initializer_list<std::string_view> strings) {
  std::string message;
  append(message, 0x80010000U + kCall, 4);
  append_string(message, method);
  append(message, number, 4);
  append_field(message, kStruct, 1);
  std::uint64_t id = 0;
  for (const std::string_view value : strings) {
    append_field(message, kString, ++id);
    append_string(message, value);
  }
  append(message, kStop, 1);
  append(message, kStop, 1);
  std::string frame;
  append_string(frame, message);
  return frame;
}

// Reads a message; the first thing that does not fit makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const noexcept { return ok_; }
  std::uint64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : raw(size)) value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::string_view string() { return raw(integer(4)); }
  void skip(std::uint64_t type, int depth = 0);
  // Calls field(type, id) for each field of a struct, which has to read or skip it.
  template <class Field>
  void read_struct(Field&& field) {
    for (std::uint64_t type = integer(1); ok_ && type != kStop; type = integer(1)) {
      const std::uint64_t id = integer(2);
      field(type, id);
    }
  }

 private:
  std::string_view raw(std::uint64_t size) {
    if (size > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

void Reader::skip(std::uint64_t type, int depth) {
  if (depth > kDepthMax) ok_ = false;
  if (type == kBool || type == kByte) raw(1);
  if (type == kI16) raw(2);
  if (type == kI32) raw(4);
  if (type == kI64 || type == kDouble) raw(8);
  if (type == kString) string();
  if (type == kStruct) read_struct([&](std::uint64_t inner, std::uint64_t) { skip(inner, depth + 1); });
  if (type == kSet || type == kList) {
    const std::uint64_t inner = integer(1);
    for (std::uint64_t count = integer(4); ok_ && count > 0; --count) skip(inner, depth + 1);
  }
  if (type == kMap) {
    const std::uint64_t key = integer(1);
    const std::uint64_t value = integer(1);
    for (std::uint64_t count = integer(4); ok_ && count > 0; --count) {
      skip(key, depth + 1);
      skip(value, depth + 1);
    }
  }
}

// GetReply: 2 is the record, whose 2 is the value. A PutReply that was asked for nothing has no such field.
std::string value_of(Reader& reader) {
  std::string value;
  reader.read_struct([&](std::uint64_t type, std::uint64_t id) {
    if (id != 2 || type != kStruct) return reader.skip(type);
    reader.read_struct([&](std::uint64_t inner, std::uint64_t member) {
      if (member != 2 || inner != kString) return reader.skip(inner);
      value = reader.string();
    });
  });
  return value;
}

// TenonError: 2 is the outcome, 3 the message. Of an expired session nothing is known.
void read_error(Reader& reader, Reply& reply) {
  std::uint64_t outcome = kOutcomeUnknown;
  reader.read_struct([&](std::uint64_t type, std::uint64_t id) {
    if (id == 2 && type == kI32) {
      outcome = reader.integer(4);
    } else if (id == 3 && type == kString) {
      reply.words = reader.string();
    } else {
      reader.skip(type);
    }
  });
  reply.told = outcome == kOutcomeUnknown || outcome == kOutcomeSessionExpired ? Told::unknown : Told::failed;
}

class ThriftDriver final : public Driver {
 public:
  std::string put(std::uint64_t number, std::string_view key, std::string_view value) const override {
    return call_bytes("put", number, {key, value});
  }
  std::string get(std::uint64_t number, std::string_view key) const override {
    return call_bytes("get", number, {key});
  }

  std::optional<Reply> take_reply(std::string& input, std::uint64_t) const override {
    Reader frame(input);
    const std::string message(frame.string());
    if (!frame.ok()) return std::nullopt;
    input.erase(0, message.size() + 4);
    Reader reader(message);
    const std::uint64_t type = reader.integer(4) & 0xffU;
    reader.string();
    Reply reply{reader.integer(4), Told::strange, {}, {}};
    if (type == kReply) {
      reader.read_struct([&](std::uint64_t field, std::uint64_t id) {
        if (field != kStruct || id > 1) return reader.skip(field);
        if (id == 1) return read_error(reader, reply);
        reply.told = Told::done;
        reply.value = value_of(reader);
      });
    }
    if (!reader.ok()) reply = {reply.number, Told::strange, {}, "it is cut short"};
    return reply;
  }
};

}  // namespace

std::unique_ptr<Driver> driver_for(std::string_view scheme) {
  const std::string_view protocol = scheme.substr(0, scheme.find('_'));
  if (protocol == "thrift") return std::make_unique<ThriftDriver>();
  return nullptr;
}

}  // namespace tenon::plugin_check
