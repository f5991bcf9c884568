// SPDX-License-Identifier: MIT
// What a client may send that is not a request: it gets a typed error or a closed connection, and the others go on.
#include "plugin_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace tenon::api_thrift;

namespace {

const std::string kStop(1, '\0');

// Sends a payload as a frame and expects an exception of Thrift that says `why`, on a connection that stays usable.
void expect_exception(RunningPlugin& plugin, const std::string& payload, const std::string& why) {
  CAPTURE(why);
  RawClient client(plugin.port());
  REQUIRE(client.send(frame(payload)));
  const std::optional<Answer> answer = client.receive_answer();
  REQUIRE(answer);
  CHECK(answer->type == kException);
  CHECK(answer->sequence == 5);
  CHECK(answer->body.find(why) != std::string::npos);
  REQUIRE(client.send(frame(get_message("k", 6))));
  const std::optional<Answer> next = client.receive_answer();
  REQUIRE(next);
  CHECK(next->type == kReply);
}

void expect_closed(RunningPlugin& plugin, const std::string& bytes, const std::string& line) {
  CAPTURE(line);
  RawClient client(plugin.port());
  client.send(bytes);
  CHECK(client.ended());
  CHECK(plugin.wait_for_line(line));
}

std::string put_begin() { return message_begin("put", kCall, 5) + field(kStruct, 1); }

}  // namespace

TEST_CASE("an unknown method is answered as such, whatever its arguments are") {
  RunningPlugin plugin(at_once);
  const std::string arguments = field(kString, 1) + binary("anything") + kStop;
  expect_exception(plugin, message_begin("destroy", kCall, 5) + arguments, "Invalid method name: 'destroy'");
  expect_exception(plugin, message_begin("Cluster:put", kCall, 5) + arguments, "Invalid method name: 'put'");
  expect_exception(plugin, message_begin("Other:put", kCall, 5) + arguments, "Invalid method name: 'Other:put'");
  expect_exception(plugin, message_begin("", kCall, 5) + arguments, "Invalid method name: ''");
}

TEST_CASE("a message that is neither a call nor oneway is answered as such") {
  RunningPlugin plugin(at_once);
  expect_exception(plugin, put_message("k", "v", 5, kReply), "neither a call nor oneway");
  expect_exception(plugin, put_message("k", "v", 5, 77), "neither a call nor oneway");
}

TEST_CASE("a length that the frame cannot hold is answered and never believed") {
  RunningPlugin plugin(at_once);
  const auto string_of = [](std::uint32_t size) { return put_begin() + field(kString, 1) + big_endian(size); };
  expect_exception(plugin, string_of(0xffffffff) + "v" + kStop + kStop, "negative length");
  expect_exception(plugin, string_of(0x80000000) + kStop, "negative length");
  expect_exception(plugin, string_of(0x7fffffff) + kStop + kStop, "a string claims 2147483647 bytes and 2 are left");
  expect_exception(plugin, string_of(3) + kStop + kStop, "a string claims 3 bytes and 2 are left");
  const auto list_of = [](char type, std::uint32_t size) {
    return message_begin("transaction", kCall, 5) + field(kStruct, 1) + field(kList, 1) + type + big_endian(size);
  };
  expect_exception(plugin, list_of(kStruct, 0xffffffff) + kStop, "negative size");
  expect_exception(plugin, list_of(kStruct, 0x7fffffff) + kStop, "the limit is 10000");
  expect_exception(plugin, list_of(kStruct, 10001) + std::string(20000, '\0'), "the limit is 10000");
  expect_exception(plugin, list_of(kStruct, 10) + kStop + kStop, "10 elements and 2 bytes are left");
}

TEST_CASE("containers in unknown fields are held to the same limits") {
  RunningPlugin plugin(at_once);
  const auto unknown = [](const std::string& value) { return put_begin() + value + kStop + kStop; };
  expect_exception(plugin, unknown(field(kList, 99) + '\x01' + big_endian(5)), "no type of element");
  expect_exception(plugin, unknown(field(kSet, 99) + kString + big_endian(1000)), "1000 elements");
  expect_exception(plugin, unknown(field(kMap, 99) + kString + '\0' + big_endian(1)), "no type of element");
  expect_exception(plugin, unknown(field(kMap, 99) + kString + kString + big_endian(0xfffffff0)), "negative size");
  expect_exception(plugin, unknown(field(kString, 99) + big_endian(0x7fffffff)), "a string claims");
  expect_exception(plugin, unknown(field(99, 99)), "the type code 99");
}

TEST_CASE("nesting beyond the limit is answered, however deep it is") {
  RunningPlugin plugin(at_once);
  for (const std::size_t depth : {30u, 100000u}) {
    std::string structs;
    for (std::size_t i = 0; i < depth; ++i) structs += field(kStruct, 50);
    expect_exception(plugin, put_begin() + structs + kStop, "cannot read the arguments");
    std::string lists = field(kList, 50);
    for (std::size_t i = 0; i < depth; ++i) lists += kList + big_endian(1);
    expect_exception(plugin, put_begin() + lists + kStop, "cannot read the arguments");
  }
}

TEST_CASE("a message that ends early or late is answered") {
  RunningPlugin plugin(at_once);
  const std::string whole = put_message("key", "value", 5);
  const std::size_t header = message_begin("put", kCall, 5).size();
  for (std::size_t size = header; size < whole.size(); ++size) {
    expect_exception(plugin, whole.substr(0, size), "cannot read the arguments");
  }
  expect_exception(plugin, whole + "x", "1 bytes follow the end of the message");
  CHECK(plugin.node().wait_for_requests(1).at(0).operations.at(0).kind == TENON_GET);
}

TEST_CASE("an enum value that this version does not know is refused by its number") {
  RunningPlugin plugin(at_once);
  RawClient client(plugin.port());
  const auto compare = [](std::uint32_t target, std::uint32_t relation) {
    constexpr char kI32 = 8;
    return frame(message_begin("transaction", kCall, 5) + field(kStruct, 1) + field(kList, 1) + kStruct +
                 big_endian(1) + field(kI32, 2) + big_endian(target) + field(kI32, 3) + big_endian(relation) + kStop +
                 kStop + kStop);
  };
  REQUIRE(client.send(compare(99, 1) + compare(2, 0xffffffff) + compare(0, 1)));
  CHECK(client.receive_answer().value().body.find("compare target 99 is not known") != std::string::npos);
  CHECK(client.receive_answer().value().body.find("compare relation -1 is not known") != std::string::npos);
  CHECK(client.receive_answer().value().body.find("compare target 0 is not known") != std::string::npos);
  CHECK(plugin.node().submits().empty());
}

TEST_CASE("a frame without a message header of this version closes the connection with a line") {
  RunningPlugin plugin(at_once);
  expect_closed(plugin, frame(""), "not a Thrift message in the strict binary protocol");
  expect_closed(plugin, frame(message_begin("put", kCall, 1).substr(0, 9)),
                "the method's name is longer than the frame");
  expect_closed(plugin, frame(big_endian(0x80020001) + binary("put") + big_endian(1)), "Bad version identifier");
  expect_closed(plugin, frame(binary("put") + "\x01" + big_endian(1)), "No version identifier");
  expect_closed(plugin, frame(big_endian(0x80010001) + big_endian(0xffffffff) + big_endian(1)),
                "strict binary protocol");
  expect_closed(plugin, frame(message_begin(std::string(1000, 'm'), kCall, 1)), "the method's name has 1000 bytes");
  CHECK(plugin.host().metric("requests_total") == 0);
}

TEST_CASE("a client of another transport is told to use frames") {
  RunningPlugin plugin(at_once);
  expect_closed(plugin, "GET / HTTP/1.1\r\n\r\n", "framed transport expected: a frame of 1195725856 bytes");
  CHECK(plugin.host().logged("looks like HTTP"));
  expect_closed(plugin, put_message("k", "v", 1), "looks like the binary protocol without frames");
  expect_closed(plugin, "*1\r\n$4\r\nPING\r\n", "looks like the Redis protocol");
  expect_closed(plugin, std::string("\x16\x03\x01\x02\x00\x01", 6), "looks like TLS");
}

TEST_CASE("a frame above the limit closes the connection before its bytes are taken") {
  RunningPlugin plugin(at_once, {{"frame_bytes_max", "64KiB"}});
  expect_closed(plugin, big_endian(65537), "a frame of 65537 bytes is above the limit of 65536");
  expect_closed(plugin, big_endian(0xffffffff), "a frame of 4294967295 bytes is above the limit of 65536");
  RawClient client(plugin.port());
  const std::size_t overhead = put_message("k", "", 1).size();
  REQUIRE(client.send(frame(put_message("k", std::string(65536 - overhead, 'v'), 1))));
  CHECK(client.receive_answer().value().type == kReply);
}

TEST_CASE("a connection that ends within a frame is closed and counted") {
  RunningPlugin plugin(at_once);
  {
    RawClient client(plugin.port());
    REQUIRE(client.send(frame(put_message("k", "v", 1)).substr(0, 20)));
  }
  CHECK(plugin.wait_for_line("it ended within a frame"));
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}
