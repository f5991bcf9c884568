// SPDX-License-Identifier: MIT
// Thrift's binary protocol over one small message from a stranger, with every limit set.
//
// A message has at most net::kHelloBytesMax bytes, so that this bounds every string and what all of it can cost. What
// the library leaves open is closed here: a type code that is none of Thrift's becomes a value that its enumeration
// cannot hold, and elements of the types "stop" and "void" cost nothing to skip.
#pragma once

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::transport_thrift {

// Every error is a TException.
class HelloProtocol
    : public apache::thrift::protocol::TVirtualProtocol<HelloProtocol, apache::thrift::protocol::TBinaryProtocol> {
  using Binary = apache::thrift::protocol::TBinaryProtocol;
  using Buffer = apache::thrift::transport::TMemoryBuffer;
  using Type = apache::thrift::protocol::TType;

 public:
  // Reads the header. The message must outlive the protocol.
  explicit HelloProtocol(std::string_view message);

  const std::string& method() const noexcept { return method_; }
  apache::thrift::protocol::TMessageType type() const noexcept { return type_; }
  std::int32_t sequence_id() const noexcept { return sequence_id_; }
  // Bytes that have not been read.
  std::uint32_t left() const noexcept { return buffer_.available_read(); }

  std::uint32_t readFieldBegin(std::string& name, Type& type, std::int16_t& id);
  std::uint32_t readListBegin(Type& element, std::uint32_t& size);
  std::uint32_t readSetBegin(Type& element, std::uint32_t& size);
  std::uint32_t readMapBegin(Type& key, Type& value, std::uint32_t& size);

 private:
  explicit HelloProtocol(const std::shared_ptr<Buffer>& buffer);
  void check_types(std::uint32_t count);

  Buffer& buffer_;  // which the protocol owns as its transport
  std::string method_;
  apache::thrift::protocol::TMessageType type_ = apache::thrift::protocol::T_CALL;
  std::int32_t sequence_id_ = 0;
};

}  // namespace tenon::transport_thrift
