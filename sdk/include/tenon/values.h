/* SPDX-License-Identifier: MIT
 *
 * The values that both sides of the waist share: byte ranges, loans, errors. C11 and C++20; needs <stdint.h> only.
 *
 * How to read every declaration of plugin.h and of the headers that it includes
 *
 * Threads. The word before a function says on which threads it is called:
 *   TENON_SETUP   the host's control thread; one call at a time for each instance; may block.
 *   TENON_CORE    the node thread; one call at a time; must return within 50 microseconds and never block, though a
 *                 mutex that is held for a few instructions is fine.
 *   TENON_WORKER  a thread of the host's pool; may block. The calls on one handle never overlap.
 *   TENON_ANY     every thread, any number at once; never blocks.
 * No host function calls into the plugin, not even to release a loan, so a plugin may call the host from anywhere, also
 * while it holds its own locks. No exception crosses in either direction.
 *
 * Comments. First the effect. Then `Keeps`: which memory is still used after the call has returned, and until when.
 * `Fails`: the errors, and what the caller may conclude from each. `Needs`: what must hold before the call. A word that
 * is absent means: nothing is kept, it cannot fail, it needs nothing.
 *
 * Growth. A struct that begins with struct_size (the sizeof of whoever made it) may get members at its tail; any other
 * struct is frozen. A plugin sees the members that are as old as its TENON_TARGET_ABI and no older host loads it, so
 * what a plugin sees is there; only the host compares sizes. Enumerations and flags are appended to, and neither side
 * sends the other a value newer than that target. Arrays that a plugin receives hold frozen structs or pointers;
 * growable elements of an array that a plugin passes lie their struct_size apart. Bytes that are stored or sent are
 * opaque, so that no old plugin can drop a part of them unknowingly. Unused members are zero, and every function of a
 * table is present. Everything else is an extension: a table found by a name such as "domain.thing/1", frozen when
 * released.
 */
#ifndef TENON_VALUES_H
#define TENON_VALUES_H
#include <stdint.h>

#define TENON_ABI_MAJOR 1 /* part of the exported name: another major is another contract beside this one */
#define TENON_ABI_MINOR 0 /* the newest members that these headers describe */
#define TENON_ABI_DRAFT 9 /* while it is not 0 nothing is promised: host and plugin must have the same draft */
#ifndef TENON_TARGET_ABI
#define TENON_TARGET_ABI 0 /* the oldest host minor that the plugin runs on; raise it to see newer members */
#endif

#define TENON_SETUP
#define TENON_CORE
#define TENON_WORKER
#define TENON_ANY

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes. data may be NULL when size is 0. */
typedef struct tenon_bytes {
  const uint8_t* data;
  uint64_t size;
} tenon_bytes;

/* Memory lent by the other side. Whoever receives it calls release(owner) exactly once, from any thread: the host
 * before destroy() returns, a plugin before close() or stop() returns. A NULL release means nothing is to be given
 * back. */
typedef struct tenon_loan {
  TENON_ANY void (*release)(void* owner);
  void* owner;
} tenon_loan;

typedef int32_t tenon_error; /* a value that is not listed here is to be read as INTERNAL */
enum {
  TENON_OK = 0,
  TENON_ERROR_INVALID = -1,     /* the caller broke the contract; nothing was done */
  TENON_ERROR_UNSUPPORTED = -2, /* a kind, flag or option that is not known here; nothing was done */
  TENON_ERROR_NOT_FOUND = -3,   /* there is no such thing */
  TENON_ERROR_TOO_LARGE = -4,   /* beyond a stated limit; nothing was done */
  TENON_ERROR_BUSY = -5,        /* a bound is reached or someone else holds it; nothing was done, try later */
  TENON_ERROR_NOT_LEADER = -6,  /* only the leader can do it; nothing was done */
  TENON_ERROR_CLOSED = -7,      /* shutting down */
  TENON_ERROR_CANCELLED = -8,   /* ended by cancel() */
  TENON_ERROR_TIMEOUT = -9,     /* the time that was given ran out */
  TENON_ERROR_COMPACTED = -10,  /* that revision is no longer kept */
  TENON_ERROR_WRONG_TYPE = -11, /* the value is not a number, or the sum would not be one */
  TENON_ERROR_NO_SPACE = -12,   /* disk or memory is used up */
  TENON_ERROR_IO = -13,         /* the operating system failed */
  TENON_ERROR_CORRUPT = -14,    /* bytes are not what was written; never repaired silently */
  TENON_ERROR_INTERNAL = -15,   /* a defect of the callee */
  TENON_ERROR_REUSED = -16      /* the session has used the sequence for another request; nothing was done */
};

/* Where a callee may explain a failure. The caller owns and zeroes it, and sets struct_size. */
typedef struct tenon_detail {
  uint64_t struct_size;
  char message[248]; /* UTF-8, one line for the operator, ends with a zero byte */
} tenon_detail;

#ifdef __cplusplus
}
#endif
#endif
