// SPDX-License-Identifier: MIT
// Thrift's binary protocol over one frame, with every limit set, and over a reply that is being written.
//
// The library's own limits leave gaps that a client can use: a string that claims more bytes than the frame has is
// given its room before that is noticed, an element of type struct counts as no bytes at all, so that a list of them
// may claim any size up to the container limit, the type codes "stop" and "void" cost nothing to skip, and a code that
// is none of Thrift's becomes a value that its enumeration cannot hold. Here no length is believed before it is
// compared with what is left of the frame, and no code before it is known.
#pragma once

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TVirtualTransport.h>

#include <string>
#include <string_view>

namespace tenon::api_thrift {

inline constexpr int kContainerSizeMax = 10'000;  // as many keys as one entry of the log may touch
inline constexpr int kRecursionMax = 16;          // the interface needs 7

struct MessageHeader {
  std::string name;
  std::uint8_t type = 0;  // as it was sent, perhaps none of Thrift's
  std::int32_t sequence_id = 0;
};

// Reads one message from a frame. The header is read on construction; the processor is given `method` in place of the
// name. Every error is a TException; failure() keeps the text of one that the processor swallowed.
class RequestProtocol
    : public apache::thrift::protocol::TVirtualProtocol<RequestProtocol, apache::thrift::protocol::TBinaryProtocol> {
  using Binary = apache::thrift::protocol::TBinaryProtocol;
  using Buffer = apache::thrift::transport::TMemoryBuffer;
  using Type = apache::thrift::protocol::TType;

 public:
  // The frame must outlive the protocol. Throws when the frame does not begin with a message header of this version.
  explicit RequestProtocol(std::string_view frame);

  const MessageHeader& header() const noexcept { return header_; }
  void set_method(std::string method) { method_ = std::move(method); }
  const std::string& failure() const noexcept { return failure_; }

  // Needs: header().type is one of Thrift's.
  std::uint32_t readMessageBegin(std::string& name, apache::thrift::protocol::TMessageType& type,
                                 std::int32_t& sequence_id);
  std::uint32_t readMessageEnd();
  std::uint32_t readFieldBegin(std::string& name, Type& type, std::int16_t& id);
  std::uint32_t readListBegin(Type& element, std::uint32_t& size);
  std::uint32_t readSetBegin(Type& element, std::uint32_t& size);
  std::uint32_t readMapBegin(Type& key, Type& value, std::uint32_t& size);
  std::uint32_t readString(std::string& value);
  std::uint32_t readBinary(std::string& value);

 private:
  explicit RequestProtocol(const std::shared_ptr<Buffer>& buffer);
  [[noreturn]] void refuse(apache::thrift::protocol::TProtocolException::TProtocolExceptionType type,
                           const std::string& why);
  void check_string();
  void check_container(std::size_t header_bytes, std::size_t type_codes);

  Buffer& buffer_;  // which the protocol owns as its transport
  MessageHeader header_;
  std::string method_;
  std::string failure_;
};

// Where a processor writes its reply: a string that keeps its room from one reply to the next.
class ReplyTransport : public apache::thrift::transport::TVirtualTransport<ReplyTransport> {
 public:
  bool isOpen() const override { return true; }
  void write(const std::uint8_t* bytes, std::uint32_t size) {
    written_.append(reinterpret_cast<const char*>(bytes), size);
  }
  std::string_view written() const noexcept { return written_; }
  void clear() {
    if (written_.capacity() > kKeptBytes) std::string().swap(written_);
    written_.clear();
  }

 private:
  static constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;
  std::string written_;
};
using ReplyProtocol = apache::thrift::protocol::TBinaryProtocolT<ReplyTransport>;

}  // namespace tenon::api_thrift
