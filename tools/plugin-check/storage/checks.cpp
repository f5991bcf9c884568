// SPDX-License-Identifier: MIT
#include "storage/checks.hpp"

namespace tenon::plugin_check {

Checks storage_checks() {
  Checks all;
  for (const Checks& some :
       {storage_log_checks(), storage_image_checks(), storage_identity_checks(), storage_load_checks(),
        storage_crash_checks(), storage_fault_checks(), storage_image_fault_checks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace tenon::plugin_check
