// SPDX-License-Identifier: MIT
#include "hello_protocol.hpp"

#include "net/peer/hello.hpp"

namespace tenon::transport_thrift {

namespace {

using apache::thrift::TConfiguration;
using apache::thrift::protocol::TProtocolException;
using apache::thrift::transport::TMemoryBuffer;

constexpr std::int32_t kContainerSizeMax = 64;  // the interface needs TENON_CLIENT_ADDRESSES_MAX
constexpr int kRecursionMax = 8;                // the interface needs 4

std::shared_ptr<TMemoryBuffer> observe(std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  const auto limits = std::make_shared<TConfiguration>(static_cast<int>(net::kHelloBytesMax),
                                                       static_cast<int>(net::kHelloBytesMax), kRecursionMax);
  // The buffer only reads, but the library has one type for both ways.
  auto* const bytes = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(message.data()));
  return std::make_shared<TMemoryBuffer>(bytes, size, TMemoryBuffer::OBSERVE, limits);
}

bool is_value(std::uint8_t code) noexcept {
  using namespace apache::thrift::protocol;
  switch (code) {
    case T_BOOL:
    case T_BYTE:
    case T_I16:
    case T_I32:
    case T_I64:
    case T_DOUBLE:
    case T_STRING:
    case T_STRUCT:
    case T_MAP:
    case T_SET:
    case T_LIST:
      return true;
    default:
      return false;
  }
}

}  // namespace

HelloProtocol::HelloProtocol(std::string_view message) : HelloProtocol(observe(message)) {}

HelloProtocol::HelloProtocol(const std::shared_ptr<Buffer>& buffer) : TVirtualProtocol(buffer), buffer_(*buffer) {
  setStringSizeLimit(static_cast<std::int32_t>(net::kHelloBytesMax));
  setContainerSizeLimit(kContainerSizeMax);
  setStrict(true, true);
  std::uint32_t wanted = 4;
  const std::uint8_t* const bytes = buffer_.borrow(nullptr, &wanted);
  if (bytes == nullptr || bytes[3] < apache::thrift::protocol::T_CALL ||
      bytes[3] > apache::thrift::protocol::T_ONEWAY) {
    throw TProtocolException(TProtocolException::INVALID_DATA, "the message has no type");
  }
  Binary::readMessageBegin(method_, type_, sequence_id_);
}

// Looks at the type codes that the next `count` bytes are.
void HelloProtocol::check_types(std::uint32_t count) {
  std::uint32_t wanted = count;
  const std::uint8_t* const codes = buffer_.borrow(nullptr, &wanted);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (codes == nullptr || !is_value(codes[i])) {
      throw TProtocolException(TProtocolException::INVALID_DATA, "a type code is not one of Thrift's");
    }
  }
}

std::uint32_t HelloProtocol::readFieldBegin(std::string& name, Type& type, std::int16_t& id) {
  std::uint32_t wanted = 1;
  const std::uint8_t* const code = buffer_.borrow(nullptr, &wanted);
  if (code == nullptr || *code != apache::thrift::protocol::T_STOP) check_types(1);
  return Binary::readFieldBegin(name, type, id);
}

std::uint32_t HelloProtocol::readListBegin(Type& element, std::uint32_t& size) {
  check_types(1);
  return Binary::readListBegin(element, size);
}

std::uint32_t HelloProtocol::readSetBegin(Type& element, std::uint32_t& size) {
  check_types(1);
  return Binary::readSetBegin(element, size);
}

std::uint32_t HelloProtocol::readMapBegin(Type& key, Type& value, std::uint32_t& size) {
  check_types(2);
  return Binary::readMapBegin(key, value, size);
}

}  // namespace tenon::transport_thrift
