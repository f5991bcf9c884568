// SPDX-License-Identifier: MIT
// The plugin, running on a port of its own under a scripted node and validation, and sockets that speak to it byte for
// byte.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/peer/protocol.hpp"
#include "support/abort_on_finding.hpp"
#include "tenon/testing/host.hpp"
#include "tenon/testing/transport_host.hpp"
#include "validation/host_table.hpp"
#include "validation/transport_table.hpp"

namespace tenon::transport_test {

using net::Hello;
using net::HelloReply;
using net::Refusal;

// What each transport's own tests define: the plugin, the name that begins its addresses, and its protocol.
const tenon_plugin& plugin_under_test();
std::string_view scheme();
net::PeerProtocol& protocol();
// The message that carries one frame.
std::string frame_message(std::string_view data);

// Options that this transport has beside those of every transport.
std::map<std::string, std::string> options_of_transport();

inline std::string url_of(std::uint16_t port) { return std::string(scheme()) + "://127.0.0.1:" + std::to_string(port); }

inline constexpr std::chrono::milliseconds kLong{20000};  // nothing waits this long unless it is broken
inline constexpr const char* kCluster = "cluster-of-test";

class TestNode {
 public:
  using Options = std::map<std::string, std::string>;

  // `options` replace those of this fixture; port 0 is chosen for it.
  explicit TestNode(std::uint64_t id, const Options& options = {}, const std::string& cluster = kCluster,
                    std::uint16_t port = 0);
  ~TestNode();

  std::uint16_t port() const { return port_; }
  std::string url() const { return url_of(port_); }
  void stop();

  tenon_error set_peer(std::uint64_t peer, const std::vector<std::string>& addresses);
  // Makes the other a peer of this one.
  void know(std::uint64_t peer, const TestNode& other) { set_peer(peer, {other.url()}); }
  // Lends the frames, each in parts of at most `part_bytes`, and returns how many were taken.
  std::size_t send(std::uint64_t peer, Lane lane, const std::vector<std::string>& frames,
                   std::size_t part_bytes = 100'000);
  // Sends every frame, waiting for room and for a lane that is down.
  bool send_all(std::uint64_t peer, Lane lane, const std::vector<std::string>& frames);
  // Frames that were taken and not yet given back.
  std::uint64_t loans_out() const { return *loans_out_; }

  std::vector<std::string> frames(std::uint64_t peer, Lane lane) const;
  bool wait_up(std::uint64_t peer) const;
  bool wait_down(std::uint64_t peer) const;
  // Labels are part of the name, as in name{reason="cluster"}.
  double metric(const std::string& name) const { return host_->metric(name).value_or(-1); }
  bool wait_for_metric(const std::string& name, double value) const;
  testing::FakeHost& host() { return *host_; }
  testing::FakeTransportHost& node() { return *node_; }

 private:
  const tenon_transport& table() const { return *validated_->table(); }

  std::unique_ptr<testing::FakeHost> host_;
  tenon_host host_table_{};
  std::unique_ptr<testing::FakeTransportHost> node_;
  const std::shared_ptr<std::atomic<std::uint64_t>> loans_out_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  support::AbortOnFinding reporter_;
  validation::Threads threads_;
  validation::Subject subject_{threads_, reporter_};
  std::optional<validation::HostTable> validated_host_;
  void* self_ = nullptr;
  std::optional<validation::TransportTable> validated_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

// Calls `ready` until it is true; false after twenty seconds.
template <class Ready>
bool eventually(Ready&& ready) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!ready()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(1000);
  }
  return true;
}

// A connected TCP socket that blocks, for at most twenty seconds.
class RawSocket {
 public:
  enum class Side { kDialled, kAccepted };

  RawSocket(int descriptor, Side side) : descriptor_(descriptor), side_(side) {}
  // Nothing has been said on it.
  static RawSocket connect(std::uint16_t port);
  // It carries messages.
  static RawSocket open(std::uint16_t port);
  RawSocket(RawSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), side_(other.side_) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket();

  Side side() const noexcept { return side_; }
  void send(std::string_view bytes) const;
  void send_message(std::string_view payload) const { send(message_bytes(side_, payload)); }
  // The payload of the next message; nullopt when the connection ended.
  std::optional<std::string> receive() const;
  bool receive_bytes(char* to, std::size_t size) const;
  // Reads to the end.
  bool ended() const;

  // The bytes of a message of this side. Each transport's own tests define it, begin() and receive().
  static std::string message_bytes(Side side, std::string_view payload);

 private:
  friend class RawListener;
  // What precedes the first message, for this side.
  static void begin(const RawSocket& socket);

  int descriptor_;
  Side side_;
};

// A place where a plugin can dial to, with a small receive buffer.
class RawListener {
 public:
  RawListener();
  ~RawListener();
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  std::string url() const { return url_of(port_); }
  // The connection carries messages.
  RawSocket accept() const;
  // Nothing has been said on it.
  RawSocket accept_silently() const;
  // Accepts connections until one is for this lane, answers its hello as node `as`, and returns it.
  RawSocket accept_lane(Lane lane, std::uint64_t as) const;

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

// What a node of the test's cluster says.
Hello hello_from(std::uint64_t node, std::uint64_t to, Lane lane = Lane::control);
HelloReply acceptance_of(std::uint64_t node);

}  // namespace tenon::transport_test
