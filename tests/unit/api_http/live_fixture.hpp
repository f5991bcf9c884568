// SPDX-License-Identifier: MIT
// A client of the WebSocket without the socket, between a scripted node and a test.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "live_connection.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_http {

struct Output final : LiveOutput {
  void send(LiveMessage message) override {
    messages.push_back(message.head + (message.tail == nullptr ? "" : *message.tail));
    tails.push_back(message.tail);
  }
  std::uint64_t unsent_bytes() const noexcept override { return unsent; }
  std::string last() const { return messages.empty() ? "" : messages.back(); }

  std::vector<std::string> messages;
  std::vector<std::shared_ptr<const std::string>> tails;
  std::uint64_t unsent = 0;
};

inline Queue queue_of(const testing::FakeClientHost& node) {
  const tenon_queue* queue = nullptr;
  REQUIRE(node.table()->queue_create(node.table(), 100, &queue, nullptr) == TENON_OK);
  return Queue(queue);
}

inline std::string call(const std::string& method, const std::string& parameters) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + parameters + "}";
}

struct Live {
  testing::FakeHost host{{}, {}};
  const Host metrics{host.table()};
  testing::FakeClientHost node{later};
  net::Submissions submissions{queue_of(node), 100};
  boost::asio::io_context context;
  NodeFeeds feeds{context, submissions};
  LiveEnvironment environment{submissions,
                              feeds,
                              {.upgrade_field_bytes_max = 256,
                               .message_bytes_max = 4096,
                               .subscriptions_max = 3,
                               .output_bytes_max = 1000,
                               .rpc = {.json_depth_max = 8, .calls_max = 4, .id_bytes_max = 32}},
                              "7",
                              "c",
                              "run-1",
                              {},
                              metrics.metric("left_out")};
  Output output;
  std::optional<LiveConnection> connection{std::in_place, environment, output};

  void subscribe(const std::string& parameters) {
    connection->take(call("subscribe", parameters));
    submissions.submit();
  }
  // The watches that the node was asked for.
  std::vector<ScriptedRequest> watches(std::size_t count) {
    std::vector<ScriptedRequest> found;
    for (std::size_t all = count; found.size() < count; ++all) {
      found.clear();
      const std::vector<ScriptedRequest> requests = node.wait_for_requests(all);
      REQUIRE(requests.size() >= all);
      for (const ScriptedRequest& one : requests) {
        if (one.operations.at(0).kind == TENON_WATCH) found.push_back(one);
      }
    }
    return found;
  }
  void bring(std::uint64_t request, ScriptedCompletion completion) {
    completion.flags = TENON_COMPLETION_MORE;
    node.complete(request, completion);
    submissions.poll();
  }
};

}  // namespace tenon::api_http
