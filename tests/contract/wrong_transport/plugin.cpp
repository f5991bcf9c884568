// SPDX-License-Identifier: MIT
#include "poll_transport.hpp"

namespace tenon::wrong_transport {
const Sin kSin = Sin::WRONG_SIN;
const char* const kScheme = WRONG_SCHEME;
}  // namespace tenon::wrong_transport

namespace {

using tenon::TransportTrampolines;
using tenon::wrong_transport::PollTransport;

// As the skin's, but that this plugin's own threads know the host's table.
tenon_error start(void* self, const tenon_transport_host* host, tenon_detail* why) {
  static_cast<PollTransport&>(TransportTrampolines::of(self)).remember(host);
  return TransportTrampolines::start(self, host, why);
}

tenon_error set_peer(void* self, std::uint64_t peer, const char* const* addresses, std::uint64_t count) {
  using tenon::wrong_transport::kSin;
  if (kSin == tenon::wrong_transport::Sin::throws) throw std::runtime_error("nobody catches this");
  return TransportTrampolines::set_peer(self, peer, addresses, count);
}

constexpr tenon_transport kTable = {
    .struct_size = sizeof(tenon_transport),
    .start = start,
    .stop = TransportTrampolines::stop,
    .set_peer = set_peer,
    .send = TransportTrampolines::send,
};

}  // namespace

TENON_ROLE_PLUGIN(PollTransport, R"([plugin]
id = org.tenon.test.transport
kind = transport
version = 1.0
summary = A small transport for the tests of the checks
[option.listen]
type = string
required = yes
help = 127.0.0.1:PORT
[option.send_queue_bytes_max]
type = size
default = 32MiB
min = 64KiB
max = 1GiB
help = frames that wait to be sent, for each lane of each peer
[option.connect_timeout]
type = duration
default = 2s
min = 10ms
max = 1h
help = how long a connection has for its introduction
[option.reconnect_max]
type = duration
default = 2s
min = 10ms
max = 1h
help = the longest wait before a peer is tried again
[option.send_timeout]
type = duration
default = 10s
min = 100ms
max = 1h
help = a connection whose peer takes nothing for this long is dropped
)",
                  .storage = nullptr, .transport = &kTable, .client_api = nullptr)
