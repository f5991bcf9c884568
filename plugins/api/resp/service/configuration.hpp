// SPDX-License-Identifier: MIT
// CONFIG: the parameters of Redis that clients ask for, and what stands for them here.
#pragma once

#include "command.hpp"

namespace tenon::api_resp {

void config_get(const Execution& execution);
void config_set(const Execution& execution);
void config_reset_statistics(const Execution& execution);
void config_rewrite(const Execution& execution);

}  // namespace tenon::api_resp
