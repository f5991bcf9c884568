// SPDX-License-Identifier: MIT
// A transaction as text: a line is a condition, an operation, or `else`; `tenonctl txn --help` has the grammar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenon_client/operation.hpp"

namespace tenon::tenonctl {

// The fields of a line, without their quotes and escapes. Throws std::runtime_error for a quote that is not closed and
// an escape that is none.
std::vector<std::string> fields_of(std::string_view line);

// Throws std::runtime_error that names the line, says what was found and what was expected.
client::Transaction parse_transaction(std::string_view text);

}  // namespace tenon::tenonctl
