// SPDX-License-Identifier: MIT
//
// What Tenon nodes say to each other over Thrift: the framed transport and the strict binary protocol.
//
// A node dials each of its peers twice, once for each lane, and sends on the connections that it dialled; what it
// receives comes on those that its peers dialled. The first message on a connection is the call hello(), and its reply
// accepts or refuses. After an acceptance the dialler sends frame() messages and nothing else, and nothing comes back.
//
// How this file grows: field ids are never reused and never change their type, and every new field is optional. Lanes
// and refusals are numbers, so that a reader can hold one that it does not know. A hello() of another version is
// refused, whatever else it says; from version 1 on, `version` and `sender` keep their places.

namespace * tenon_peer
namespace cpp tenon.thrift_peer
namespace py tenon_peer

const i32 VERSION = 1

const i32 LANE_CONTROL = 0
const i32 LANE_BULK = 1

// Why a hello was refused.
const i32 REFUSED_VERSION = 1       // the version is not spoken here
const i32 REFUSED_CLUSTER = 2       // the sender is of another cluster
const i32 REFUSED_NODE = 3          // the hello is for another node
const i32 REFUSED_SENDER = 4        // the sender has the id of the node that it says hello to
const i32 REFUSED_UNKNOWN_PEER = 5  // the sender is no peer of this node, and as many others are connected as may be
const i32 REFUSED_LANE = 6          // there is no such lane

// What a node says of itself.
struct Introduction {
  1: string cluster
  2: i64 node                       // the bits of an unsigned number; never 0
  3: binary incarnation             // of its data directory, 16 bytes
  4: list<string> client_addresses  // where it serves clients: at most 16 URLs
}

struct Hello {
  1: i32 version
  2: Introduction sender
  3: i64 to    // the node that is meant, as Introduction.node
  4: i32 lane  // LANE_*
}

struct HelloReply {
  1: i32 version            // of who replies
  2: Introduction sender    // who replies
  3: optional i32 refusal   // REFUSED_*; absent: accepted
  4: optional string reason // of a refusal, for people
}

service Peer {
  // At most 64 KiB.
  HelloReply hello(1: Hello hello)
  // One frame of the core, at most 8 MiB, with exactly this field.
  oneway void frame(1: binary data)
}
