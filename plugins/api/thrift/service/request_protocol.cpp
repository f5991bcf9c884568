// SPDX-License-Identifier: MIT
#include "request_protocol.hpp"

namespace tenon::api_thrift {

namespace {

using apache::thrift::TConfiguration;
using apache::thrift::protocol::TMessageType;
using apache::thrift::protocol::TProtocolException;
using apache::thrift::protocol::TType;
using apache::thrift::transport::TMemoryBuffer;

std::shared_ptr<TMemoryBuffer> observe(std::string_view frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  // Of every message a new buffer: the library's count of what a message has consumed is not set back between two.
  const auto limits = std::make_shared<TConfiguration>(static_cast<int>(size), static_cast<int>(size), kRecursionMax);
  // The buffer never writes to what it only observes.
  auto* const bytes = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(frame.data()));
  return std::make_shared<TMemoryBuffer>(bytes, size, TMemoryBuffer::OBSERVE, limits);
}

// The fewest bytes that a value of this type can take; 0 for a code that is not the type of a value.
std::uint32_t least_bytes(std::uint8_t type) noexcept {
  switch (type) {
    case apache::thrift::protocol::T_BOOL:
    case apache::thrift::protocol::T_BYTE:
    case apache::thrift::protocol::T_STRUCT:
      return 1;  // a struct ends with a stop
    case apache::thrift::protocol::T_I16:
      return 2;
    case apache::thrift::protocol::T_I32:
    case apache::thrift::protocol::T_STRING:
      return 4;
    case apache::thrift::protocol::T_DOUBLE:
    case apache::thrift::protocol::T_I64:
      return 8;
    case apache::thrift::protocol::T_SET:
    case apache::thrift::protocol::T_LIST:
      return 5;
    case apache::thrift::protocol::T_MAP:
      return 6;
    default:
      return 0;
  }
}

std::int32_t big_endian(const std::uint8_t* bytes) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes[0]) << 24 |
                                   static_cast<std::uint32_t>(bytes[1]) << 16 |
                                   static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
}

}  // namespace

RequestProtocol::RequestProtocol(std::string_view frame) : RequestProtocol(observe(frame)) {}

RequestProtocol::RequestProtocol(const std::shared_ptr<TMemoryBuffer>& buffer)
    : TVirtualProtocol(buffer), buffer_(*buffer) {
  setStringSizeLimit(static_cast<std::int32_t>(std::max(buffer_.available_read(), 1u)));
  setContainerSizeLimit(kContainerSizeMax);
  setStrict(true, true);
  // The name is read by the library without virtual calls, so its length is looked at here.
  std::uint32_t wanted = 8;
  const std::uint8_t* const bytes = buffer_.borrow(nullptr, &wanted);
  if (bytes != nullptr && big_endian(bytes) < 0) {
    const std::int32_t size = big_endian(bytes + 4);
    if (size > 0 && static_cast<std::uint32_t>(size) > buffer_.available_read() - 8) {
      refuse(TProtocolException::SIZE_LIMIT, "the method's name is longer than the frame");
    }
  }
  if (bytes != nullptr) header_.type = bytes[3];
  TMessageType unchecked;
  Binary::readMessageBegin(header_.name, unchecked, header_.sequence_id);
  method_ = header_.name;
}

std::uint32_t RequestProtocol::readMessageBegin(std::string& name, TMessageType& type, std::int32_t& sequence_id) {
  name = method_;
  type = static_cast<TMessageType>(header_.type);
  sequence_id = header_.sequence_id;
  return 0;
}

std::uint32_t RequestProtocol::readMessageEnd() {
  if (buffer_.available_read() != 0) {
    refuse(TProtocolException::INVALID_DATA,
           std::to_string(buffer_.available_read()) + " bytes follow the end of the message");
  }
  return 0;
}

void RequestProtocol::refuse(TProtocolException::TProtocolExceptionType type, const std::string& why) {
  failure_ = why;
  throw TProtocolException(type, why);
}

void RequestProtocol::check_string() {
  std::uint32_t wanted = 4;
  const std::uint8_t* const bytes = buffer_.borrow(nullptr, &wanted);
  if (bytes == nullptr) refuse(TProtocolException::INVALID_DATA, "the frame ends within a length");
  const std::int32_t size = big_endian(bytes);
  const std::uint32_t left = buffer_.available_read() - 4;
  if (size < 0) refuse(TProtocolException::NEGATIVE_SIZE, "a string has a negative length");
  if (static_cast<std::uint32_t>(size) > left) {
    refuse(TProtocolException::SIZE_LIMIT,
           "a string claims " + std::to_string(size) + " bytes and " + std::to_string(left) + " are left in the frame");
  }
}

void RequestProtocol::check_container(std::size_t header_bytes, std::size_t type_codes) {
  auto wanted = static_cast<std::uint32_t>(header_bytes);
  const std::uint8_t* const bytes = buffer_.borrow(nullptr, &wanted);
  if (bytes == nullptr) refuse(TProtocolException::INVALID_DATA, "the frame ends within a container's header");
  const std::int32_t size = big_endian(bytes + type_codes);
  if (size < 0) refuse(TProtocolException::NEGATIVE_SIZE, "a container has a negative size");
  if (size > kContainerSizeMax) {
    refuse(TProtocolException::SIZE_LIMIT, "a container claims " + std::to_string(size) + " elements; the limit is " +
                                               std::to_string(kContainerSizeMax));
  }
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < type_codes; ++i) {
    if (least_bytes(bytes[i]) == 0) refuse(TProtocolException::INVALID_DATA, "a container of no type of element");
    least += least_bytes(bytes[i]);
  }
  const std::uint64_t left = buffer_.available_read() - header_bytes;
  if (least * static_cast<std::uint64_t>(size) > left) {
    refuse(TProtocolException::SIZE_LIMIT, "a container claims " + std::to_string(size) + " elements and " +
                                               std::to_string(left) + " bytes are left in the frame");
  }
}

std::uint32_t RequestProtocol::readFieldBegin(std::string& name, TType& type, std::int16_t& id) {
  std::uint32_t wanted = 1;
  const std::uint8_t* const code = buffer_.borrow(nullptr, &wanted);
  if (code != nullptr && *code != apache::thrift::protocol::T_STOP && least_bytes(*code) == 0) {
    refuse(TProtocolException::INVALID_DATA, "a field has the type code " + std::to_string(*code));
  }
  return Binary::readFieldBegin(name, type, id);
}

std::uint32_t RequestProtocol::readListBegin(TType& element, std::uint32_t& size) {
  check_container(5, 1);
  return Binary::readListBegin(element, size);
}

std::uint32_t RequestProtocol::readSetBegin(TType& element, std::uint32_t& size) {
  check_container(5, 1);
  return Binary::readSetBegin(element, size);
}

std::uint32_t RequestProtocol::readMapBegin(TType& key, TType& value, std::uint32_t& size) {
  check_container(6, 2);
  return Binary::readMapBegin(key, value, size);
}

std::uint32_t RequestProtocol::readString(std::string& value) {
  check_string();
  return Binary::readString(value);
}

std::uint32_t RequestProtocol::readBinary(std::string& value) {
  check_string();
  return Binary::readBinary(value);
}

}  // namespace tenon::api_thrift
