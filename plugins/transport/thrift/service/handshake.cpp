// SPDX-License-Identifier: MIT
#include "handshake.hpp"

#include <thrift/TApplicationException.h>

#include <algorithm>

#include "Peer.h"
#include "hello_protocol.hpp"

namespace tenon::transport_thrift {

namespace {

using apache::thrift::protocol::T_CALL;
using apache::thrift::protocol::T_EXCEPTION;
using apache::thrift::protocol::T_REPLY;
using apache::thrift::protocol::TMessageType;
using apache::thrift::transport::TMemoryBuffer;
using net::Hello;
using net::HelloReply;
using net::Introduction;
using net::Malformed;

constexpr const char* kMethod = "hello";

thrift_peer::Introduction to_wire(const Introduction& introduction) {
  thrift_peer::Introduction wire;
  wire.__set_cluster(introduction.cluster);
  wire.__set_node(static_cast<std::int64_t>(introduction.node));
  wire.__set_incarnation(std::string(introduction.incarnation.begin(), introduction.incarnation.end()));
  wire.__set_client_addresses(introduction.client_addresses);
  return wire;
}

Introduction from_wire(const thrift_peer::Introduction& wire) {
  Introduction introduction{.cluster = wire.cluster,
                            .node = static_cast<std::uint64_t>(wire.node),
                            .client_addresses = wire.client_addresses};
  if (wire.incarnation.size() != introduction.incarnation.size()) {
    throw Malformed("the incarnation has " + std::to_string(wire.incarnation.size()) + " bytes; 16 are expected");
  }
  std::copy(wire.incarnation.begin(), wire.incarnation.end(), introduction.incarnation.begin());
  net::check_client_addresses(introduction);
  return introduction;
}

template <class Body>
std::string written(TMessageType type, std::int32_t sequence_id, const Body& body) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  apache::thrift::protocol::TBinaryProtocolT<TMemoryBuffer> protocol(buffer);
  protocol.writeMessageBegin(kMethod, type, sequence_id);
  body.write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

// Reads one message of hello() whose type is one of those that `read` takes.
template <class Read>
void read_message(std::string_view message, Read&& read) {
  try {
    HelloProtocol protocol(message);
    if (protocol.method() != kMethod) throw Malformed("the first message is not hello()");
    read(protocol);
    if (protocol.left() != 0) throw Malformed(std::to_string(protocol.left()) + " bytes follow the end of the message");
  } catch (const apache::thrift::TException& error) {
    throw Malformed(std::string("not a hello of the strict binary protocol: ") + error.what());
  }
}

}  // namespace

std::string encode(const net::Hello& hello) {
  thrift_peer::Peer_hello_args arguments;
  arguments.hello.__set_version(hello.version);
  arguments.hello.__set_sender(to_wire(hello.sender));
  arguments.hello.__set_to(static_cast<std::int64_t>(hello.to));
  arguments.hello.__set_lane(hello.lane);
  arguments.__isset.hello = true;
  return written(T_CALL, hello.sequence_id, arguments);
}

std::string encode(const net::HelloReply& reply, std::int32_t sequence_id) {
  thrift_peer::Peer_hello_result result;
  result.success.__set_version(reply.version);
  result.success.__set_sender(to_wire(reply.sender));
  if (reply.refusal) {
    result.success.__set_refusal(*reply.refusal);
    result.success.__set_reason(reply.reason);
  }
  result.__isset.success = true;
  return written(T_REPLY, sequence_id, result);
}

net::Hello decode_hello(std::string_view message) {
  thrift_peer::Peer_hello_args arguments;
  Hello hello;
  read_message(message, [&](HelloProtocol& protocol) {
    if (protocol.type() != T_CALL) throw Malformed("the first message is not a call");
    hello.sequence_id = protocol.sequence_id();
    arguments.read(&protocol);
  });
  hello.version = arguments.hello.version;
  if (hello.version != kProtocolVersion) return hello;
  hello.sender = from_wire(arguments.hello.sender);
  hello.to = static_cast<std::uint64_t>(arguments.hello.to);
  hello.lane = arguments.hello.lane;
  return hello;
}

net::HelloReply decode_hello_reply(std::string_view message) {
  thrift_peer::Peer_hello_result result;
  read_message(message, [&](HelloProtocol& protocol) {
    if (protocol.type() == T_EXCEPTION) {
      apache::thrift::TApplicationException exception;
      exception.read(&protocol);
      throw Malformed(std::string("hello() was answered by an exception: ") + exception.what());
    }
    if (protocol.type() != T_REPLY) throw Malformed("hello() was not answered by a reply");
    result.read(&protocol);
  });
  HelloReply reply;
  reply.version = result.success.version;
  if (result.success.__isset.refusal) reply.refusal = result.success.refusal;
  reply.reason = result.success.reason;
  if (reply.version == kProtocolVersion) reply.sender = from_wire(result.success.sender);
  return reply;
}

}  // namespace tenon::transport_thrift
