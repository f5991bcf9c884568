/* SPDX-License-Identifier: MIT
 *
 * Transport carries frames between nodes: a plain pipe that may lose them, and that within one lane of one peer never
 * delivers a frame twice, changed, merged with another or out of order. After a reconnect nothing is sent again.
 *
 * A frame is opaque and at most TENON_FRAME_BYTES_MAX long; the core's own header (cluster, sender, term, checksum)
 * lies inside. Each peer has two lanes on separate connections, so that a gigabyte of snapshot chunks on `bulk` never
 * delays a heartbeat on `control`. A lane has a queue that is bounded in bytes: a full one takes fewer frames than
 * offered, a lane that is down takes none, and going down loses what was queued. At-most-once is part of the contract
 * because forwarded requests travel here, and one that has no session would run twice if it came twice.
 *
 * A node of the same cluster that says hello is let in also when set_peer() has not named it, or not yet, for it may be
 * new: what it says is for the host to judge. How many such there may be at a time is the transport's own bound.
 */
#ifndef TENON_TRANSPORT_H
#define TENON_TRANSPORT_H
#include "tenon/values.h"
#ifdef __cplusplus
extern "C" {
#endif

#define TENON_FRAME_BYTES_MAX 8388608u /* 8 MiB */
#define TENON_CLIENT_ADDRESSES_MAX 16u

enum { TENON_LANE_CONTROL, TENON_LANE_BULK };
enum { TENON_EVENT_UP = 1, TENON_EVENT_DOWN, TENON_EVENT_WRITABLE };
/* what a transport has proved about the sender of frames */
enum {
  TENON_PROOF_NONE,    /* nothing; the peer id is a claim */
  TENON_PROOF_CLUSTER, /* it holds a secret or a certificate of this cluster */
  TENON_PROOF_NODE     /* its certificate names this very node */
};

/* the bytes of its parts, one after the other */
typedef struct tenon_frame {
  const tenon_bytes* parts; /* parts and their bytes live until the loan is released */
  uint64_t part_count;
  tenon_loan loan;
} tenon_frame;

/* what a node says of itself to each peer, beside its cluster and its id */
typedef struct tenon_introduction {
  uint8_t incarnation[16];             /* of its data directory */
  const char* const* client_addresses; /* where it serves clients: URLs whose scheme is the name of a client API */
  uint64_t client_address_count;       /* at most TENON_CLIENT_ADDRESSES_MAX */
} tenon_introduction;

/* lives until stop() has returned */
typedef struct tenon_transport_host {
  uint64_t struct_size;
  void* context;
  const tenon_introduction* self; /* of this node: what each connection says first, in both directions */
  /* Passes on what a peer has said of itself; the host copies it. Needs: it comes from a node of the same cluster; for
   * each connection once, before its UP and its frames. */
  TENON_ANY void (*introduced)(const struct tenon_transport_host* host, uint64_t peer, const tenon_introduction* said);
  /* Delivers whole frames. The host copies those that it has room for, drops the others and counts them.
   * Needs: for one lane of one peer, one call at a time, in the order of arrival. */
  TENON_ANY void (*receive)(const struct tenon_transport_host* host, uint64_t peer, uint32_t lane, uint32_t proof,
                            const tenon_bytes* frames, uint64_t count);
  /* UP: connected; what is sent from now on can arrive. DOWN: the connection is gone, and with it all that was queued
   * or under way. WRITABLE: there is room again after send() took fewer than offered.
   * Needs: for one lane of one peer, one call at a time; UP comes first, and UP and DOWN take turns. */
  TENON_ANY void (*lane_event)(const struct tenon_transport_host* host, uint64_t peer, uint32_t lane, uint32_t event);
} tenon_transport_host;

typedef struct tenon_transport {
  uint64_t struct_size;
  /* Listens for peers and begins its work. Fails: IO: an address cannot be bound. INVALID: an option. */
  TENON_SETUP tenon_error (*start)(void* self, const tenon_transport_host* host, tenon_detail* why);
  /* Closes every connection, drops every queue, ends its threads. */
  TENON_SETUP void (*stop)(void* self);
  /* Sets the addresses of a peer: URLs in order of preference, tried in the background for ever; none of them drops
   * the peer and its queues. Fails: UNSUPPORTED: no address has a scheme of this transport, the peer is as before. */
  TENON_CORE tenon_error (*set_peer)(void* self, uint64_t peer, const char* const* addresses, uint64_t count);
  /* Queues the first frames and returns how many; an empty queue of a lane that is up takes at least one. Fewer than
   * `count`: the queue is full and WRITABLE follows, or the lane is down.
   * Keeps: each frame that was taken, by its loan; not the array. */
  TENON_CORE uint64_t (*send)(void* self, uint64_t peer, uint32_t lane, const tenon_frame* frames, uint64_t count);
} tenon_transport;

#ifdef __cplusplus
}
#endif
#endif
