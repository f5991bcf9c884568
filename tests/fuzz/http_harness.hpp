// SPDX-License-Identifier: MIT
// What the HTTP API has around it, for targets that feed it: a node that does what it is asked and has nothing to show.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "live_sockets.hpp"
#include "service.hpp"
#include "tenon/testing/client_host.hpp"
#include "tenon/testing/host.hpp"

namespace tenon::fuzz {

// Streams stay open, and all else is answered at the next poll.
inline std::optional<testing::ScriptedCompletion> do_as_asked(const testing::ScriptedRequest& request) {
  testing::ScriptedCompletion completion;
  if (request.operations.empty()) return completion;
  const std::uint32_t kind = request.operations.front().kind;
  if (kind == TENON_WATCH || kind == TENON_SUBSCRIBE) return std::nullopt;
  completion.results.resize(request.operations.size());
  return completion;
}

inline Queue make_queue(const testing::FakeClientHost& node, std::uint64_t depth) {
  const tenon_queue* queue = nullptr;
  TENON_CHECK(node.table()->queue_create(node.table(), depth, &queue, nullptr) == TENON_OK);
  return Queue(queue);
}

struct HttpHarness {
  static constexpr std::uint64_t kDepth = 1000;
  testing::FakeHost host{"/nonexistent", {}};
  testing::FakeClientHost node{do_as_asked};
  static constexpr api_http::LiveLimits kLiveLimits{
      .upgrade_field_bytes_max = 64,
      .message_bytes_max = 65536,
      .subscriptions_max = 8,
      .output_bytes_max = 1 << 20,
      .rpc = {.json_depth_max = 8, .calls_max = 6, .id_bytes_max = 32},
  };
  const api_http::Settings settings{.parameters_max = 16,
                                    .json_depth_max = 8,
                                    .origins = {"http://listed"},
                                    .live = kLiveLimits,
                                    .dashboard = true,
                                    .compatibility = true};
  api_http::SessionEnvironment connections{settings.connection, std::uint64_t{1} << 20, {}};
  boost::asio::io_context context;
  net::Submissions submissions{make_queue(node, kDepth), kDepth};
  net::Submissions telling{make_queue(node, kDepth), kDepth, std::uint64_t{1} << 62};
  api_http::NodeFeeds feeds{context, telling};
  api_http::LiveEnvironment environment{submissions, feeds, kLiveLimits, "1", "c", "run", {}, {}};
  api_http::LiveSockets live{environment, connections};
  api_http::Service service{submissions, telling, settings, Host(host.table()), "fuzzed", live};
};

}  // namespace tenon::fuzz
