// SPDX-License-Identifier: MIT
// What the manifests of transports that are made of this room have in common: options that read_network_settings()
// reads, and the metrics that the room keeps. A manifest is one string literal, so these are such, too.
#pragma once

#define TENON_NET_PEER_OPTIONS                                                                                        \
  "[option.listen]\n"                                                                                                 \
  "type = string\n"                                                                                                   \
  "required = yes\n"                                                                                                  \
  "help = addresses to serve other nodes on, as host:port[,host:port]; anyone who reaches them can speak as a node\n" \
  "[option.connections_max]\n"                                                                                        \
  "type = integer\n"                                                                                                  \
  "default = 256\n"                                                                                                   \
  "min = 4\n"                                                                                                         \
  "max = 100000\n"                                                                                                    \
  "help = connections from other nodes; each node has two, and what comes beyond is closed at once\n"                 \
  "[option.send_queue_bytes_max]\n"                                                                                   \
  "type = size\n"                                                                                                     \
  "default = 32MiB\n"                                                                                                 \
  "min = 64KiB\n"                                                                                                     \
  "max = 1GiB\n"                                                                                                      \
  "help = frames that wait to be sent, for each lane of each peer; one frame is taken whatever its size\n"            \
  "[option.reconnect_min]\n"                                                                                          \
  "type = duration\n"                                                                                                 \
  "default = 50ms\n"                                                                                                  \
  "min = 1ms\n"                                                                                                       \
  "max = 1h\n"                                                                                                        \
  "help = the first wait before a peer that was not reached is tried again; it doubles, less a random part\n"         \
  "[option.reconnect_max]\n"                                                                                          \
  "type = duration\n"                                                                                                 \
  "default = 2s\n"                                                                                                    \
  "min = 1ms\n"                                                                                                       \
  "max = 1h\n"                                                                                                        \
  "help = the longest such wait; not less than reconnect_min\n"

#define TENON_NET_PEER_METRICS                                                                                   \
  "[metric.lanes_up]\n"                                                                                          \
  "kind = gauge\n"                                                                                               \
  "help = peers that can be sent to, by lane\n"                                                                  \
  "[metric.dials_total]\n"                                                                                       \
  "kind = counter\n"                                                                                             \
  "help = attempts to reach an address of a peer\n"                                                              \
  "[metric.dials_failed_total]\n"                                                                                \
  "kind = counter\n"                                                                                             \
  "help = attempts that failed, by reason\n"                                                                     \
  "[metric.lanes_down_total]\n"                                                                                  \
  "kind = counter\n"                                                                                             \
  "help = connections to peers that were lost after they had been made\n"                                        \
  "[metric.hellos_refused_total]\n"                                                                              \
  "kind = counter\n"                                                                                             \
  "help = connections from others that were refused, by reason\n"                                                \
  "[metric.connections_replaced_total]\n"                                                                        \
  "kind = counter\n"                                                                                             \
  "help = connections from peers that were closed because a newer one came for the same lane\n"                  \
  "[metric.frames_dropped_total]\n"                                                                              \
  "kind = counter\n"                                                                                             \
  "help = frames that were dropped, by reason: down, they waited when the lane went down; malformed, they were " \
  "received\n"                                                                                                   \
  "[metric.connections]\n"                                                                                       \
  "kind = gauge\n"                                                                                               \
  "help = open connections from others\n"                                                                        \
  "[metric.connections_refused_total]\n"                                                                         \
  "kind = counter\n"                                                                                             \
  "help = connections closed at once, because there were as many as there may be\n"                              \
  "[metric.connections_closed_total]\n"                                                                          \
  "kind = counter\n"                                                                                             \
  "help = closed connections in both directions, by reason\n"                                                    \
  "[metric.bytes_received_total]\n"                                                                              \
  "kind = counter\n"                                                                                             \
  "help = bytes received\n"                                                                                      \
  "[metric.bytes_sent_total]\n"                                                                                  \
  "kind = counter\n"                                                                                             \
  "help = bytes sent\n"                                                                                          \
  "[metric.frames_received_total]\n"                                                                             \
  "kind = counter\n"                                                                                             \
  "help = frames received, hellos among them\n"                                                                  \
  "[metric.frames_sent_total]\n"                                                                                 \
  "kind = counter\n"                                                                                             \
  "help = frames that were queued to be sent, hellos among them\n"
