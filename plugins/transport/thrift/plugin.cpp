// SPDX-License-Identifier: MIT
#include "net/peer/manifest.hpp"
#include "tenon/transport.hpp"
#include "thrift_transport.hpp"

TENON_TRANSPORT_PLUGIN(tenon::transport_thrift::ThriftTransport, R"([plugin]
id = dev.tenon.transport.thrift
kind = transport
version = 1.0
summary = Frames between nodes as one-way Thrift calls: framed transport, binary protocol; addresses thrift://host:port
)" TENON_NET_PEER_OPTIONS R"([option.connect_timeout]
type = duration
default = 2s
min = 10ms
max = 1h
help = how long an address of a peer has for the name, the connection and the hello together
[option.send_timeout]
type = duration
default = 10s
min = 100ms
max = 1h
help = a connection whose peer takes or acknowledges nothing for this long is dropped and made anew
)" TENON_NET_PEER_METRICS)
