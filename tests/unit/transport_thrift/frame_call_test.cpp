// SPDX-License-Identifier: MIT
#include "frame_call.hpp"

#include <string>

#include "support/catch.hpp"

namespace tenon::transport_thrift {

using namespace std::string_view_literals;

namespace {
constexpr std::string_view kMessage =
    "\x80\x01\x00\x04\x00\x00\x00\x05"
    "frame\x00\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x03"
    "abc\x00"sv;
}

TEST_CASE("a frame is written as the strict binary protocol writes a one-way call") {
  const FrameHead head = frame_head(3);
  CHECK(std::string(head.data(), head.size()).append("abc").append(kFrameTail) == kMessage);
  CHECK(kFrameOverheadBytes == 4 + kMessage.size() - 3);
}

TEST_CASE("a frame is read in place, under any sequence id, as a call too") {
  std::string message(kMessage);
  CHECK(frame_data(message).value().data() == message.data() + kFrameHeadBytes);
  message[3] = 1;
  message[13] = message[16] = '\x7f';
  CHECK(frame_data(message) == "abc");
  CHECK(frame_data("\x80\x01\x00\x04\x00\x00\x00\x05"
                   "frame\x00\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x00\x00"sv) == "");
}

TEST_CASE("what differs from a frame in any byte but its data and sequence id is none") {
  for (std::size_t i = 0; i < kMessage.size(); ++i) {
    INFO(i);
    CHECK_FALSE(frame_data(kMessage.substr(0, i)).has_value());
    const bool is_free = (i >= 13 && i < 17) || (i >= kFrameHeadBytes && i < kFrameHeadBytes + 3);
    std::string changed(kMessage);
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    CHECK(frame_data(changed).has_value() == is_free);
  }
  CHECK_FALSE(frame_data(std::string(kMessage) + '\0').has_value());
}

}  // namespace tenon::transport_thrift
