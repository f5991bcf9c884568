/* SPDX-License-Identifier: MIT
 *
 * The layout of every struct of the waist: its size, and its last member with its place. A plugin that was built before
 * a change of these numbers is not understood any more, so a number here may only change together with
 * TENON_ABI_DRAFT, and once that is 0 only by members that are added at the tail. Included as C11 and as C++20, which
 * must agree.
 */
#ifndef TENON_TESTS_LAYOUT_H
#define TENON_TESTS_LAYOUT_H
#include <stddef.h>

#include "tenon/plugin.h"

#ifdef __cplusplus
#define PIN_ASSERT static_assert
#else
#define PIN_ASSERT _Static_assert
#endif
#define PIN(type, size, last, offset)                                \
  PIN_ASSERT(sizeof(type) == (size), #type " has changed its size"); \
  PIN_ASSERT(offsetof(type, last) == (offset), #type " has changed within")

PIN_ASSERT(TENON_ABI_MAJOR == 1 && TENON_ABI_MINOR == 0 && TENON_ABI_DRAFT == 9, "pin the layout of the new ABI");
PIN(tenon_bytes, 16, size, 8);
PIN(tenon_loan, 16, owner, 8);
PIN(tenon_detail, 256, message, 8);
PIN(tenon_host, 96, failed, 88);
PIN(tenon_plugin, 80, client_api, 72);
PIN(tenon_entry, 32, data, 16);
PIN(tenon_write, 72, compact_to, 64);
PIN(tenon_recovered, 56, incarnation, 40);
PIN(tenon_image, 32, size, 24);
PIN(tenon_storage_host, 40, space, 32);
PIN(tenon_storage, 88, image_close, 80);
PIN(tenon_frame, 32, loan, 16);
PIN(tenon_introduction, 32, client_address_count, 24);
PIN(tenon_transport_host, 48, lane_event, 40);
PIN(tenon_transport, 40, send, 32);
PIN(tenon_operation, 120, limit_bytes, 112);
PIN(tenon_compare, 56, number, 48);
PIN(tenon_request, 128, trace, 112);
PIN(tenon_record, 72, expires_at_ms, 64);
PIN(tenon_result, 40, cursor, 24);
PIN(tenon_completion, 128, term, 120);
PIN(tenon_queue, 56, destroy, 48);
PIN(tenon_client_host, 24, queue_create, 16);
PIN(tenon_client_api, 32, stop, 24);

#endif
