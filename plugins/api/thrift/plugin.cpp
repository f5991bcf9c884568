// SPDX-License-Identifier: MIT
#include "tenon/client_api.hpp"
#include "thrift_api.hpp"

TENON_CLIENT_API_PLUGIN(tenon::api_thrift::ThriftApi, R"([plugin]
id = dev.tenon.api.thrift
kind = client_api
version = 1.0
summary = Key-value and cluster services for Thrift clients: framed transport, binary protocol
[option.listen]
type = string
default = 127.0.0.1:7101
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
[option.frame_bytes_max]
type = size
default = 16MiB
min = 4KiB
max = 256MiB
help = the largest request; it must have room for the largest value, and for all values of a transaction
[option.output_bytes_max]
type = size
default = 16MiB
min = 64KiB
max = 1GiB
help = replies that one client has not yet read; beyond this it is closed
[option.buffer_bytes_max]
type = size
default = 256MiB
min = 1MiB
max = 64GiB
help = half-read requests and unread replies of all clients; who passes it is closed; at least twice frame_bytes_max
[option.pipelined_requests_max]
type = integer
default = 1024
min = 1
max = 65536
help = unanswered requests of one connection; beyond this nothing more is read from it
[option.idle_timeout]
type = duration
default = 0s
max = 24h
help = a connection without traffic or unanswered requests is closed after this; 0s is never
[option.queue_depth]
type = integer
default = 8192
min = 1
max = 1000000
help = requests of all clients that the node has not answered; what comes beyond is refused as OVERLOADED
[metric.requests_total]
kind = counter
help = requests read, whatever became of them
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
[metric.frames_received_total]
kind = counter
help = frames received
[metric.frames_sent_total]
kind = counter
help = frames sent
)")
