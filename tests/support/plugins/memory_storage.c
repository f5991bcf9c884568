/* SPDX-License-Identifier: MIT
 *
 * A storage plugin in plain C11, without the C++ skin: a log and images in memory, all of them gone with the instance.
 * It has one option of each type, so that tests of the host find every case here. Every write is durable at once, for
 * there is nothing that a power loss would leave behind.
 */
#define _DEFAULT_SOURCE /* getentropy() */
#include "tenon/define_plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct log_entry {
  uint64_t term;
  uint64_t size;
  uint8_t* data;
};

struct image {
  tenon_image description;
  uint8_t* content;
  unsigned owners;    /* handles, and being the newest or an unfinished one */
  struct image* next; /* of the unfinished ones */
  struct memory* memory;
};

struct memory {
  const tenon_host* host;
  const tenon_storage_host* storage_host;
  struct log_entry* log; /* log[i] has log index first_index + i; node thread only */
  uint64_t first_index, count, capacity;
  uint8_t incarnation[16]; /* all zeros: not opened yet */
  pthread_mutex_t mutex;   /* guards what follows and the owners of every image */
  struct image *newest, *unfinished;
};

static tenon_error fail(tenon_detail* why, tenon_error error, const char* message) {
  strncpy(why->message, message, sizeof why->message - 1);
  return error;
}

static tenon_error create(const tenon_host* host, void** self, tenon_detail* why) {
  struct memory* memory = calloc(1, sizeof *memory);
  if (memory == NULL) return fail(why, TENON_ERROR_NO_SPACE, "out of memory");
  memory->host = host;
  memory->first_index = 1;
  pthread_mutex_init(&memory->mutex, NULL);
  *self = memory;
  return TENON_OK;
}

static void disown(struct image* image) { /* Needs: the mutex. */
  if (image == NULL || --image->owners > 0) return;
  free(image->content);
  free(image);
}

static void truncate_suffix(struct memory* memory, uint64_t from) {
  while (memory->count > 0 && memory->first_index + memory->count > from) free(memory->log[--memory->count].data);
}

static void destroy(void* self) {
  struct memory* memory = self;
  truncate_suffix(memory, 0);
  free(memory->log);
  disown(memory->newest);
  while (memory->unfinished != NULL) {
    struct image* image = memory->unfinished;
    memory->unfinished = image->next;
    disown(image);
  }
  pthread_mutex_destroy(&memory->mutex);
  free(memory);
}

static const void* get_extension(void* self, const char* name) {
  (void)self;
  (void)name;
  return NULL;
}

static int is_zero(const uint8_t incarnation[16]) {
  static const uint8_t zero[16] = {0};
  return memcmp(incarnation, zero, sizeof zero) == 0;
}

static tenon_error open_log(void* self, const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
  struct memory* memory = self;
  memory->storage_host = host;
  found->first_index = memory->first_index;
  found->last_index = memory->first_index + memory->count - 1;
  if (is_zero(memory->incarnation)) memcpy(memory->incarnation, found->incarnation, sizeof memory->incarnation);
  if (is_zero(memory->incarnation) && getentropy(memory->incarnation, sizeof memory->incarnation) != 0) {
    return fail(why, TENON_ERROR_IO, "the system has no random bytes");
  }
  memcpy(found->incarnation, memory->incarnation, sizeof memory->incarnation);
  return TENON_OK;
}

static void close_log(void* self) { (void)self; }

static int append(struct memory* memory, const tenon_entry* entry) {
  if (memory->count == memory->capacity) {
    uint64_t capacity = memory->capacity == 0 ? 64 : 2 * memory->capacity;
    struct log_entry* log = realloc(memory->log, capacity * sizeof *log);
    if (log == NULL) return 0;
    memory->log = log;
    memory->capacity = capacity;
  }
  uint8_t* data = malloc(entry->data.size + 1);
  if (data == NULL) return 0;
  if (entry->data.size > 0) memcpy(data, entry->data.data, entry->data.size);
  memory->log[memory->count++] = (struct log_entry){entry->term, entry->data.size, data};
  return 1;
}

static void compact_prefix(struct memory* memory, uint64_t to) {
  uint64_t dropped = 0;
  while (dropped < memory->count && memory->first_index + dropped <= to) free(memory->log[dropped++].data);
  memory->count -= dropped;
  if (memory->count > 0) {
    memmove(memory->log, memory->log + dropped, memory->count * sizeof *memory->log);
    memory->first_index += dropped;
  } else if (memory->first_index <= to) {
    memory->first_index = to + 1;
  }
}

static void write_log(void* self, const tenon_write* write) {
  struct memory* memory = self;
  if ((write->parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) truncate_suffix(memory, write->truncate_from);
  if ((write->parts & TENON_WRITE_ENTRIES) != 0) {
    for (uint64_t i = 0; i < write->entry_count; ++i) {
      if (append(memory, &write->entries[i])) continue;
      memory->host->failed(memory->host, TENON_ERROR_NO_SPACE, "out of memory");
      return;
    }
  }
  if ((write->parts & TENON_WRITE_COMPACT_PREFIX) != 0) compact_prefix(memory, write->compact_to);
  memory->storage_host->durable(memory->storage_host, write->sequence);
}

static void read_entries(void* self, uint64_t request, uint64_t first, uint64_t end, uint64_t bytes_max) {
  struct memory* memory = self;
  const tenon_storage_host* host = memory->storage_host;
  const tenon_loan none = {NULL, NULL};
  if (first < memory->first_index || end > memory->first_index + memory->count) {
    host->read_done(host, request, TENON_ERROR_NOT_FOUND, NULL, 0, none);
    return;
  }
  const struct log_entry* log = memory->log + (first - memory->first_index);
  uint64_t count = 0, size = 0;
  while (count < end - first && (count == 0 || size + log[count].size <= bytes_max)) size += log[count++].size;
  tenon_entry* entries = malloc(count * sizeof *entries + size); /* the entries, then their data */
  if (entries == NULL) {
    host->read_done(host, request, TENON_ERROR_NO_SPACE, NULL, 0, none);
    return;
  }
  uint8_t* data = (uint8_t*)(entries + count);
  for (uint64_t i = 0; i < count; ++i) {
    memcpy(data, log[i].data, log[i].size);
    entries[i] = (tenon_entry){first + i, log[i].term, {data, log[i].size}};
    data += log[i].size;
  }
  host->read_done(host, request, TENON_OK, entries, count, (tenon_loan){free, entries});
}

/* The unfinished image with this id. Drops the others that have no handle. Needs: the mutex. */
static struct image* find_unfinished(struct memory* memory, const tenon_image* description) {
  struct image* found = NULL;
  struct image** link = &memory->unfinished;
  while (*link != NULL) {
    struct image* image = *link;
    if (memcmp(image->description.id, description->id, sizeof description->id) == 0) {
      found = image;
    } else if (image->owners == 1) {
      *link = image->next;
      disown(image);
      continue;
    }
    link = &image->next;
  }
  return found;
}

static tenon_error image_create(void* self, tenon_image* description, void** handle, tenon_detail* why) {
  struct memory* memory = self;
  pthread_mutex_lock(&memory->mutex);
  struct image* image = find_unfinished(memory, description);
  if (image != NULL && image->owners > 1) {
    pthread_mutex_unlock(&memory->mutex);
    return fail(why, TENON_ERROR_BUSY, "this image has a handle");
  }
  if (image == NULL) {
    image = calloc(1, sizeof *image);
    if (image == NULL) {
      pthread_mutex_unlock(&memory->mutex);
      return fail(why, TENON_ERROR_NO_SPACE, "out of memory");
    }
    image->description = *description;
    image->description.size = 0;
    image->memory = memory;
    image->owners = 1;
    image->next = memory->unfinished;
    memory->unfinished = image;
  }
  ++image->owners;
  pthread_mutex_unlock(&memory->mutex);
  description->size = image->description.size;
  *handle = image;
  return TENON_OK;
}

static tenon_error image_write(void* handle, uint64_t offset, tenon_bytes data, tenon_detail* why) {
  struct image* image = handle;
  uint8_t* content = realloc(image->content, offset + data.size + 1);
  if (content == NULL) return fail(why, TENON_ERROR_NO_SPACE, "out of memory");
  if (data.size > 0) memcpy(content + offset, data.data, data.size);
  image->content = content;
  image->description.size = offset + data.size;
  return TENON_OK;
}

static tenon_error image_commit(void* handle, tenon_detail* why) {
  struct image* image = handle;
  struct memory* memory = image->memory;
  pthread_mutex_lock(&memory->mutex);
  if (memory->newest != NULL && memory->newest->description.index >= image->description.index) {
    pthread_mutex_unlock(&memory->mutex);
    return fail(why, TENON_ERROR_INVALID, "a newer image is there");
  }
  disown(memory->newest);
  struct image** link = &memory->unfinished;
  while (*link != image) link = &(*link)->next;
  *link = image->next;
  memory->newest = image; /* which takes over the ownership of the list */
  pthread_mutex_unlock(&memory->mutex);
  return TENON_OK;
}

static tenon_error image_open(void* self, tenon_image* description, void** handle, tenon_detail* why) {
  struct memory* memory = self;
  pthread_mutex_lock(&memory->mutex);
  struct image* image = memory->newest;
  if (image != NULL) ++image->owners;
  pthread_mutex_unlock(&memory->mutex);
  if (image == NULL) return fail(why, TENON_ERROR_NOT_FOUND, "no image was ever committed");
  *description = image->description;
  *handle = image;
  return TENON_OK;
}

static tenon_error image_read(void* handle, uint64_t offset, uint8_t* buffer, uint64_t capacity, uint64_t* size,
                              tenon_detail* why) {
  const struct image* image = handle;
  const uint64_t left = offset < image->description.size ? image->description.size - offset : 0;
  (void)why;
  *size = left < capacity ? left : capacity;
  if (*size > 0) memcpy(buffer, image->content + offset, *size);
  return TENON_OK;
}

static void image_close(void* handle) {
  struct image* image = handle;
  struct memory* memory = image->memory;
  pthread_mutex_lock(&memory->mutex);
  disown(image);
  pthread_mutex_unlock(&memory->mutex);
}

static const tenon_storage kStorage = {
    .struct_size = sizeof(tenon_storage),
    .open = open_log,
    .close = close_log,
    .write = write_log,
    .read_entries = read_entries,
    .image_create = image_create,
    .image_write = image_write,
    .image_commit = image_commit,
    .image_open = image_open,
    .image_read = image_read,
    .image_close = image_close,
};

TENON_PLUGIN(
    "[plugin]\n"
    "id = org.tenon.test.memory\n"
    "kind = storage\n"
    "version = 1.2\n"
    "summary = a log in memory, for tests\n"
    "durable = no\n"
    "[option.label]\n"
    "type = string\n"
    "default =\n"
    "help = any text; it has no effect # and this is no comment\n"
    "[option.shards]\n"
    "type = integer\n"
    "default = 4\n"
    "min = 1\n"
    "max = 64\n"
    "[option.segment_bytes]\n"
    "type = size\n"
    "default = 64KiB\n"
    "min = 4KiB\n"
    "[option.sync_delay]\n"
    "type = duration\n"
    "default = 0us\n"
    "max = 1s\n"
    "[option.compress]\n"
    "type = boolean\n"
    "default = no\n"
    "[option.order]\n"
    "type = choice\n"
    "choices = ascending | descending\n"
    "default = ascending\n"
    "[option.password]\n"
    "type = string\n"
    "secret = yes\n"
    "[metric.writes]\n"
    "kind = counter\n"
    "help = writes that were taken\n",
    .create = create, .destroy = destroy, .get_extension = get_extension, .storage = &kStorage)
