// SPDX-License-Identifier: MIT
// One instance of the client API at work before a scripted node, and clients of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/socket.hpp"
#include "client_api/driver.hpp"
#include "client_api/scripted_host.hpp"
#include "runner/instance.hpp"

namespace tenon::plugin_check {

inline constexpr std::chrono::milliseconds kReplyPatience{10'000};

class ApiNode {
 public:
  // Creates and starts an instance, which listens at 127.0.0.1. Fails the check when it does not start.
  ApiNode(Subject& subject, ScriptedHost::Script script, plugin::Options options = {});
  ApiNode(const ApiNode&) = delete;
  ApiNode& operator=(const ApiNode&) = delete;
  ~ApiNode() { destroy(); }

  std::uint16_t port() const noexcept { return port_; }
  ScriptedHost& host() noexcept { return *host_; }

  // Returns how long it took.
  std::chrono::milliseconds drain(std::chrono::milliseconds timeout);
  void stop();
  // stop(), if it has not been called, and destroy(). Harmless the second time.
  void destroy();

 private:
  bool try_start(std::string& failure);

  Subject& subject_;
  const ScriptedHost::Script script_;
  const plugin::Options options_;
  std::uint16_t port_ = 0;
  std::shared_ptr<ScriptedHost> host_;
  std::unique_ptr<Instance> instance_;
  bool stopped_ = false;
  bool destroyed_ = false;
};

// A connection that speaks the plugin's protocol.
class Client {
 public:
  Client(const Driver& driver, std::uint16_t port) : driver_(driver), socket_(chaos::connect_to_loopback(port)) {}

  // Each sends a request without waiting, and returns its number; 0: the connection is broken.
  std::uint64_t put(std::string_view key, std::string_view value);
  std::uint64_t get(std::string_view key);
  // The next reply; nullopt: the connection ended, or none came within `patience`.
  std::optional<Reply> receive(std::chrono::milliseconds patience = kReplyPatience);
  std::uint64_t sent() const noexcept { return sent_; }
  chaos::Socket& socket() noexcept { return socket_; }

 private:
  std::uint64_t send(const std::string& request);

  const Driver& driver_;
  chaos::Socket socket_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::string input_;
};

// The driver of the plugin's protocol. Skips the check when there is none.
std::unique_ptr<Driver> require_driver(Subject& subject);

// What a read of this key shows in the answers of answer_to().
std::string value_of_key(std::string_view key);
// DONE: of each read a record, of everything else a number.
ScriptedCompletion answer_to(const ScriptedRequest& request);

}  // namespace tenon::plugin_check
