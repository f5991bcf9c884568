// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tenon/option.hpp"

namespace tenon::transport_test {

namespace {

struct Lent {
  Lent(std::string text, std::size_t part_bytes, std::shared_ptr<std::atomic<std::uint64_t>> count)
      : bytes(std::move(text)), out(std::move(count)) {
    const std::string_view all = bytes;
    for (std::size_t at = 0; at < all.size(); at += part_bytes)
      parts.push_back(tenon::bytes(all.substr(at, part_bytes)));
  }
  std::string bytes;
  std::shared_ptr<std::atomic<std::uint64_t>> out;
  std::vector<tenon_bytes> parts;
};

std::array<std::uint8_t, 16> incarnation_of(std::uint64_t node) {
  std::array<std::uint8_t, 16> incarnation{};
  incarnation[0] = static_cast<std::uint8_t>(node);
  incarnation[15] = 0xff;
  return incarnation;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

void limit_waiting(int descriptor) {
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  check(::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
  check(::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0, "SO_SNDTIMEO");
}

}  // namespace

TestNode::TestNode(std::uint64_t id, const Options& options, const std::string& cluster, std::uint16_t port) {
  Options all = {{"listen", "127.0.0.1:" + std::to_string(port)},
                 {"connections_max", "50"},
                 {"send_queue_bytes_max", "32MiB"},
                 {"connect_timeout", "5s"},
                 {"reconnect_min", "2ms"},
                 {"reconnect_max", "50ms"},
                 {"send_timeout", "10s"}};
  all.merge(options_of_transport());
  for (const auto& [name, value] : options) all[name] = value;
  host_ = std::make_unique<testing::FakeHost>("/nonexistent", all, id, cluster);
  node_ = std::make_unique<testing::FakeTransportHost>(
      incarnation_of(id), std::vector<std::string>{"thrift://client-of-" + std::to_string(id) + ":1"});
  host_table_ = *host_->table();
  host_table_.metric_create = [](const tenon_host* table, const char* name, const char* labels) {
    const auto* const fake = static_cast<const testing::FakeHost*>(table->context);
    const std::string labelled = *labels == '\0' ? name : std::string(name) + "{" + labels + "}";
    return fake->table()->metric_create(fake->table(), labelled.c_str(), "");
  };
  tenon_detail why{sizeof why, {}};
  validated_host_.emplace(subject_, host_table_);
  if (plugin_under_test().create(validated_host_->table(), &self_, &why) != TENON_OK) {
    throw std::runtime_error(std::string("create: ") + why.message);
  }
  validated_.emplace(subject_, *plugin_under_test().transport, self_);
  if (table().start(validated_->self(), node_->table(), &why) != TENON_OK) {
    plugin_under_test().destroy(self_);
    throw std::runtime_error(std::string("start: ") + why.message);
  }
  constexpr std::string_view prefix = "listening on 127.0.0.1:";
  for (const testing::LoggerLine& line : host_->logger_lines()) {
    if (!line.text.starts_with(prefix)) continue;
    port_ = static_cast<std::uint16_t>(parse_integer(std::string_view(line.text).substr(prefix.size())).value());
  }
}

TestNode::~TestNode() {
  stop();
  plugin_under_test().destroy(self_);
}

void TestNode::stop() {
  if (!stopped_) table().stop(validated_->self());
  stopped_ = true;
}

tenon_error TestNode::set_peer(std::uint64_t peer, const std::vector<std::string>& addresses) {
  std::vector<const char*> pointers;
  pointers.reserve(addresses.size());
  for (const std::string& address : addresses) pointers.push_back(address.c_str());
  return table().set_peer(validated_->self(), peer, pointers.data(), pointers.size());
}

std::size_t TestNode::send(std::uint64_t peer, Lane lane, const std::vector<std::string>& frames,
                           std::size_t part_bytes) {
  std::vector<std::unique_ptr<Lent>> lent;
  std::vector<tenon_frame> offered;
  for (const std::string& frame : frames) {
    Lent& made = *lent.emplace_back(std::make_unique<Lent>(frame, part_bytes, loans_out_));
    const auto release = [](void* owner) {
      const std::unique_ptr<Lent> own(static_cast<Lent*>(owner));
      --*own->out;
    };
    offered.push_back({made.parts.data(), made.parts.size(), {release, &made}});
  }
  *loans_out_ += frames.size();
  const std::uint64_t taken =
      table().send(validated_->self(), peer, static_cast<std::uint32_t>(lane), offered.data(), offered.size());
  *loans_out_ -= frames.size() - taken;
  for (std::size_t i = 0; i < taken; ++i) static_cast<void>(lent[i].release());
  return static_cast<std::size_t>(taken);
}

bool TestNode::send_all(std::uint64_t peer, Lane lane, const std::vector<std::string>& frames) {
  std::size_t sent = 0;
  return eventually([&] {
    sent += send(peer, lane, {frames.begin() + static_cast<std::ptrdiff_t>(sent), frames.end()});
    return sent == frames.size();
  });
}

std::vector<std::string> TestNode::frames(std::uint64_t peer, Lane lane) const {
  std::vector<std::string> found;
  for (testing::ReceivedFrame& frame : node_->frames()) {
    if (frame.peer == peer && frame.lane == lane) found.push_back(std::move(frame.bytes));
  }
  return found;
}

bool TestNode::wait_up(std::uint64_t peer) const {
  return eventually([&] { return node_->is_up(peer, Lane::control) && node_->is_up(peer, Lane::bulk); });
}

bool TestNode::wait_down(std::uint64_t peer) const {
  return eventually([&] { return !node_->is_up(peer, Lane::control) && !node_->is_up(peer, Lane::bulk); });
}

bool TestNode::wait_for_metric(const std::string& name, double value) const {
  return eventually([&] { return metric(name) >= value; });
}

RawSocket RawSocket::connect(std::uint16_t port) {
  RawSocket made(::socket(AF_INET, SOCK_STREAM, 0), Side::kDialled);
  limit_waiting(made.descriptor_);
  const sockaddr_in address = loopback(port);
  check(::connect(made.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return made;
}

RawSocket RawSocket::open(std::uint16_t port) {
  RawSocket made = connect(port);
  begin(made);
  return made;
}

RawSocket::~RawSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RawSocket::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawSocket::receive_bytes(char* to, std::size_t size) const {
  while (size > 0) {
    const ssize_t got = ::recv(descriptor_, to, size, 0);
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool RawSocket::ended() const {
  while (receive()) continue;
  char byte;
  while (true) {
    const ssize_t got = ::recv(descriptor_, &byte, 1, 0);
    if (got <= 0) return got == 0 || errno == ECONNRESET;
  }
}

RawListener::RawListener() : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  limit_waiting(descriptor_);
  const int small = 4096;
  check(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0, "SO_RCVBUF");
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  check(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
  check(::listen(descriptor_, 16) == 0, "listen");
  check(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
}

RawListener::~RawListener() { ::close(descriptor_); }

RawSocket RawListener::accept() const {
  RawSocket made = accept_silently();
  RawSocket::begin(made);
  return made;
}

RawSocket RawListener::accept_silently() const {
  const int accepted = ::accept(descriptor_, nullptr, nullptr);
  check(accepted >= 0, "accept");
  limit_waiting(accepted);
  return {accepted, RawSocket::Side::kAccepted};
}

RawSocket RawListener::accept_lane(Lane lane, std::uint64_t as) const {
  while (true) {
    RawSocket socket = accept();
    const std::optional<std::string> message = socket.receive();
    if (!message) continue;
    const Hello hello = protocol().decode_hello(*message);
    if (hello.lane != static_cast<std::int32_t>(lane)) continue;
    socket.send_message(protocol().encode(acceptance_of(as), hello.sequence_id));
    return socket;
  }
}

Hello hello_from(std::uint64_t node, std::uint64_t to, Lane lane) {
  return {.version = protocol().version(),
          .sender = {.cluster = kCluster,
                     .node = node,
                     .incarnation = incarnation_of(node),
                     .client_addresses = {"thrift://raw:1"}},
          .to = to,
          .lane = static_cast<std::int32_t>(lane),
          .sequence_id = 77};
}

HelloReply acceptance_of(std::uint64_t node) {
  return {.version = protocol().version(), .sender = hello_from(node, 0).sender, .refusal = {}, .reason = {}};
}

}  // namespace tenon::transport_test
