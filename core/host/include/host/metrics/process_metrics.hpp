// SPDX-License-Identifier: MIT
// What the operating system says of this process, under the names that Prometheus' own clients use.
#pragma once

#include <vector>

#include "host/metrics.hpp"

namespace tenon::host {

// Reads /proc/self; what cannot be read there is left out. Any thread; waits for no disk.
std::vector<MetricValue> process_metrics();

}  // namespace tenon::host
