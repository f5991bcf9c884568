// SPDX-License-Identifier: MIT
// The checks of storage plugins.
#pragma once

#include "runner/check.hpp"

namespace tenon::plugin_check {

// All of them, in the order in which they are run.
Checks storage_checks();

// Order, recovery, reads and each part of a write.
Checks storage_log_checks();
// Snapshot images.
Checks storage_image_checks();
// Whose directory it is, and who has it.
Checks storage_identity_checks();
// Load, memory, threads, stopping.
Checks storage_load_checks();
// Power cuts, and acknowledgements that no sync covers.
Checks storage_crash_checks();
// System calls that fail, for the log and for images.
Checks storage_fault_checks();
Checks storage_image_fault_checks();

}  // namespace tenon::plugin_check
