/* SPDX-License-Identifier: MIT
 *
 * Defines a plugin, in C11 or C++20: the one exported object, and the ELF note that carries its manifest.
 *
 *   TENON_PLUGIN("[plugin]\nid = org.example.memory\nkind = storage\nversion = 1.0\n",
 *                .create = create, .destroy = destroy, .get_extension = no_extension, .storage = &storage)
 *
 * The manifest is INI text. A line is `name = value` or `[section]`; one that begins with '#' is a comment.
 *   [plugin]       id        reverse domain name, for example org.example.memory
 *                  kind      storage | transport | client_api
 *                  version   the plugin's own; free text
 *                  summary   one line
 *                  durable   of storage: yes, or no: it reports durable what the end of the process loses
 *   [option.NAME]  type      string | integer | size (64KiB) | duration (50ms) | boolean (yes, no) | choice
 *                  default   its value when the config does not set it;  or  required = yes
 *                  min, max, choices (a | b), secret = yes, help
 *   [metric.NAME]  kind      counter | gauge | histogram
 *                  help
 *
 * The note lies in section .note.tenon.plugin, in a PT_NOTE segment: name "TENON" with its zero, type 0x544e0001, and
 * as its content tenon_plugin.abi (four 32-bit words in the byte order of the machine), the manifest and a zero.
 *
 * With TENON_STATIC_PLUGIN=NAME defined the plugin is to be linked into a test: it has no note, and its object is
 * called tenon_static_plugin_NAME. A shared build needs -fPIC -shared -fvisibility=hidden, a version script that makes
 * all but tenon_plugin_v* local, -Wl,-z,defs,-z,now, and -fno-gnu-unique with g++: without them two plugins in one
 * process may come to share what each believes to be its own.
 */
#ifndef TENON_DEFINE_PLUGIN_H
#define TENON_DEFINE_PLUGIN_H
#include "tenon/plugin.h"

#define TENON_NOTE_TYPE 0x544e0001u
#define TENON_ABI_WORDS \
  { TENON_ABI_MAJOR, TENON_TARGET_ABI, TENON_ABI_DRAFT, 8 * sizeof(void*) }

#define TENON_JOIN_(left, right) left##right
#define TENON_JOIN(left, right) TENON_JOIN_(left, right)

#ifdef TENON_STATIC_PLUGIN
#define TENON_PLUGIN_OBJECT TENON_JOIN(tenon_static_plugin_, TENON_STATIC_PLUGIN)
#define TENON_NOTE(text)
#else
#define TENON_PLUGIN_OBJECT tenon_plugin_v1
#ifdef __clang__ /* its address sanitizer would pad the object, and the note could not be read any more */
#define TENON_NOTE_ATTRIBUTES section(".note.tenon.plugin"), used, aligned(4), no_sanitize("address")
#else
#define TENON_NOTE_ATTRIBUTES section(".note.tenon.plugin"), used, aligned(4)
#endif
#define TENON_NOTE(text)                                                                              \
  static const struct {                                                                               \
    uint32_t name_size, content_size, type;                                                           \
    char name[8];                                                                                     \
    uint32_t abi[4];                                                                                  \
    char manifest[(sizeof(text) + 3) / 4 * 4];                                                        \
  } tenon_note __attribute__((TENON_NOTE_ATTRIBUTES)) = {6,       16 + sizeof(text), TENON_NOTE_TYPE, \
                                                         "TENON", TENON_ABI_WORDS,   text};
#endif

#define TENON_PLUGIN(text, ...)              \
  TENON_NOTE(text)                           \
  const tenon_plugin TENON_PLUGIN_OBJECT = { \
      .struct_size = sizeof(tenon_plugin), .abi = TENON_ABI_WORDS, .manifest = text, __VA_ARGS__};

#ifdef __cplusplus
extern "C" __attribute__((visibility("default"))) const tenon_plugin TENON_PLUGIN_OBJECT;
#else
extern __attribute__((visibility("default"))) const tenon_plugin TENON_PLUGIN_OBJECT;
#endif

#endif
