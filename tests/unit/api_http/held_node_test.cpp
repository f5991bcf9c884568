// SPDX-License-Identifier: MIT
// The plugin over a real node whose thread stands still.
#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "running_node.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

class PluginOverNode {
 public:
  explicit PluginOverNode(host::RunningNode& node) {
    tenon_detail why{sizeof why, {}};
    REQUIRE(tenon_static_plugin_api_http.create(host_.table(), &self_, &why) == TENON_OK);
    REQUIRE(table().start(self_, node.clients().table("http"), &why) == TENON_OK);
  }
  ~PluginOverNode() {
    table().stop(self_);
    tenon_static_plugin_api_http.destroy(self_);
  }
  std::uint16_t port() const { return port_of(host_); }

 private:
  static const tenon_client_api& table() { return *tenon_static_plugin_api_http.client_api; }

  testing::FakeHost host_{"/nonexistent", options_with({}), 1, "cluster"};
  void* self_ = nullptr;
};

}  // namespace

TEST_CASE("what a node says of itself never waits for its thread") {
  support::MemoryStorage storage(support::MemoryStorage::Mode::immediate);
  host::RunningNode node(storage);
  {
    const PluginOverNode plugin(node);
    HttpClient writer(plugin.port());
    CHECK(writer.call("PUT", "/v1/kv/k", "v").status == 200);
    storage.hold_writes();
    REQUIRE(writer.ask("PUT", "/v1/kv/k", "held"));
    REQUIRE(eventually([&] { return storage.holds_writer(); }));
    const std::uint64_t rounds = node.node().rounds();
    HttpClient client(plugin.port());
    for (const char* path : {"/metrics", "/livez", "/readyz", "/v1/cluster", "/v1/slow_operations", "/version",
                             "/health", "/raft/status", "/"}) {
      INFO(path);
      CHECK(client.call("GET", path).status == 200);
    }
    CHECK(client.call("GET", "/metrics").body.find("\ntenon_revision 1\n") != std::string::npos);
    CHECK(storage.holds_writer());
    CHECK(node.node().rounds() == rounds);
    storage.release_writes();
    CHECK(writer.receive().value().status == 200);
  }
}
