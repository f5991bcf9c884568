// SPDX-License-Identifier: MIT
#include "messages.hpp"

#include <algorithm>
#include <cstring>

#include "tenon/bytes.hpp"

namespace tenon::transport_websocket {

namespace {

using net::Hello;
using net::HelloReply;
using net::Introduction;
using net::Malformed;

constexpr std::string_view kHello = "hello";
constexpr std::string_view kReply = "reply";

void write(ByteWriter& writer, const Introduction& introduction) {
  writer.block(introduction.cluster);
  writer.u64(introduction.node);
  writer.raw({reinterpret_cast<const char*>(introduction.incarnation.data()), introduction.incarnation.size()});
  writer.u32(static_cast<std::uint32_t>(introduction.client_addresses.size()));
  for (const std::string& address : introduction.client_addresses) writer.block(address);
}

Introduction read_introduction(ByteReader& reader) {
  Introduction introduction;
  introduction.cluster = reader.block();
  introduction.node = reader.u64();
  const std::string_view incarnation = reader.raw(introduction.incarnation.size());
  std::copy(incarnation.begin(), incarnation.end(), introduction.incarnation.begin());
  const std::uint32_t count = reader.u32();
  // Each address has at least its size, so that a count that the message cannot hold ends the loop early.
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    introduction.client_addresses.emplace_back(reader.block());
  }
  if (!reader.ok()) throw Malformed("the introduction of a node is cut short");
  net::check_client_addresses(introduction);
  return introduction;
}

// Reads the word that begins a message, and the version.
std::int32_t read_version(ByteReader& reader, std::string_view word) {
  if (reader.raw(word.size()) != word) {
    throw Malformed("the message does not begin with the word \"" + std::string(word) + "\"");
  }
  const auto version = static_cast<std::int32_t>(reader.u32());
  if (!reader.ok()) throw Malformed("the message is cut short before its version");
  return version;
}

void check_end(const ByteReader& reader) {
  if (!reader.ok()) throw Malformed("the message is cut short");
  if (!reader.done()) throw Malformed(std::to_string(reader.remaining()) + " bytes follow the end of the message");
}

}  // namespace

std::string encode(const Hello& hello) {
  std::string message(kHello);
  ByteWriter writer(message);
  writer.u32(static_cast<std::uint32_t>(hello.version));
  write(writer, hello.sender);
  writer.u64(hello.to);
  writer.u32(static_cast<std::uint32_t>(hello.lane));
  return message;
}

std::string encode(const HelloReply& reply) {
  std::string message(kReply);
  ByteWriter writer(message);
  writer.u32(static_cast<std::uint32_t>(reply.version));
  write(writer, reply.sender);
  writer.u32(static_cast<std::uint32_t>(reply.refusal.value_or(0)));
  writer.block(reply.reason);
  return message;
}

Hello decode_hello(std::string_view message) {
  ByteReader reader(message);
  Hello hello;
  hello.version = read_version(reader, kHello);
  if (hello.version != kProtocolVersion) return hello;
  hello.sender = read_introduction(reader);
  hello.to = reader.u64();
  hello.lane = static_cast<std::int32_t>(reader.u32());
  check_end(reader);
  return hello;
}

HelloReply decode_hello_reply(std::string_view message) {
  ByteReader reader(message);
  HelloReply reply;
  reply.version = read_version(reader, kReply);
  if (reply.version != kProtocolVersion) return reply;
  reply.sender = read_introduction(reader);
  const auto refusal = static_cast<std::int32_t>(reader.u32());
  if (refusal != 0) reply.refusal = refusal;
  reply.reason = reader.block();
  check_end(reader);
  return reply;
}

FrameHead frame_head(std::uint64_t frame_bytes) noexcept {
  TENON_CHECK(frame_bytes <= TENON_FRAME_BYTES_MAX);
  const auto size = static_cast<std::uint32_t>(frame_bytes);
  FrameHead head{};
  std::memcpy(head.data(), &size, sizeof size);
  return head;
}

bool append_frames(std::string_view message, std::vector<tenon_bytes>& frames) {
  const std::size_t before = frames.size();
  ByteReader reader(message);
  do {
    const std::string_view frame = reader.block();
    if (!reader.ok() || frame.size() > TENON_FRAME_BYTES_MAX) {
      frames.resize(before);
      return false;
    }
    frames.push_back(bytes(frame));
  } while (!reader.done());
  return true;
}

}  // namespace tenon::transport_websocket
