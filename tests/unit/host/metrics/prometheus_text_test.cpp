// SPDX-License-Identifier: MIT
#include "host/metrics/prometheus_text.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"

namespace tenon::host {
namespace {

MetricValue gauge(std::string name, std::string labels, double value) {
  return {std::move(name), std::move(labels), "A help.", MetricKind::gauge, value, 0, {}};
}

TEST_CASE("a family has its help and kind once, though others stand between its values") {
  const std::vector<MetricValue> values = {gauge("a", metric_label("x", "1"), 1), gauge("b", "", 2.5),
                                           gauge("a", metric_label("x", "2"), 3)};
  CHECK(prometheus_text(values) ==
        "# HELP a A help.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 3\n# HELP b A help.\n# TYPE b gauge\nb 2.5\n");
}

TEST_CASE("what the format has a meaning for is escaped in label values and help") {
  CHECK(metric_label("l", "a\"b\\c\nd") == "l=\"a\\\"b\\\\c\\nd\"");
  MetricValue value = gauge("a", "", 1);
  value.help = "one\\two\nthree \"four\"";
  CHECK(prometheus_text({value}).starts_with("# HELP a one\\\\two\\nthree \"four\"\n"));
}

TEST_CASE("numbers read back as they were, and those that are none have their words") {
  const auto line = [](double value) {
    const std::string text = prometheus_text({gauge("a", "", value)});
    return text.substr(text.rfind("\na ") + 3);
  };
  for (const double value : {0.1, 1.0 / 3, 1e-300, 12345678901234567.0, -7.0}) {
    CHECK(std::strtod(line(value).c_str(), nullptr) == value);
  }
  CHECK(line(std::numeric_limits<double>::infinity()) == "+Inf\n");
  CHECK(line(-std::numeric_limits<double>::infinity()) == "-Inf\n");
  CHECK(line(std::nan("")) == "NaN\n");
}

TEST_CASE("a histogram has a bucket for each bound, one for all, a sum and a count") {
  Metrics metrics;
  const std::uint32_t histogram = metrics.create(MetricKind::histogram, "h_seconds", metric_label("op", "get"), "H.");
  for (const double value : {0.5e-6, 0.015, 100.0}) metrics.record(histogram, value);
  const std::string text = prometheus_text(metrics.values());
  CAPTURE(text);
  CHECK(text.starts_with("# HELP h_seconds H.\n# TYPE h_seconds histogram\n"));
  for (const char* line :
       {"h_seconds_bucket{op=\"get\",le=\"1e-06\"} 1\n", "h_seconds_bucket{op=\"get\",le=\"0.01\"} 1\n",
        "h_seconds_bucket{op=\"get\",le=\"0.02\"} 2\n", "h_seconds_bucket{op=\"get\",le=\"50\"} 2\n",
        "h_seconds_bucket{op=\"get\",le=\"+Inf\"} 3\n", "h_seconds_count{op=\"get\"} 3\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  const std::size_t sum = text.find("h_seconds_sum{op=\"get\"} ");
  REQUIRE(sum != std::string::npos);
  CHECK(std::strtod(text.c_str() + sum + 24, nullptr) == Approx(100.0150005));
}

}  // namespace
}  // namespace tenon::host
