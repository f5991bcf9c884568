// SPDX-License-Identifier: MIT
#include "client_api/client_api_checks.hpp"

namespace tenon::plugin_check {

Checks client_api_checks() {
  Checks all;
  for (const Checks& part : {answer_checks(), ending_checks(), client_checks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace tenon::plugin_check
