/* SPDX-License-Identifier: MIT
 *
 * A transport without peers, built once as it is and once for each way in which a plugin can be wrong. What is wrong is
 * named by one macro that the build defines.
 */
#include "tenon/define_plugin.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef VARIANT_CHANGES_FLOATING_POINT
#include <xmmintrin.h>
#endif

#ifdef VARIANT_OTHER_DRAFT
#undef TENON_ABI_DRAFT
#define TENON_ABI_DRAFT 999
#endif
#ifdef VARIANT_NEWER_MINOR
#undef TENON_TARGET_ABI
#define TENON_TARGET_ABI 999
#endif
#ifdef VARIANT_WITHOUT_NOTE
#undef TENON_NOTE
#define TENON_NOTE(text)
#endif
#ifdef VARIANT_MALFORMED_MANIFEST
#define OPTION_TYPE "tipe"
#else
#define OPTION_TYPE "type"
#endif
#define MANIFEST                  \
  "[plugin]\n"                    \
  "id = org.tenon.test.variant\n" \
  "kind = transport\n"            \
  "version = 1.0\n"               \
  "[option.listen]\n" OPTION_TYPE \
  " = string\n"                   \
  "required = yes\n"

#ifdef VARIANT_ABORTS_IN_CONSTRUCTOR
__attribute__((constructor)) static void die(void) { abort(); }
#endif
#ifdef VARIANT_CHANGES_FLOATING_POINT
__attribute__((constructor)) static void flush_to_zero(void) { _mm_setcsr(_mm_getcsr() | 0x8040u); }
#endif
#ifdef VARIANT_UNDEFINED_SYMBOL
void tenon_test_defined_nowhere(void);
#endif

static tenon_error create(const tenon_host* host, void** self, tenon_detail* why) {
#ifdef VARIANT_UNDEFINED_SYMBOL
  tenon_test_defined_nowhere();
#endif
#ifdef VARIANT_CREATE_FAILS
  (void)self;
  snprintf(why->message, sizeof why->message, "the address %s\nis a bad one", host->option(host, "listen"));
  return TENON_ERROR_INVALID;
#else
  static int instance;
  (void)host;
  (void)why;
  *self = &instance;
  return TENON_OK;
#endif
}
static void destroy(void* self) {
#ifdef VARIANT_CREATE_FAILS
  abort(); /* there is no instance that could be destroyed */
#endif
  (void)self;
}
static const void* get_extension(void* self, const char* name) {
  return strcmp(name, "org.tenon.test/1") == 0 ? self : NULL;
}
static tenon_error start(void* self, const tenon_transport_host* host, tenon_detail* why) {
  (void)self;
  (void)host;
  (void)why;
  return TENON_OK;
}
static void stop(void* self) { (void)self; }
__attribute__((unused)) static tenon_error set_peer(void* self, uint64_t peer, const char* const* addresses,
                                                    uint64_t count) {
  (void)self;
  (void)peer;
  (void)addresses;
  return count == 0 ? TENON_OK : TENON_ERROR_UNSUPPORTED;
}
static uint64_t send(void* self, uint64_t peer, uint32_t lane, const tenon_frame* frames, uint64_t count) {
  (void)self;
  (void)peer;
  (void)lane;
  (void)frames;
  (void)count;
  return 0; /* every lane is down */
}

static const tenon_transport kTransport = {
#ifdef VARIANT_SHORT_TABLE
    .struct_size = offsetof(tenon_transport, send),
#else
    .struct_size = sizeof(tenon_transport),
#endif
    .start = start,
    .stop = stop,
#ifndef VARIANT_EMPTY_PLACE
    .set_peer = set_peer,
#endif
    .send = send,
};
#ifdef VARIANT_TWO_TABLES
static const tenon_client_api kClientApi = {.struct_size = sizeof(tenon_client_api), .stop = stop};
#define SECOND_TABLE &kClientApi
#else
#define SECOND_TABLE NULL
#endif

#ifdef VARIANT_WITHOUT_OBJECT
#undef TENON_PLUGIN_OBJECT
#define TENON_PLUGIN_OBJECT object_that_is_not_exported
#endif
#ifdef VARIANT_OTHER_MANIFEST
TENON_NOTE(MANIFEST)
#undef TENON_NOTE
#define TENON_NOTE(text)
#define OBJECT_MANIFEST MANIFEST "# not in the note\n"
#else
#define OBJECT_MANIFEST MANIFEST
#endif
TENON_PLUGIN(OBJECT_MANIFEST, .create = create, .destroy = destroy, .get_extension = get_extension,
             .transport = &kTransport, .client_api = SECOND_TABLE)
