/* SPDX-License-Identifier: MIT
 *
 * A client API speaks its own protocol to clients and submits requests to the node through queues.
 *
 * The model. A request is a transaction: when every compare holds, `operations` run, otherwise `otherwise` does, as one
 * log entry at one revision, or without an entry when it only reads. One operation is a plain put or get, several are a
 * batch or a multi-get, compares make it conditional; there is no nesting. Every request that a queue takes ends in
 * exactly one final completion. The depth of a queue is its credit: it cannot overflow, and a slow API harms only
 * itself. A stream (watch, subscribe) is one unfinished request that brings completions with MORE until its final one,
 * which is never DONE; at most `limit` of its records are on loan at a time, and each release lets more come.
 *
 * A watch brings the changes of its range in the order of their revisions, each once, without gaps, and all of a
 * revision together, which for that may pass the limit. A completion without records is a mark of progress: the first
 * when nothing has come yet, later ones when the state went on without a change of the range; it counts as one record.
 * To go on after any end, on any node, watch from the revision behind that of the last completion. The node keeps the
 * latest changes only: who falls behind them, or comes too late, ends as REFUSED with COMPACTED, reads the keys anew,
 * and watches from behind the revision of that read.
 */
#ifndef TENON_CLIENT_API_H
#define TENON_CLIENT_API_H
#include "tenon/values.h"
#ifdef __cplusplus
extern "C" {
#endif

/* tenon_operation.kind: members used, [optional] -> result */
enum {
  TENON_GET = 1,          /* key [revision] -> its record, or none */
  TENON_SCAN = 2,         /* range [value revision limit limit_bytes cursor] -> records, cursor, number */
  TENON_PUT = 3,          /* key value [expiry_ms] */
  TENON_APPEND = 4,       /* key value -> number: the new length */
  TENON_INCREMENT = 5,    /* key delta -> number: the sum, kept as decimal text; an absent key
                              counts as 0 */
  TENON_DELETE = 6,       /* key -> number: 1, or 0 when it was absent */
  TENON_DELETE_RANGE = 7, /* range [limit cursor] -> number: how many, cursor */
  TENON_EXPIRE = 8,       /* key expiry_ms -> number: 1, or 0 when it is absent */
  TENON_PERSIST = 9,      /* key -> number: 1 when it had an expiry, else 0 */
  /* From here on: the only operation of its request, without compares. */
  TENON_WATCH = 32,              /* range limit [revision] -> a stream of changes */
  TENON_SUBSCRIBE = 33,          /* range (of channels) limit -> a stream of messages */
  TENON_PUBLISH = 34,            /* key (the channel) value -> number: subscribers on this node */
  TENON_SESSION_OPEN = 35,       /* expiry_ms -> number: the new session */
  TENON_SESSION_KEEP_ALIVE = 36, /* of the request's session */
  TENON_SESSION_CLOSE = 37,      /* of the request's session */
  TENON_ADMIN = 38               /* key (the verb) value -> one record, whose value is the answer */
};
/* tenon_operation.flags */
enum {
  TENON_RANGE_PREFIX = 1,      /* the range is every key that begins with `key` */
  TENON_RANGE_ONE = 2,         /* the range is `key` alone */
  TENON_SCAN_BACKWARD = 4,     /* from the end of the range to its beginning */
  TENON_SCAN_KEYS = 8,         /* records without values */
  TENON_SCAN_COUNT = 16,       /* no records; number: how many were counted; a cursor when the range has more */
  TENON_WITH_PREVIOUS = 32,    /* writes and watches: also the record as it was before */
  TENON_EXPIRY_KEEP = 64,      /* a put leaves the expiry of the key as it is */
  TENON_EXPIRY_ABSOLUTE = 128, /* expiry_ms is a point in cluster time, not a duration from now */
  TENON_SCAN_MATCH = 256       /* only keys that match `value`: * any bytes, ? one, [a-z] [^a-z] one of, \ literal */
};
typedef struct tenon_operation {
  uint64_t struct_size;
  uint32_t kind;
  uint32_t flags;
  tenon_bytes key;
  tenon_bytes range_end; /* the range is [key, range_end); empty: to the last key */
  tenon_bytes value;
  tenon_bytes cursor; /* from an earlier result: go on there, with the same range and flags */
  int64_t delta;
  uint64_t expiry_ms;   /* 0: never */
  uint64_t revision;    /* read as of it, watch from it on; 0: now */
  uint64_t limit;       /* records at most; 0: the node's own bound */
  uint64_t limit_bytes; /* of keys and values, but at least one record; 0: the node's own bound */
} tenon_operation;

enum { TENON_COMPARE_VALUE = 1, TENON_COMPARE_VERSION, TENON_COMPARE_CREATED, TENON_COMPARE_MODIFIED };
enum { TENON_EQUAL = 1, TENON_NOT_EQUAL, TENON_LESS, TENON_GREATER };
/* holds when `what` of the key stands in `relation` to value or number */
typedef struct tenon_compare {
  uint64_t struct_size;
  uint32_t what;
  uint32_t relation;
  tenon_bytes key; /* absent: version and revisions are 0, and of VALUE only NOT_EQUAL holds */
  tenon_bytes value;
  uint64_t number;
} tenon_compare;

enum {
  TENON_READ_LINEARIZABLE, /* shows all that was acknowledged, to whomever, when the request came */
  TENON_READ_LEASE,        /* the same, as long as clocks keep what the operator has said; costs no message */
  TENON_READ_STALE,        /* shows all that was acknowledged before the request and max_age_ms before its answer */
  TENON_READ_LOG           /* linearizable too: its entry is committed and applied like that of a write */
};
/* tenon_request.flags */
enum {
  TENON_REQUEST_NO_FORWARD = 1,   /* a node that is not the leader refuses with a hint, and passes nothing on */
  TENON_REQUEST_AFTER_WRITES = 2, /* a read sees every write submitted on this queue before it */
  TENON_REQUEST_INDEPENDENT = 4   /* an operation that fails leaves the others in force; else none is */
};
typedef struct tenon_request {
  uint64_t struct_size;
  uint32_t flags;
  uint32_t consistency;         /* of what only reads, of a watch (not LOG) its beginning; it may be a stronger one */
  uint64_t id;                  /* the caller's; unique among its unfinished requests on the queue */
  uint64_t timeout_ms;          /* 0: the node's own; of a stream: to begin; a write that may be in the log: UNKNOWN */
  uint64_t max_age_ms;          /* STALE: how old the answer may be; 0: any age */
  uint64_t session;             /* 0: none; else a retry takes effect once, and another request of its sequence never */
  uint64_t session_sequence;    /* 1, 2, 3.. as the client numbers its requests */
  uint64_t session_outstanding; /* its lowest sequence without an answer; earlier replies are forgotten */
  const tenon_compare* compares;
  uint64_t compare_count;
  const tenon_operation* operations;
  uint64_t operation_count;
  const tenon_operation* otherwise;
  uint64_t otherwise_count;
  tenon_bytes trace; /* what people know it by in the client's protocol, as an id of its own; empty: by nothing */
} tenon_request;

enum { TENON_RECORD_CURRENT = 1, TENON_RECORD_PREVIOUS, TENON_RECORD_DELETED, TENON_RECORD_EXPIRED };
/* a key at a revision; of a subscription a message, key is its channel */
typedef struct tenon_record {
  uint64_t kind; /* DELETED and EXPIRED only in watches; PREVIOUS follows its change there */
  tenon_bytes key;
  tenon_bytes value;
  uint64_t created;       /* revision that created the key */
  uint64_t modified;      /* revision that last changed it; >= created */
  uint64_t version;       /* 1 when created, and one more with each change */
  uint64_t expires_at_ms; /* cluster time; 0: never */
} tenon_record;
/* of one operation */
typedef struct tenon_result {
  tenon_error error; /* not OK: this operation changed nothing */
  uint32_t record_count;
  const tenon_record* records;
  int64_t number;     /* of an INDEPENDENT increment that is of WRONG_TYPE: the number that is there, 0 for none */
  tenon_bytes cursor; /* of a scan or a removal; empty: it reached the end of the range */
} tenon_result;

/* tenon_completion.outcome; any other value is to be read as UNKNOWN */
enum {
  TENON_OUTCOME_UNKNOWN = 0,         /* perhaps applied; only the same sequence in the same session can tell */
  TENON_OUTCOME_DONE = 1,            /* executed; with an error, it was decided to change nothing */
  TENON_OUTCOME_REFUSED = 2,         /* surely not applied, or a read that failed; `error` says why */
  TENON_OUTCOME_SESSION_EXPIRED = 3, /* not executed now; of an earlier try nothing is known any more */
  TENON_OUTCOME_OVERLOADED = 4       /* surely not applied; the node is at its bounds */
};
enum {
  TENON_COMPLETION_MORE = 1,     /* not final */
  TENON_COMPLETION_ELSE = 2,     /* a compare failed */
  TENON_COMPLETION_MISSED = 4,   /* messages were lost */
  TENON_COMPLETION_FORGOTTEN = 8 /* DONE by an earlier try in the session; its results were too large to be kept */
};
/* the host's; all of it lives until its loan is released */
typedef struct tenon_completion {
  uint64_t struct_size;
  uint64_t request; /* tenon_request.id */
  uint64_t flags;   /* TENON_COMPLETION_* */
  uint32_t outcome;
  tenon_error error;
  uint64_t revision;           /* of the state shown; a watch: all up to it came; COMPACTED: oldest kept */
  uint64_t cluster_time_ms;    /* of a write: its own; else as the node knows it now, before any expiry yet to come */
  uint64_t leader;             /* as last heard of; 0: not known */
  tenon_bytes leader_address;  /* where it serves this API to clients; empty: not known, or the outcome is DONE */
  tenon_bytes message;         /* for people, when error is not OK, or that of a result */
  const tenon_result* results; /* in the order of the operations that ran */
  uint64_t result_count;
  tenon_loan loan;
  uint64_t term; /* of the node when it answered; 0: it has not heard of the request */
} tenon_completion;

typedef struct tenon_queue {
  uint64_t struct_size;
  void* context;
  int64_t event_fd; /* readable while completions wait; never read, write or close it */
  /* Copies the first requests and returns how many. Writes of one queue that end as DONE took effect in this order.
   * Fewer than `count`: the depth is reached, poll first. What the node will not do is taken too, ends as REFUSED. */
  TENON_ANY uint64_t (*submit)(const struct tenon_queue* queue, const tenon_request* requests, uint64_t count);
  /* Sets completions[0, n), in any order, and returns n; when n < room none is left and event_fd is quiet.
   * Keeps: each completion, by its loan. Needs: one thread at a time. */
  TENON_ANY uint64_t (*poll)(const struct tenon_queue* queue, const tenon_completion** completions, uint64_t room);
  /* Asks a request to end soon; its final completion still comes. A write that may be in the log ends as UNKNOWN. */
  TENON_ANY void (*cancel)(const struct tenon_queue* queue, uint64_t request);
  /* Ends the queue. What was not polled is lost; completions in hand stay until released.
   * Needs: no other call on the queue, now or later. */
  TENON_ANY void (*destroy)(const struct tenon_queue* queue);
} tenon_queue;

/* lives until stop() has returned */
typedef struct tenon_client_host {
  uint64_t struct_size;
  void* context;
  /* Makes a queue for `depth` unfinished requests. Keeps: the queue, until its destroy(), at the latest in stop().
   * Fails: INVALID: depth is 0. TOO_LARGE: depth is above the host's bound. NO_SPACE. There is no queue then. */
  TENON_ANY tenon_error (*queue_create)(const struct tenon_client_host* host, uint64_t depth, const tenon_queue** queue,
                                        tenon_detail* why);
} tenon_client_host;

typedef struct tenon_client_api {
  uint64_t struct_size;
  /* Begins to serve clients. Fails: IO: an address cannot be bound. INVALID: an option. */
  TENON_SETUP tenon_error (*start)(void* self, const tenon_client_host* host, tenon_detail* why);
  /* Takes nothing more from clients and answers what it has taken; returns when that is done or timeout_ms is over. */
  TENON_SETUP void (*drain)(void* self, uint64_t timeout_ms);
  /* Closes every connection, destroys its queues, ends its threads. */
  TENON_SETUP void (*stop)(void* self);
} tenon_client_api;

#ifdef __cplusplus
}
#endif
#endif
