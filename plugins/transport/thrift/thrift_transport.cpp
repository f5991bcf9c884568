// SPDX-License-Identifier: MIT
#include "thrift_transport.hpp"

#include <algorithm>
#include <string_view>

#include "network.hpp"
#include "tenon/option.hpp"

namespace tenon::transport_thrift {

namespace {

constexpr std::string_view kScheme = "thrift://";

template <class Value>
Value required(const char* name, std::optional<Value> value) {
  if (!value) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " has no readable value");
  return *value;
}

std::chrono::microseconds duration_option(const Host& host, const char* name) {
  const auto duration = required(name, parse_duration(host.option(name)));
  if (duration.count() <= 0) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " must be above 0");
  return duration;
}

// Rounded up, so that a duration that is set never becomes the 0 that stands for none.
std::chrono::milliseconds milliseconds_option(const Host& host, const char* name) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration_option(host, name));
}

Introduction introduction_of(const Host& host, const tenon_introduction& self) {
  Introduction introduction{.cluster = host.cluster_id(), .node = host.node_id()};
  std::copy(std::begin(self.incarnation), std::end(self.incarnation), introduction.incarnation.begin());
  introduction.client_addresses.assign(self.client_addresses, self.client_addresses + self.client_address_count);
  return introduction;
}

}  // namespace

struct ThriftTransport::Options {
  explicit Options(const Host& host)
      : settings{
            .listen = net::parse_addresses(host.option("listen")),
            .connections_max =
                static_cast<std::uint64_t>(required("connections_max", parse_integer(host.option("connections_max")))),
            .send_queue_bytes_max = required("send_queue_bytes_max", parse_size(host.option("send_queue_bytes_max"))),
            .dial = {.connect_timeout = milliseconds_option(host, "connect_timeout"),
                     .reconnect_min = duration_option(host, "reconnect_min"),
                     .reconnect_max = duration_option(host, "reconnect_max"),
                     .send_timeout = milliseconds_option(host, "send_timeout")},
        } {
    if (settings.dial.reconnect_max < settings.dial.reconnect_min) {
      throw Error(TENON_ERROR_INVALID, "reconnect_max is less than reconnect_min; raise the one or lower the other");
    }
  }

  const Settings settings;
};

ThriftTransport::ThriftTransport(Host host) : Transport(host), options_(std::make_unique<const Options>(host)) {}

ThriftTransport::~ThriftTransport() = default;

void ThriftTransport::start() {
  NodeEvents& events = *this;
  network_ = std::make_unique<Network>(host(), options_->settings, introduction_of(host(), introduction()), events);
}

void ThriftTransport::stop() { network_.reset(); }

void ThriftTransport::set_peer(std::uint64_t peer, std::span<const char* const> addresses) {
  TENON_CHECK(network_ != nullptr);
  if (peer == host().node_id()) {
    throw Error(TENON_ERROR_INVALID, "node " + std::to_string(peer) + " is this node; it is not a peer of its own");
  }
  std::vector<net::Address> usable;
  for (const std::string_view address : addresses) {
    if (!address.starts_with(kScheme)) continue;
    const std::vector<net::Address> parsed = net::parse_addresses(address.substr(kScheme.size()));
    usable.insert(usable.end(), parsed.begin(), parsed.end());
  }
  if (usable.empty() && !addresses.empty()) {
    throw Error(TENON_ERROR_UNSUPPORTED,
                "node " + std::to_string(peer) + " has no address that begins with " + std::string(kScheme));
  }
  network_->set_peer(peer, std::move(usable));
}

void ThriftTransport::send(std::uint64_t peer, Lane lane, OfferedFrames& frames) {
  TENON_CHECK(network_ != nullptr);
  network_->send({peer, lane}, frames);
}

void ThriftTransport::on_introduced(const Introduction& peer) {
  std::vector<const char*> client_addresses;
  for (const std::string& address : peer.client_addresses) client_addresses.push_back(address.c_str());
  tenon_introduction said{};
  std::copy(peer.incarnation.begin(), peer.incarnation.end(), said.incarnation);
  said.client_addresses = client_addresses.data();
  said.client_address_count = client_addresses.size();
  introduced(peer.node, said);
}

void ThriftTransport::on_frames(const LaneId& from, std::span<const tenon_bytes> frames) {
  receive(from.peer, from.lane, TENON_PROOF_NONE, frames);
}

}  // namespace tenon::transport_thrift
