// SPDX-License-Identifier: MIT
#include "host/metrics/request_metrics.hpp"

#include <algorithm>
#include <chrono>

#include "host/metrics/prometheus_text.hpp"
#include "kv/command.hpp"

namespace tenon::host {
namespace {

constexpr unsigned kKindBits = 4;

// The labels `op` and `code`, in the order of their numbers.
constexpr std::array<const char*, 9> kOperations = {"get",         "scan",  "put",   "delete", "batch",
                                                    "transaction", "admin", "watch", "other"};
constexpr std::array<const char*, 5> kCodes = {"done", "error", "refused", "overloaded", "unknown"};

enum Operation : std::uint64_t { kGet, kScan, kPut, kDelete, kBatch, kTransaction, kAdmin, kWatch, kOther };
enum Code : std::size_t { kDone, kError, kRefused, kOverloaded, kUnknown };

Operation operation_of(const tenon_request& request) noexcept {
  if (request.struct_size < sizeof(tenon_request)) return kOther;
  if (request.compare_count != 0 || request.otherwise_count != 0) return kTransaction;
  if (request.operation_count == 0) return kOther;
  // As many as are taken; the request is not checked yet. Elements are as long as they say.
  if (request.operation_count > kv::kOperationKeysMax) return kBatch;
  std::uint32_t kind = 0;
  const auto* at = reinterpret_cast<const std::uint8_t*>(request.operations);
  for (std::uint64_t i = 0; i < request.operation_count; ++i) {
    const auto& operation = *reinterpret_cast<const tenon_operation*>(at);
    if (operation.struct_size < sizeof(tenon_operation)) return kOther;  // nothing more of it is there
    if (i > 0 && operation.kind != kind) return kBatch;
    kind = operation.kind;
    at += operation.struct_size;
  }
  switch (kind) {
    case TENON_GET:
      return kGet;
    case TENON_SCAN:
      return kScan;
    case TENON_PUT:
      return kPut;
    case TENON_DELETE:
      return kDelete;
    case TENON_ADMIN:
      return kAdmin;
    case TENON_WATCH:
      return kWatch;
    default:
      return kOther;
  }
}

Code code_of(std::uint32_t outcome, tenon_error error) noexcept {
  switch (outcome) {
    case TENON_OUTCOME_DONE:
      return error == TENON_OK ? kDone : kError;
    case TENON_OUTCOME_REFUSED:
    case TENON_OUTCOME_SESSION_EXPIRED:
      return kRefused;
    case TENON_OUTCOME_OVERLOADED:
      return kOverloaded;
    default:
      return kUnknown;
  }
}

std::uint64_t microseconds(raft::Instant instant) noexcept {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(instant.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 1));
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics, const std::string& client_api) : metrics_(metrics) {
  static_assert(kOperations.size() == kOperationCount && kOperationCount <= (1u << kKindBits));
  static_assert(kCodes.size() == kCodeCount);
  for (std::size_t operation = 0; operation < kOperationCount; ++operation) {
    const std::string labels = metric_label("api", client_api) + "," + metric_label("op", kOperations[operation]);
    durations_[operation] = metrics.create(MetricKind::histogram, "tenon_request_duration_seconds", labels,
                                           "From a request's arrival at the node to its answer.");
    for (std::size_t code = 0; code < kCodeCount; ++code) {
      totals_[operation][code] =
          metrics.create(MetricKind::counter, "tenon_requests_total", labels + "," + metric_label("code", kCodes[code]),
                         "Requests that have ended, by how.");
    }
  }
}

std::uint64_t RequestMetrics::mark(const tenon_request& request, raft::Instant now) noexcept {
  return microseconds(now) << kKindBits | operation_of(request);
}

RequestMetrics::Ending::Ending(const RequestMetrics& metrics, raft::Instant now) noexcept
    : metrics_(metrics), now_us_(microseconds(now)) {}

EndedRequest RequestMetrics::Ending::add(std::uint64_t mark, std::uint32_t outcome, tenon_error error) noexcept {
  const std::uint64_t operation = mark & ((1u << kKindBits) - 1);
  if (mark == 0 || operation >= kOperationCount) return {};
  const Code code = code_of(outcome, error);
  if (operation != operation_ || code != code_) record();
  operation_ = operation;
  code_ = code;
  const std::uint64_t took_us = now_us_ - std::min(mark >> kKindBits, now_us_);
  durations_.add(static_cast<double>(took_us) * 1e-6);
  return {kOperations[operation], kCodes[code], std::chrono::microseconds(took_us)};
}

void RequestMetrics::Ending::record() noexcept {
  if (durations_.count == 0) return;
  metrics_.metrics_.record(metrics_.durations_[operation_], durations_);
  metrics_.metrics_.record(metrics_.totals_[operation_][code_], static_cast<double>(durations_.count));
  durations_ = {};
}

}  // namespace tenon::host
