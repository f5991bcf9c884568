// SPDX-License-Identifier: MIT
// The plugin as node 1 of "cluster-of-test" with the unreachable peer 2, for peers in other languages: prints its port,
// then a line for each frame that comes, and ends with standard input.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "thrift_wire.hpp"

using namespace tenon;
using namespace tenon::transport_test;

int main() {
  TestNode node(1);
  node.set_peer(2, {url_of(1)});
  if (!node.wait_for_metric("dials_total", 2)) return 1;
  std::printf("%d\n", static_cast<int>(node.port()));
  std::fflush(stdout);
  std::size_t printed = 0;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (::poll(&input, 1, 5) == 0) {
    const std::vector<testing::ReceivedFrame> frames = node.node().frames();
    for (; printed < frames.size(); ++printed) {
      const testing::ReceivedFrame& frame = frames[printed];
      std::printf("%d %s %zu %s\n", static_cast<int>(frame.peer), frame.lane == Lane::bulk ? "bulk" : "control",
                  frame.bytes.size(), frame.bytes.substr(0, 20).c_str());
    }
    std::fflush(stdout);
  }
  return node.node().violations().empty() ? 0 : 1;
}
