// SPDX-License-Identifier: MIT
// The plugin, running on a port of its own between a small node and the clients of a test, under validation.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bundle.hpp"
#include "support/abort_on_finding.hpp"
#include "tenon/testing/client_host.hpp"
#include "tenon/testing/host.hpp"
#include "validation/client_api_table.hpp"
#include "validation/host_table.hpp"

extern "C" const tenon_plugin tenon_static_plugin_api_resp;

namespace tenon::api_resp {

using testing::ScriptedCompletion;
using testing::ScriptedOperation;
using testing::ScriptedRequest;
using testing::ScriptedResult;

// Keys and values that requests act on, as a node of one member would. Of the thread that submits.
class SmallNode {
 public:
  ScriptedCompletion answer(const ScriptedRequest& request);
  struct Item {
    std::string value;
    std::uint64_t modified = 0;
    std::uint64_t expires_at_ms = 0;
  };
  std::map<std::string, Item> items;
  std::uint64_t revision = 0;
  std::uint64_t cluster_time_ms = 1'700'000'000'000;

 private:
  bool holds(const testing::ScriptedCompare& compare) const;
  ScriptedResult run(const ScriptedOperation& operation);
  ScriptedResult scan(const ScriptedOperation& operation) const;
};

using Options = std::map<std::string, std::string>;
// Every option that the plugin reads: those of tests, but for what is in `changed`.
Options all_options(const Options& changed);
// Where the plugin that has this host listens. Needs: it has started.
std::uint16_t port_of(const testing::FakeHost& host);

class RunningPlugin {
 public:
  // What the node answers; nullopt: nothing for now, and `node()` can complete it later. Streams are never answered.
  using Answer = testing::FakeClientHost::Answer;

  // With the plugin in front of a SmallNode.
  explicit RunningPlugin(const Options& options = {});
  explicit RunningPlugin(Answer answer, const Options& options = {});
  ~RunningPlugin();

  std::uint16_t port() const;
  testing::FakeHost& host() { return *host_; }
  testing::FakeClientHost& node() { return *node_; }
  // Until this many requests but for streams have been taken; those.
  std::vector<ScriptedRequest> wait_for_requests(std::size_t count);
  bool wait_for_metric(const std::string& name, double value) const;
  // Until every thread but the caller sleeps and uses no processor for a while; false when that does not come about
  // within ten seconds, as when one of them goes round without an end.
  static bool rests();
  void drain(std::chrono::milliseconds timeout);
  // What calls drain() from now on.
  void enter_control_thread() { threads_.enter_control(); }

 private:
  const tenon_client_api& table() const { return *validated_->table(); }

  std::unique_ptr<testing::FakeHost> host_;
  std::unique_ptr<testing::FakeClientHost> node_;
  support::AbortOnFinding reporter_;
  validation::Threads threads_;
  validation::Subject subject_{threads_, reporter_};
  std::optional<validation::HostTable> validated_host_;
  void* self_ = nullptr;
  std::optional<validation::ClientApiTable> validated_;
};

// A client that sends what a test wants, byte for byte, and reads what comes.
class RawClient {
 public:
  explicit RawClient(const RunningPlugin& plugin) : RawClient(plugin.port()) {}
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the connection is broken.
  bool send(std::string_view bytes);
  void shutdown_output();
  // Reads as many bytes as are expected, or until the connection ends or ten seconds pass.
  std::string receive(std::size_t size);
  // The same, filling `room`; false when less came.
  bool receive_into(std::string& room);
  // Sends a line and reads until what was read ends with `end`.
  std::string ask(std::string_view line, std::string_view end = "\r\n");
  // Reads to the end; false when it did not come within ten seconds. What was read is in `rest`.
  bool ended();
  std::string rest;

 private:
  std::size_t receive_some(std::string& room);

  int socket_;
};

// Whether all of `expected` comes, and nothing else at first.
bool answers(RawClient& client, std::string_view request, std::string_view expected);

// A request as clients send it.
std::string words(std::initializer_list<std::string_view> all);
// A read that does not share its request with others, by a key that begins so.
std::string get_alone(char key);

}  // namespace tenon::api_resp
