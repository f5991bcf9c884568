// SPDX-License-Identifier: MIT
#include "host/metrics/event_history.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace tenon::host {
namespace {

using Kind = EventHistory::Kind;

TEST_CASE("a history tells what is behind a sequence, in order, with time and kind") {
  EventHistory history;
  CHECK(history.text_since(0).empty());
  history.add(Kind::election, "leads in term 2: elected", 1'000);
  history.add(Kind::membership, "node 4 is a learner now", 1'001);
  history.add(Kind::snapshot, "an image is durable", 1'002);
  history.add(Kind::standing, "this node stands as voter", 1'003);
  history.add(Kind::state, "states differ", 1'004);
  CHECK(history.text_since(0) ==
        "1 1000 election leads in term 2: elected\n2 1001 membership node 4 is a learner now\n"
        "3 1002 snapshot an image is durable\n4 1003 standing this node stands as voter\n5 1004 state states differ\n");
  CHECK(history.text_since(4) == "5 1004 state states differ\n");
  CHECK(history.text_since(5).empty());
}

TEST_CASE("the oldest events give way, and sequences go on") {
  EventHistory history;
  for (std::size_t i = 0; i < EventHistory::kEventsMax + 10; ++i) history.add(Kind::election, "e", i);
  const std::string text = history.text_since(0);
  CHECK(text.starts_with("11 10 election e\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == static_cast<std::ptrdiff_t>(EventHistory::kEventsMax));
}

TEST_CASE("an event is one line of bounded length, whatever its text is") {
  EventHistory history;
  history.add(Kind::standing, "a\nb\x01\xff" + std::string(2 * EventHistory::kTextBytesMax, 'x'), 7);
  const std::string text = history.text_since(0);
  const std::string head = "1 7 standing a?b??";
  CHECK(text.starts_with(head + "x"));
  CHECK(text.size() == std::string("1 7 standing ").size() + EventHistory::kTextBytesMax + 1);
  CHECK(text.find('\n') == text.size() - 1);
}

}  // namespace
}  // namespace tenon::host
