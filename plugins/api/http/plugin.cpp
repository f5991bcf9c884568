// SPDX-License-Identifier: MIT
#include "http_api.hpp"
#include "tenon/client_api.hpp"

TENON_CLIENT_API_PLUGIN(tenon::api_http::HttpApi, R"([plugin]
id = dev.tenon.api.http
kind = client_api
version = 1.0
summary = Keys, health and metrics for clients that speak HTTP/1.1
[option.listen]
type = string
default = 127.0.0.1:8080
help = addresses to serve clients on, as host:port[,host:port]; anyone who reaches them can read and write everything
[option.connections_max]
type = integer
default = 1000
min = 1
max = 100000
help = connections in all; what comes beyond is closed at once
[option.connections_per_address_max]
type = integer
default = 500
min = 1
max = 100000
help = connections from one client address
[option.header_bytes_max]
type = size
default = 256KiB
min = 1KiB
max = 1MiB
help = the request line and all fields of a request; the longest key takes three times 64KiB of it
[option.header_fields_max]
type = integer
default = 100
min = 8
max = 1000
help = fields of a request
[option.body_bytes_max]
type = size
default = 8MiB
min = 1KiB
max = 256MiB
help = the body of a request; it must have room for the largest value, and for all values of a transaction
[option.parameters_max]
type = integer
default = 32
min = 16
max = 1000
help = parameters of a target
[option.json_depth_max]
type = integer
default = 16
min = 8
max = 100
help = arrays and objects within each other, in a body or in a message of a WebSocket client
[option.header_timeout]
type = duration
default = 10s
min = 1ms
max = 1h
help = from the first byte of a request to the end of its header
[option.body_timeout]
type = duration
default = 60s
min = 1ms
max = 1h
help = from the end of its header to the end of its body
[option.idle_timeout]
type = duration
default = 2m
min = 1ms
max = 24h
help = a connection without traffic or unanswered requests, or whose client does not read, is closed after this
[option.output_bytes_max]
type = size
default = 16MiB
min = 64KiB
max = 1GiB
help = answers that one client has not yet read; beyond this it is closed
[option.buffer_bytes_max]
type = size
default = 256MiB
min = 1MiB
max = 64GiB
help = half-read requests, unread answers and unread events of all clients; who passes it is closed
[option.pipelined_requests_max]
type = integer
default = 64
min = 1
max = 65536
help = unanswered requests of one connection; beyond this nothing more is read from it
[option.queue_depth]
type = integer
default = 8192
min = 1
max = 1000000
help = requests that the node has not answered, for keys and for what it says of itself each; beyond them 429
[option.hosts]
type = string
help = names by which clients reach this node, with commas between; numbers, localhost and this machine's name need none
[option.origins]
type = string
help = origins of other pages that may use this node, such as https://a.example, with commas between
[option.upgrade_field_bytes_max]
type = size
default = 1KiB
min = 256
max = 32KiB
help = each field that an upgrade to WebSocket needs
[option.message_bytes_max]
type = size
default = 64KiB
min = 1KiB
max = 16MiB
help = a message of a WebSocket client
[option.calls_max]
type = integer
default = 64
min = 1
max = 10000
help = calls in one message of a WebSocket client
[option.id_bytes_max]
type = size
default = 256
min = 32
max = 64KiB
help = the id of a call, as JSON
[option.subscriptions_max]
type = integer
default = 32
min = 1
max = 1000
help = subscriptions of one WebSocket client
[option.events_bytes_max]
type = size
default = 1MiB
min = 4KiB
max = 1GiB
help = what a WebSocket client has not yet read; beyond it events are left out, it is told, and watches of keys wait
[option.dashboard]
type = boolean
default = yes
help = serve the dashboard, at /
[option.dashboard_writes]
type = boolean
default = no
help = the dashboard offers to put, edit and delete keys; who uses the HTTP interface itself may do so in any case
[option.compatibility]
type = boolean
default = yes
help = also serve /set, /get, /delete, /health and /raft/status
[metric.requests_total]
kind = counter
help = requests read, whatever became of them
[metric.responses_total]
kind = counter
help = answers, by HTTP status
[metric.subscriptions]
kind = gauge
help = open subscriptions of WebSocket clients
[metric.events_left_out_total]
kind = counter
help = events that WebSocket clients were not sent, because they did not read
[metric.rpc_errors_total]
kind = counter
help = calls of WebSocket clients that were answered with an error, by its JSON-RPC code
[metric.connections]
kind = gauge
help = open connections
[metric.connections_refused_total]
kind = counter
help = connections closed at once, because there were as many as there may be
[metric.connections_closed_total]
kind = counter
help = closed connections, by reason
[metric.bytes_received_total]
kind = counter
help = bytes received
[metric.bytes_sent_total]
kind = counter
help = bytes sent
)")
