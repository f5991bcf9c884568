// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "test_node.hpp"

namespace tenon::transport_test {

namespace {

using net::kClientAddressBytesMax;
using net::Malformed;

std::string encode(const Hello& hello) { return protocol().encode(hello); }
std::string encode(const HelloReply& reply) { return protocol().encode(reply, 1); }
Hello decode_hello(std::string_view message) { return protocol().decode_hello(message); }
HelloReply decode_hello_reply(std::string_view message) { return protocol().decode_hello_reply(message); }

}  // namespace

TEST_CASE("a hello and its reply come back as they were") {
  const Hello hello = hello_from(~std::uint64_t{0}, 5, Lane::bulk);
  const Hello read = decode_hello(encode(hello));
  CHECK(read.version == protocol().version());
  CHECK(read.sender.cluster == kCluster);
  CHECK(read.sender.node == ~std::uint64_t{0});
  CHECK(read.sender.incarnation == hello.sender.incarnation);
  CHECK(read.sender.client_addresses == hello.sender.client_addresses);
  CHECK(read.to == 5);
  CHECK(read.lane == TENON_LANE_BULK);

  HelloReply reply = acceptance_of(3);
  CHECK_FALSE(decode_hello_reply(encode(reply)).refusal.has_value());
  CHECK(decode_hello_reply(encode(reply)).sender.node == 3);
  reply.refusal = 4711;
  reply.reason = "because";
  CHECK(decode_hello_reply(encode(reply)).refusal == 4711);
  CHECK(decode_hello_reply(encode(reply)).reason == "because");
}

TEST_CASE("of a hello of another version nothing but the version is looked at") {
  Hello hello = hello_from(2, 1);
  hello.version = 2;
  hello.sender.client_addresses.assign(TENON_CLIENT_ADDRESSES_MAX + 1, "thrift://too-many:1");
  CHECK(decode_hello(encode(hello)).version == 2);
  hello.version = protocol().version();
  CHECK_THROWS_AS(decode_hello(encode(hello)), Malformed);
}

TEST_CASE("client addresses that are too long or hold a zero byte are malformed") {
  Hello hello = hello_from(2, 1);
  hello.sender.client_addresses = {std::string(kClientAddressBytesMax, 'a')};
  CHECK(decode_hello(encode(hello)).sender.client_addresses == hello.sender.client_addresses);
  hello.sender.client_addresses = {std::string(kClientAddressBytesMax + 1, 'a')};
  CHECK_THROWS_AS(decode_hello(encode(hello)), Malformed);
  hello.sender.client_addresses = {std::string("thrift://a\0:1", 13)};
  CHECK_THROWS_AS(decode_hello(encode(hello)), Malformed);
}

TEST_CASE("a hello that is cut short or goes on is malformed") {
  const std::string message = encode(hello_from(2, 1));
  for (std::size_t size = 0; size < message.size(); ++size) {
    INFO(size);
    CHECK_THROWS_AS(decode_hello(message.substr(0, size)), Malformed);
  }
  CHECK_THROWS_AS(decode_hello(message + '\0'), Malformed);
  CHECK_THROWS_AS(decode_hello(encode(acceptance_of(2))), Malformed);
  CHECK_THROWS_AS(decode_hello_reply(message), Malformed);
}

TEST_CASE("a hello with any byte changed is read or malformed, and claims of size cost nothing") {
  const std::string message = encode(hello_from(2, 1));
  int malformed = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    for (const int bits : {0x01, 0x10, 0x7f, 0x80, 0xff}) {
      std::string changed = message;
      changed[i] = static_cast<char>(changed[i] ^ bits);
      try {
        static_cast<void>(decode_hello(changed));
      } catch (const Malformed&) {
        ++malformed;
      }
    }
  }
  CHECK(malformed > 50);
}

}  // namespace tenon::transport_test
