// SPDX-License-Identifier: MIT
#include "transport/transport_checks.hpp"

namespace tenon::plugin_check {

Checks transport_checks() {
  Checks all;
  for (const Checks& part :
       {delivery_checks(), chaos_checks(), pressure_checks(), lifetime_checks(), intruder_checks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace tenon::plugin_check
