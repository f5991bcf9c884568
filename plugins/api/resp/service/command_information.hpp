// SPDX-License-Identifier: MIT
// COMMAND and its subcommands.
#pragma once

#include "command.hpp"

namespace tenon::api_resp {

void command_all(const Execution& execution);
void command_count(const Execution& execution);
void command_documents(const Execution& execution);
void command_get_keys(const Execution& execution);
void command_info(const Execution& execution);
void command_list(const Execution& execution);

}  // namespace tenon::api_resp
