/* SPDX-License-Identifier: MIT
 *
 * Storage keeps one Raft log, its hard state and snapshot images. All of them are opaque bytes: formats and checksums
 * are the core's, only what storage must understand (index, term, ranges) is typed.
 *
 * The model. The log changes by one ordered stream of writes, numbered 1, 2, 3.. since open(). Storage makes them
 * durable in that order, in groups of its own choice, and reports how far it is by durable(sequence), which is
 * cumulative. After a crash, open() finds the effect of a prefix of the stream that contains at least every write that
 * was reported durable; a write may be cut between its parts and between its entries, never inside one of them. Damage
 * before the reported point is CORRUPT, never a shorter log. A write or sync that failed is not tried again: storage
 * calls tenon_host.failed() once and durable() never more. The host bounds the backlog, so write() does not refuse.
 */
#ifndef TENON_STORAGE_H
#define TENON_STORAGE_H
#include "tenon/values.h"
#ifdef __cplusplus
extern "C" {
#endif

#define TENON_HARD_STATE_BYTES_MAX 4096u

typedef struct tenon_entry {
  uint64_t index;
  uint64_t term;
  tenon_bytes data;
} tenon_entry;

/* tenon_write.parts; they take effect in this order */
enum {
  TENON_WRITE_HARD_STATE = 1,      /* replaces the hard state */
  TENON_WRITE_TRUNCATE_SUFFIX = 2, /* drops every entry with index >= truncate_from */
  TENON_WRITE_ENTRIES = 4,         /* appends entries; indexes go on from the last one without a gap */
  /* Entries with index <= compact_to may be forgotten, at leisure. A log that ends at compact_to or before is emptied
   * and goes on at compact_to + 1. */
  TENON_WRITE_COMPACT_PREFIX = 8
};

typedef struct tenon_write {
  uint64_t struct_size;
  uint64_t sequence;
  uint64_t parts;
  tenon_bytes hard_state; /* at most TENON_HARD_STATE_BYTES_MAX */
  uint64_t truncate_from;
  const tenon_entry* entries;
  uint64_t entry_count;
  uint64_t compact_to;
} tenon_write;

/* a log that was never written: no hard state, first 1, last 0 */
typedef struct tenon_recovered {
  uint64_t struct_size;
  tenon_bytes hard_state; /* the plugin's memory; lives until the first write() */
  uint64_t first_index;   /* <= the last compact_to + 1 */
  uint64_t last_index;    /* >= first_index - 1; equal when there are no entries */
  /* Made when the directory is born, and the same for all its life. The host sets it before open(): a directory that is
   * born there is stamped with it, or with random bytes when all are zero. One that was born before keeps its own,
   * which open() puts here. */
  uint8_t incarnation[16];
} tenon_recovered;

/* of the committed images the newest is the one with the greatest index */
typedef struct tenon_image {
  uint8_t id[16];
  uint64_t index; /* the last log index that the image includes */
  uint64_t size;  /* bytes that it holds now; storage sets it */
} tenon_image;

/* lives until close() has returned */
typedef struct tenon_storage_host {
  uint64_t struct_size;
  void* context;
  /* Reports that every write up to `sequence` survives power loss. May be called inside write().
   * Needs: the sequence was given to write(); it never falls. */
  TENON_ANY void (*durable)(const struct tenon_storage_host* host, uint64_t sequence);
  /* Answers one read_entries(), exactly once. Keeps: entries and their data until the host releases the loan.
   * Fails, passed as `error` without entries: NOT_FOUND, IO, CORRUPT; CLOSED when close() came first. */
  TENON_ANY void (*read_done)(const struct tenon_storage_host* host, uint64_t request, tenon_error error,
                              const tenon_entry* entries, uint64_t count, tenon_loan loan);
  /* Reports that room for the log runs short (1) or is enough again (0), as it is taken to be at open(). Not a failure:
   * writes go on in the room set aside for them, and fail only when that is used up. Meanwhile the host gives up
   * leadership, and refuses what makes the state grow. */
  TENON_ANY void (*space)(const struct tenon_storage_host* host, uint32_t is_short);
} tenon_storage_host;

typedef struct tenon_storage {
  uint64_t struct_size;
  /* Takes the data directory for this process alone, stamps a new one with what it belongs to, and recovers what is
   * kept. May take minutes, and logs its progress.
   * Fails: BUSY: another process has the directory. INVALID: an option, or a directory of another plugin, cluster or
   * node. UNSUPPORTED: a newer format. CORRUPT, IO, NO_SPACE. Nothing was changed, and the instance can only be
   * destroyed. */
  TENON_SETUP tenon_error (*open)(void* self, const tenon_storage_host* host, tenon_recovered* found,
                                  tenon_detail* why);
  /* Makes every write durable unless storage has failed, answers every read, ends its threads.
   * Needs: every image handle is closed. */
  TENON_SETUP void (*close)(void* self);
  /* Queues a write. A read_entries() that comes later sees it, durable or not.
   * Keeps: the write and all that it points to, until a durable() that covers it has returned, or close() has. */
  TENON_CORE void (*write)(void* self, const tenon_write* write);
  /* Queues a read of the entries [first, end): as many from `first` on as bytes_max of data hold, and at least one.
   * read_done() answers, on any thread, perhaps before this returns.
   * Needs: first < end, and both within the log as all writes so far leave it. */
  TENON_CORE void (*read_entries)(void* self, uint64_t request, uint64_t first, uint64_t end, uint64_t bytes_max);
  /* Opens the unfinished image with image->id or begins it, and sets image->size to what it holds. After a crash
   * those bytes may have suffered; the core checks them. Other unfinished images that have no handle are removed.
   * Fails: BUSY: it has a handle. IO, NO_SPACE, UNSUPPORTED: there is no handle. */
  TENON_WORKER tenon_error (*image_create)(void* self, tenon_image* image, void** handle, tenon_detail* why);
  /* Drops the bytes from `offset` on and appends data; durable only with the commit. Fails: IO, NO_SPACE: what was
   * passed is lost and the handle can only be closed. Needs: an unfinished image, offset <= its size. */
  TENON_WORKER tenon_error (*image_write)(void* handle, uint64_t offset, tenon_bytes data, tenon_detail* why);
  /* Makes the image durable and then, in one atomic step, the newest. The one before it goes when it has no handle.
   * Fails: INVALID: a newer one is there; nothing was changed. IO, NO_SPACE: either may be the newest, the node stops.
   * Needs: an unfinished image with an index greater than the newest's. */
  TENON_WORKER tenon_error (*image_commit)(void* handle, tenon_detail* why);
  /* Opens the newest image for reading and fills `image`. It stays readable while newer ones are committed.
   * Fails: NOT_FOUND: none was ever committed. IO, CORRUPT: there is one, and it cannot be read. */
  TENON_WORKER tenon_error (*image_open)(void* self, tenon_image* image, void** handle, tenon_detail* why);
  /* Reads up to `capacity` bytes at `offset` into buffer and sets *size; fewer only at the end of the image.
   * Fails: IO, CORRUPT: *size is 0. */
  TENON_WORKER tenon_error (*image_read)(void* handle, uint64_t offset, uint8_t* buffer, uint64_t capacity,
                                         uint64_t* size, tenon_detail* why);
  /* Ends a handle. An unfinished image stays, also over restarts, to be gone on with. */
  TENON_WORKER void (*image_close)(void* handle);
} tenon_storage;

#ifdef __cplusplus
}
#endif
#endif
