// SPDX-License-Identifier: MIT
#include "resp_api.hpp"
#include "tenon/client_api.hpp"

TENON_CLIENT_API_PLUGIN(tenon::api_resp::RespApi, R"([plugin]
id = dev.tenon.api.resp
kind = client_api
version = 1.0
summary = Strings, expiry, transactions and messages for Redis clients: RESP2 and RESP3
[option.listen]
type = string
default = 127.0.0.1:6379
help = addresses to serve clients on, as host:port[,host:port]; anyone who reaches them can read and write everything
[option.reads]
type = choice
choices = linearizable | lease
default = linearizable
help = what a read shows; lease costs no message, and is as true as the clocks keep what clock_drift says
[option.redirect]
type = choice
choices = forward | moved
default = forward
help = a node that does not lead asks the leader (forward), or sends the client there as a Redis Cluster does (moved)
[option.connections_max]
type = integer
default = 10000
min = 1
max = 100000
help = connections in all; what comes beyond is closed at once
[option.connections_per_address_max]
type = integer
default = 5000
min = 1
max = 100000
help = connections from one client address
[option.arguments_max]
type = integer
default = 65536
min = 16
max = 1048576
help = words of one request
[option.bulk_bytes_max]
type = size
default = 16MiB
min = 4KiB
max = 512MiB
help = one word of a request; it must have room for the largest value
[option.inline_bytes_max]
type = size
default = 64KiB
min = 1KiB
max = 1MiB
help = a request that is a line
[option.query_buffer_bytes_max]
type = size
default = 64MiB
min = 64KiB
max = 1GiB
help = what one client has sent of a request that is not whole; beyond this it is closed; at least bulk_bytes_max
[option.output_bytes_max]
type = size
default = 64MiB
min = 64KiB
max = 1GiB
help = replies and messages that one client has not yet read; beyond this it is closed
[option.buffer_bytes_max]
type = size
default = 256MiB
min = 1MiB
max = 64GiB
help = half-read requests and unread replies of all clients; who passes it is closed; at least query_buffer_bytes_max
[option.pipelined_requests_max]
type = integer
default = 1024
min = 1
max = 65536
help = unanswered requests of one connection; beyond this nothing more is read from it
[option.transaction_commands_max]
type = integer
default = 10000
min = 1
max = 1000000
help = commands of one client between MULTI and EXEC; beyond this EXEC is refused
[option.transaction_bytes_max]
type = size
default = 16MiB
min = 4KiB
max = 512MiB
help = the words of these commands
[option.watched_keys_max]
type = integer
default = 1024
min = 1
max = 10000
help = keys that one client watches for EXEC
[option.subscriptions_max]
type = integer
default = 10000
min = 1
max = 1000000
help = channels and patterns that one client listens to
[option.notify_keyspace_events]
type = string
help = letters of KEg$xnA as notify-keyspace-events of Redis has them: changes of keys become messages
[option.scan_cursors_max]
type = integer
default = 16384
min = 1
max = 1000000
help = places of scans that this node remembers; one that is forgotten is looked for among all keys
[option.idle_timeout]
type = duration
default = 0s
max = 24h
help = a connection without traffic or unanswered requests is closed after this; 0s is never
[option.queue_depth]
type = integer
default = 65534
min = 1
max = 65534
help = requests of all clients that the node has not answered; beyond this nothing more is read from clients
[metric.requests_total]
kind = counter
help = requests read, whatever became of them
[metric.requests_malformed_total]
kind = counter
help = requests that could not be read, or came from a browser; their connections were closed
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
