// SPDX-License-Identifier: MIT
#include "host/metrics/prometheus_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "tenon/check.hpp"

namespace tenon::host {
namespace {

enum class Quoting { none, quoted };

void add_escaped(std::string& text, std::string_view plain, Quoting quoting) {
  for (const char letter : plain) {
    if (letter == '\\') {
      text.append("\\\\");
    } else if (letter == '\n') {
      text.append("\\n");
    } else if (letter == '"' && quoting == Quoting::quoted) {
      text.append("\\\"");
    } else {
      text.push_back(letter);
    }
  }
}

// The shortest text that reads back as the same number.
std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  TENON_CHECK(error == std::errc());
  return {digits.data(), end};
}

const char* kind_word(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    default:
      return "histogram";
  }
}

void add_sample(std::string& text, std::string_view name, std::string_view labels, const std::string& value) {
  text.append(name);
  if (!labels.empty()) text.append("{").append(labels).append("}");
  text.append(" ").append(value).append("\n");
}

void add_histogram(std::string& text, const MetricValue& value) {
  const std::string prefix = value.labels.empty() ? "" : value.labels + ",";
  const std::string count = std::to_string(value.observations);
  TENON_CHECK(value.buckets.size() == Metrics::kBucketBounds.size());
  for (std::size_t i = 0; i < value.buckets.size(); ++i) {
    add_sample(text, value.name + "_bucket", prefix + metric_label("le", number_text(Metrics::kBucketBounds[i])),
               std::to_string(value.buckets[i]));
  }
  add_sample(text, value.name + "_bucket", prefix + metric_label("le", "+Inf"), count);
  add_sample(text, value.name + "_sum", value.labels, number_text(value.value));
  add_sample(text, value.name + "_count", value.labels, count);
}

void add_value(std::string& text, const MetricValue& value) {
  if (value.kind == MetricKind::histogram) return add_histogram(text, value);
  add_sample(text, value.name, value.labels, number_text(value.value));
}

}  // namespace

std::string metric_label(std::string_view name, std::string_view value) {
  std::string text(name);
  text.append("=\"");
  add_escaped(text, value, Quoting::quoted);
  return text.append("\"");
}

std::string prometheus_text(const std::vector<MetricValue>& values) {
  std::string text;
  std::set<std::string_view> done;
  for (const MetricValue& first : values) {
    if (!done.insert(first.name).second) continue;
    text.append("# HELP ").append(first.name).append(" ");
    add_escaped(text, first.help, Quoting::none);
    text.append("\n# TYPE ").append(first.name).append(" ").append(kind_word(first.kind)).append("\n");
    for (const MetricValue& value : values) {
      if (value.name == first.name) add_value(text, value);
    }
  }
  return text;
}

}  // namespace tenon::host
