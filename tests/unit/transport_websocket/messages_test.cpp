// SPDX-License-Identifier: MIT
#include "messages.hpp"

#include "support/catch.hpp"
#include "websocket_wire.hpp"

namespace tenon::transport_websocket {

using namespace transport_test;

TEST_CASE("a message holds frames one after the other, and they are read in place") {
  const std::string message = frame_message("one") + frame_message("") + frame_message("three");
  std::vector<tenon_bytes> frames = {bytes("before")};
  REQUIRE(append_frames(message, frames));
  REQUIRE(frames.size() == 4);
  CHECK(view(frames[1]) == "one");
  CHECK(view(frames[2]).empty());
  CHECK(view(frames[3]) == "three");
  CHECK(view(frames[1]).data() == message.data() + kFrameOverheadBytes);
}

TEST_CASE("a message that is cut short, goes on or claims too large a frame gives no frame at all") {
  const std::string message = frame_message("one") + frame_message("three");
  const std::string claim("\xff\xff\xff\xff", 4);
  std::vector<tenon_bytes> frames = {bytes("before")};
  for (std::size_t size = 0; size < message.size(); ++size) {
    if (size == frame_message("one").size()) continue;
    INFO(size);
    CHECK_FALSE(append_frames(message.substr(0, size), frames));
  }
  CHECK_FALSE(append_frames(message + 'x', frames));
  CHECK_FALSE(append_frames(message + claim, frames));
  CHECK_FALSE(append_frames(frame_message(std::string(TENON_FRAME_BYTES_MAX, 'x')).replace(0, 4, claim), frames));
  CHECK(frames.size() == 1);
}

}  // namespace tenon::transport_websocket
