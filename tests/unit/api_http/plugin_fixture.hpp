// SPDX-License-Identifier: MIT
// The plugin, running on a port of its own between a scripted node and the clients of a test, under
// validation.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "support/abort_on_finding.hpp"
#include "tenon/testing/client_host.hpp"
#include "tenon/testing/host.hpp"
#include "validation/client_api_table.hpp"
#include "validation/host_table.hpp"

extern "C" const tenon_plugin tenon_static_plugin_api_http;

namespace tenon::api_http {

using testing::ScriptedCompletion;
using testing::ScriptedRequest;
using testing::ScriptedResult;

// A node that answers nothing by itself.
inline std::optional<ScriptedCompletion> later(const ScriptedRequest&) { return std::nullopt; }
// A node that does what it is asked and has nothing to show: one empty result for each operation.
std::optional<ScriptedCompletion> at_once(const ScriptedRequest& request);

// The options that the fixture gives the plugin, with port 0; those of `others` replace them.
std::map<std::string, std::string> options_with(const std::map<std::string, std::string>& others);
// The port that the plugin has said it listens on.
std::uint16_t port_of(const testing::FakeHost& host);

class RunningPlugin {
 public:
  // `options` replace the defaults that this fixture has; port 0 is chosen for it.
  explicit RunningPlugin(testing::FakeClientHost::Answer answer,
                         const std::map<std::string, std::string>& options = {});
  ~RunningPlugin();

  std::uint16_t port() const;
  void drain(std::chrono::milliseconds timeout) {
    table().drain(validated_->self(), static_cast<std::uint64_t>(timeout.count()));
  }
  void stop();
  // What calls drain() and stop() from now on.
  void enter_control_thread() { threads_.enter_control(); }

  testing::FakeHost& host() { return *host_; }
  testing::FakeClientHost& node() { return *node_; }
  // Polls until the counter or gauge has this value; false after ten seconds.
  bool wait_for_metric(const std::string& name, double value) const;
  bool wait_for_line(const std::string& part) const;

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
  bool stopped_ = false;
};

// Calls `ready` until it is true; false after ten seconds.
template <class Ready>
bool eventually(Ready&& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(2000);
  }
  return true;
}

}  // namespace tenon::api_http
