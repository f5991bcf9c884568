// SPDX-License-Identifier: MIT
// Metrics in the text exposition format 0.0.4 of Prometheus: for each family a line `# HELP name text`, a line
// `# TYPE name kind` and its samples `name{label="value",..} number`. A histogram has a sample name_bucket for each
// bound, with the label `le`, the last of them `+Inf`, and name_sum and name_count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/metrics.hpp"

namespace tenon::host {

// `name="value"`, the value with what the format wants escaped; several are joined by a comma.
std::string metric_label(std::string_view name, std::string_view value);

// Values of one name become one family, where the first of them stands; its help and kind are those of the first.
// Needs: names and labels of the form that the format wants, and of one family all of one kind.
std::string prometheus_text(const std::vector<MetricValue>& values);

}  // namespace tenon::host
