/* SPDX-License-Identifier: MIT
 *
 * The waist: all that a Tenon node and its plugins say to each other. values.h explains how to read it.
 *
 * A plugin is a shared library in one role: storage, transport or client API. It exports one object, tenon_plugin_v1,
 * and carries its manifest in an ELF note, so that a host lists, configures and refuses it without running its code.
 * The life of an instance is create, open or start, work, close or stop, destroy: each once. When open or start fails,
 * nothing of it runs and destroy follows. When close or stop returns, the plugin has no threads left and has made its
 * last call. Two instances in one process must work. A plugin blocks all signals on its threads, and leaves standard
 * output, locale, environment, working directory and signal handlers alone.
 */
#ifndef TENON_PLUGIN_H
#define TENON_PLUGIN_H
#include "tenon/client_api.h"
#include "tenon/storage.h"
#include "tenon/transport.h"
#include "tenon/values.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { TENON_SEVERITY_DEBUG, TENON_SEVERITY_INFO, TENON_SEVERITY_WARNING, TENON_SEVERITY_ERROR };

/* this table and its strings live until destroy() has returned */
typedef struct tenon_host {
  uint64_t struct_size;
  uint64_t abi_minor; /* the host's; >= the plugin's TENON_TARGET_ABI */
  void* context;
  uint64_t node_id; /* this node; never 0 */
  const char* cluster_id;
  const char* data_directory; /* absolute, exists, mode 0700, this instance's alone within the process */
  /* Finds an extension of the host; NULL: it is not offered. It lives as long as this table. */
  TENON_ANY const void* (*get_extension)(const struct tenon_host* host, const char* name);
  /* The text of an option, already checked against the manifest, or its default; NULL: not set, or not declared. */
  TENON_SETUP const char* (*option)(const struct tenon_host* host, const char* name);
  /* Queues a line for the logger, or drops it and counts that. An empty line only asks. Returns 0 when lines of this
   * severity are not wanted, else 1. */
  TENON_ANY int32_t (*logger_write)(const struct tenon_host* host, uint32_t severity, tenon_bytes line);
  /* Makes a metric that the manifest declares; labels are "" or of the form `lane="bulk"`. Returns 0 when refused.
   * Needs: open() or start() has not yet returned. */
  TENON_SETUP uint32_t (*metric_create)(const struct tenon_host* host, const char* name, const char* labels);
  /* A counter adds the value, a gauge is set to it, a histogram observes it. Metric 0 is ignored. Wait-free. */
  TENON_ANY void (*metric_record)(const struct tenon_host* host, uint32_t metric, double value);
  /* Says that this instance cannot go on, for good. Storage: the node answers nothing more and stops. Other roles:
   * the operator is told, and the config decides whether the node goes on without it. */
  TENON_ANY void (*failed)(const struct tenon_host* host, tenon_error error, const char* message);
} tenon_host;

/* define_plugin.h makes this object and the note, and has the grammar */
typedef struct tenon_plugin {
  uint64_t struct_size;
  uint32_t abi[4];      /* TENON_ABI_MAJOR, TENON_TARGET_ABI, TENON_ABI_DRAFT, bits of a pointer */
  const char* manifest; /* both as in the note */
  /* Makes an instance: reads options, does no input or output, starts no thread. Keeps: host, until destroy() has
   * returned. Fails: INVALID: an option. NO_SPACE. UNSUPPORTED: an extension that it needs is not offered. There is
   * no instance then. */
  TENON_SETUP tenon_error (*create)(const tenon_host* host, void** self, tenon_detail* why);
  /* Ends an instance. Needs: closed or stopped, or never opened or started; none of its loans is out. */
  TENON_SETUP void (*destroy)(void* self);
  /* Finds an extension of the instance; NULL: it is not offered. It lives until destroy(). */
  TENON_ANY const void* (*get_extension)(void* self, const char* name);
  const tenon_storage* storage; /* exactly one of the three is not NULL: that of the manifest's kind */
  const tenon_transport* transport;
  const tenon_client_api* client_api;
} tenon_plugin;

#ifdef __cplusplus
}
#endif
#endif
