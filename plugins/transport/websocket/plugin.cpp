// SPDX-License-Identifier: MIT
#include "net/peer/manifest.hpp"
#include "tenon/transport.hpp"
#include "websocket_transport.hpp"

TENON_TRANSPORT_PLUGIN(tenon::transport_websocket::WebSocketTransport, R"([plugin]
id = dev.tenon.transport.websocket
kind = transport
version = 1.0
summary = Frames between nodes as binary WebSocket messages; addresses websocket://host:port[/path]
)" TENON_NET_PEER_OPTIONS R"([option.connections_per_address_max]
type = integer
default = 256
min = 4
max = 100000
help = such connections from one address; through a reverse proxy all nodes come from its address
[option.path]
type = string
default = /
help = the path that other nodes ask for; a request for another is answered by 404
[option.connect_timeout]
type = duration
default = 2s
min = 10ms
max = 1h
help = how long an address of a peer has for the name, the connection, the upgrade and the hello together
[option.send_timeout]
type = duration
default = 10s
min = 100ms
max = 1h
help = a connection whose peer takes nothing, or leaves a ping unanswered, for this long is dropped and made anew
[option.ping_interval]
type = duration
default = 5s
min = 10ms
max = 1h
help = silence of the other side after which it is pinged; less than the read timeout of a reverse proxy in between
)" TENON_NET_PEER_METRICS)
