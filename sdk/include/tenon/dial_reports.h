/* SPDX-License-Identifier: MIT
 *
 * An extension of tenon_host that a host may offer to transports: why an address of a peer cannot be used just now. The
 * host tells it to whoever has given the address, who would otherwise learn no more than that nobody has come.
 */
#ifndef TENON_DIAL_REPORTS_H
#define TENON_DIAL_REPORTS_H
#include "tenon/values.h"
#ifdef __cplusplus
extern "C" {
#endif

#define TENON_DIAL_REPORTS "tenon.dial_reports/1"

/* lives as long as the tenon_host that offers it */
typedef struct tenon_dial_reports {
  uint64_t struct_size;
  void* context;
  /* Says that one attempt to reach `peer` has failed, and why: with the address, for the operator. The host copies it.
   */
  TENON_ANY void (*failed)(const struct tenon_dial_reports* reports, uint64_t peer, tenon_bytes why);
} tenon_dial_reports;

#ifdef __cplusplus
}
#endif
#endif
