// SPDX-License-Identifier: MIT
#include "host/metrics/request_metrics.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "host/metrics/process_metrics.hpp"
#include "host/metrics/prometheus_text.hpp"
#include "support/catch.hpp"

namespace tenon::host {
namespace {

using std::chrono::milliseconds;

raft::Instant at(milliseconds time) { return raft::Instant(time); }

const MetricValue* find(const std::vector<MetricValue>& values, const std::string& name, const std::string& labels) {
  const auto found = std::find_if(values.begin(), values.end(), [&](const MetricValue& value) {
    return value.name == name && value.labels == labels;
  });
  return found == values.end() ? nullptr : &*found;
}

TEST_CASE("a request is counted by API, kind and end, with the time that it took") {
  Metrics metrics;
  const RequestMetrics requests(metrics, "thrift");
  tenon_operation operation{};
  operation.struct_size = sizeof operation;
  tenon_request request{};
  request.struct_size = sizeof request;
  request.operations = &operation;
  request.operation_count = 1;
  const std::string api = metric_label("api", "thrift");
  const auto check = [&](const char* op, std::uint32_t outcome, tenon_error error, const char* code) {
    CAPTURE(op, code);
    const std::string labels = api + "," + metric_label("op", op);
    const auto counted = [&] {
      return find(metrics.values(), "tenon_requests_total", labels + "," + metric_label("code", code))->value;
    };
    const double before = counted();
    RequestMetrics::Ending(requests, at(milliseconds(1250)))
        .add(RequestMetrics::mark(request, at(milliseconds(1000))), outcome, error);
    CHECK(counted() == before + 1);
    const std::vector<MetricValue> values = metrics.values();
    const MetricValue* duration = find(values, "tenon_request_duration_seconds", labels);
    REQUIRE(duration != nullptr);
    CHECK(duration->value == Approx(0.25 * static_cast<double>(duration->observations)));
  };
  const auto check_kind = [&](std::uint32_t kind, const char* op) {
    operation.kind = kind;
    check(op, TENON_OUTCOME_DONE, TENON_OK, "done");
  };
  check_kind(TENON_GET, "get");
  check_kind(TENON_SCAN, "scan");
  check_kind(TENON_DELETE, "delete");
  check_kind(TENON_ADMIN, "admin");
  check_kind(TENON_WATCH, "watch");
  check_kind(TENON_PUBLISH, "other");
  check_kind(TENON_PUT, "put");
  check("put", TENON_OUTCOME_DONE, TENON_ERROR_INVALID, "error");
  check("put", TENON_OUTCOME_REFUSED, TENON_ERROR_INVALID, "refused");
  check("put", TENON_OUTCOME_OVERLOADED, TENON_ERROR_BUSY, "overloaded");
  check("put", TENON_OUTCOME_UNKNOWN, TENON_ERROR_TIMEOUT, "unknown");
  std::array<tenon_operation, 3> several = {operation, operation, operation};
  request.operations = several.data();
  request.operation_count = several.size();
  check("put", TENON_OUTCOME_DONE, TENON_OK, "done");  // one request
  several[2].kind = TENON_GET;
  check("batch", TENON_OUTCOME_DONE, TENON_OK, "done");
  request.operation_count = kv::kOperationKeysMax + 1;  // more than may be there is not looked at
  check("batch", TENON_OUTCOME_REFUSED, TENON_ERROR_TOO_LARGE, "refused");
  request.operation_count = several.size();
  several[1].struct_size = 8;  // what a plugin has got wrong is not read
  check("other", TENON_OUTCOME_REFUSED, TENON_ERROR_INVALID, "refused");
  request.compare_count = 1;
  check("transaction", TENON_OUTCOME_DONE, TENON_OK, "done");
  request.struct_size = 8;
  check("other", TENON_OUTCOME_REFUSED, TENON_ERROR_INVALID, "refused");
}

TEST_CASE("an answer without a mark, and one from before it was asked, do no harm") {
  Metrics metrics;
  const RequestMetrics requests(metrics, "thrift");
  RequestMetrics::Ending(requests, at(milliseconds(1))).add(0, TENON_OUTCOME_DONE, TENON_OK);
  for (const MetricValue& value : metrics.values()) REQUIRE((value.value == 0 && value.observations == 0));
  tenon_request request{};
  RequestMetrics::Ending(requests, at(milliseconds(4)))
      .add(RequestMetrics::mark(request, at(milliseconds(5))), TENON_OUTCOME_DONE, TENON_OK);
  const std::vector<MetricValue> values = metrics.values();
  const MetricValue* duration =
      find(values, "tenon_request_duration_seconds", metric_label("api", "thrift") + "," + metric_label("op", "other"));
  REQUIRE(duration != nullptr);
  CHECK((duration->observations == 1 && duration->value == 0));
}

TEST_CASE("the process is told of in the units that its metrics name") {
  const std::vector<MetricValue> values = process_metrics();
  const auto value_of = [&](const char* name) {
    CAPTURE(name);
    const MetricValue* found = find(values, name, "");
    REQUIRE(found != nullptr);
    return found->value;
  };
  CHECK(value_of("process_resident_memory_bytes") > 1e6);
  CHECK(value_of("process_virtual_memory_bytes") >= value_of("process_resident_memory_bytes"));
  CHECK(value_of("process_open_fds") >= 3);
  CHECK(value_of("process_max_fds") >= value_of("process_open_fds"));
  CHECK(value_of("process_cpu_seconds_total") >= 0);
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto now = static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
  CHECK(value_of("process_start_time_seconds") <= now + 2);
  CHECK(value_of("process_start_time_seconds") > now - 24 * 3600);
}

TEST_CASE("requests that end together are each counted where they belong, with their own time") {
  Metrics metrics;
  const RequestMetrics requests(metrics, "thrift");
  tenon_operation operation{};
  operation.struct_size = sizeof operation;
  tenon_request request{};
  request.struct_size = sizeof request;
  request.operations = &operation;
  request.operation_count = 1;
  const auto mark = [&](std::uint32_t kind, milliseconds came) {
    operation.kind = kind;
    return RequestMetrics::mark(request, at(came));
  };
  {
    RequestMetrics::Ending ending(requests, at(milliseconds(2000)));
    ending.add(mark(TENON_GET, milliseconds(1900)), TENON_OUTCOME_DONE, TENON_OK);
    ending.add(mark(TENON_GET, milliseconds(1500)), TENON_OUTCOME_DONE, TENON_OK);
    ending.add(mark(TENON_PUT, milliseconds(1000)), TENON_OUTCOME_DONE, TENON_OK);
    ending.add(mark(TENON_GET, milliseconds(1999)), TENON_OUTCOME_REFUSED, TENON_ERROR_TIMEOUT);
    ending.add(mark(TENON_GET, milliseconds(1900)), TENON_OUTCOME_DONE, TENON_OK);
  }
  const std::vector<MetricValue> values = metrics.values();
  const std::string api = metric_label("api", "thrift") + ",";
  const auto total = [&](const char* op, const char* code) {
    return find(values, "tenon_requests_total", api + metric_label("op", op) + "," + metric_label("code", code))->value;
  };
  CHECK(total("get", "done") == 3);
  CHECK(total("get", "refused") == 1);
  CHECK(total("put", "done") == 1);
  const MetricValue* gets = find(values, "tenon_request_duration_seconds", api + metric_label("op", "get"));
  REQUIRE(gets != nullptr);
  CHECK(gets->observations == 4);
  CHECK(gets->value == Approx(0.1 + 0.5 + 0.001 + 0.1));
  const auto at_most = [&](double bound) {
    const auto& bounds = Metrics::kBucketBounds;
    return gets->buckets[static_cast<std::size_t>(std::find(bounds.begin(), bounds.end(), bound) - bounds.begin())];
  };
  CHECK(at_most(1e-3) == 1);
  CHECK(at_most(2e-1) == 3);
  CHECK(at_most(5e-1) == 4);
}

}  // namespace
}  // namespace tenon::host
