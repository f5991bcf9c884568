// SPDX-License-Identifier: MIT
// What a run has shown, for people or as one line of JSON.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace tenon::bench {

void print_report(std::ostream& output, const Options& options, const LoadResult& result);

}  // namespace tenon::bench
