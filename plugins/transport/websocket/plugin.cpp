// SPDX-License-Identifier: MIT
#include "tenon/transport.hpp"
#include "websocket_transport.hpp"

TENON_TRANSPORT_PLUGIN(tenon::transport_websocket::WebSocketTransport, R"([plugin]
id = dev.tenon.transport.websocket
kind = transport
version = 1.0
summary = Frames between nodes as binary WebSocket messages; addresses websocket://host:port[/path]
[option.listen]
type = string
required = yes
help = addresses to serve other nodes on, as host:port[,host:port]; anyone who reaches them can speak as a node
[option.connections_max]
type = integer
default = 256
min = 4
max = 100000
help = connections from other nodes; each node has two, and what comes beyond is closed at once
[option.connections_per_address_max]
type = integer
default = 256
min = 4
max = 100000
help = such connections from one address; through a reverse proxy all nodes come from its address
[option.path]
type = string
default = /
help = the path that other nodes ask for; a request for another is answered by 404
[option.send_queue_bytes_max]
type = size
default = 32MiB
min = 64KiB
max = 1GiB
help = frames that wait to be sent, for each lane of each peer; one frame is taken whatever its size
[option.connect_timeout]
type = duration
default = 2s
min = 10ms
max = 1h
help = how long an address of a peer has for the name, the connection, the upgrade and the hello together
[option.reconnect_min]
type = duration
default = 50ms
min = 1ms
max = 1h
help = the first wait before a peer that was not reached is tried again; it doubles, less a random part
[option.reconnect_max]
type = duration
default = 2s
min = 1ms
max = 1h
help = the longest such wait; not less than reconnect_min
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
[metric.lanes_up]
kind = gauge
help = peers that can be sent to, by lane
[metric.dials_total]
kind = counter
help = attempts to reach an address of a peer
[metric.dials_failed_total]
kind = counter
help = attempts that failed, by reason
[metric.lanes_down_total]
kind = counter
help = connections to peers that were lost after they had been made
[metric.hellos_refused_total]
kind = counter
help = connections from others that were refused, by reason
[metric.connections_replaced_total]
kind = counter
help = connections from peers that were closed because a newer one came for the same lane
[metric.frames_dropped_total]
kind = counter
help = frames that were dropped, by reason: down, they waited when the lane went down; malformed, they were received
[metric.connections]
kind = gauge
help = open connections from others
[metric.connections_refused_total]
kind = counter
help = connections closed at once, because there were as many as there may be
[metric.connections_closed_total]
kind = counter
help = closed connections in both directions, by reason
[metric.bytes_received_total]
kind = counter
help = bytes received
[metric.bytes_sent_total]
kind = counter
help = bytes sent
[metric.frames_received_total]
kind = counter
help = frames received, hellos among them
[metric.frames_sent_total]
kind = counter
help = frames that were queued to be sent, hellos among them
)")
