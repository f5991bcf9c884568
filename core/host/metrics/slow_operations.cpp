// SPDX-License-Identifier: MIT
#include "host/metrics/slow_operations.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"

namespace tenon::host {
namespace {

bool is_stream(std::uint32_t kind) noexcept { return kind == TENON_WATCH || kind == TENON_SUBSCRIBE; }

// Letters, digits and what keys are made of stay readable; no space, no '-' alone, nothing that separates fields.
std::string percent_encoded(const std::string& bytes) {
  constexpr char digits[] = "0123456789ABCDEF";
  constexpr std::string_view plain = "._~/:";
  std::string text;
  for (const char one : bytes) {
    const bool is_letter = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9');
    if (is_letter || plain.find(one) != plain.npos) {
      text.push_back(one);
    } else {
      const auto code = static_cast<std::uint8_t>(one);
      text.append({'%', digits[code >> 4], digits[code & 15]});
    }
  }
  return text.empty() ? "-" : text;
}

}  // namespace

RequestTraces::RequestTraces(std::uint64_t depth) {
  TENON_CHECK(depth > 0);
  slots_.resize(std::bit_ceil(std::min<std::uint64_t>(depth, kSlotsMax)));
}

void RequestTraces::remember(const tenon_request& request) noexcept {
  const bool has_operation = request.struct_size >= sizeof(tenon_request) && request.operation_count > 0 &&
                             request.operations->struct_size >= sizeof(tenon_operation);
  Slot& slot = slots_[request.id & (slots_.size() - 1)];
  slot.is_taken = has_operation && !is_stream(request.operations->kind);
  if (!slot.is_taken) return;
  const tenon_bytes key = request.operations->key;
  slot.request = request.id;
  slot.key_bytes = key.size;
  if (key.size != 0) std::memcpy(slot.key.data(), key.data, std::min<std::uint64_t>(key.size, kKeyBytesKept));
  slot.text_bytes = static_cast<std::uint8_t>(std::min<std::uint64_t>(request.trace.size, kTextBytesKept));
  if (slot.text_bytes != 0) std::memcpy(slot.text.data(), request.trace.data, slot.text_bytes);
}

std::optional<RequestTrace> RequestTraces::find(std::uint64_t request) const {
  const Slot& slot = slots_[request & (slots_.size() - 1)];
  if (!slot.is_taken || slot.request != request) return std::nullopt;
  const std::uint64_t kept = std::min<std::uint64_t>(slot.key_bytes, kKeyBytesKept);
  return RequestTrace{request, slot.key_bytes, std::string(slot.key.data(), kept),
                      std::string(slot.text.data(), slot.text_bytes)};
}

SlowOperations::SlowOperations(Metrics& metrics, std::chrono::milliseconds threshold)
    : metrics_(metrics),
      threshold_(threshold),
      total_metric_(metrics.create(MetricKind::counter, "tenon_slow_operations_total", "",
                                   "Operations that took at least limits.slow_operation.")) {}

void SlowOperations::add(SlowOperation operation) {
  metrics_.record(total_metric_, 1);
  const std::lock_guard lock(mutex_);
  if (kept_.size() == kKept) kept_.pop_front();
  kept_.push_back({next_sequence_++, std::move(operation)});
}

std::string SlowOperations::text_since(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  std::string lines;
  for (const auto& [number, one] : kept_) {
    if (number <= sequence) continue;
    lines += "sequence=" + std::to_string(number) + " time_ms=" + std::to_string(one.wall_time_ms);
    lines.append(" api=").append(one.client_api).append(" op=").append(one.operation);
    lines.append(" code=").append(one.code).append(" took_us=").append(std::to_string(one.took.count()));
    lines.append(" key=").append(percent_encoded(one.trace.key));
    lines.append(" key_bytes=").append(std::to_string(one.trace.key_bytes));
    lines.append(" request=").append(std::to_string(one.trace.request));
    lines.append(" trace=").append(percent_encoded(one.trace.text)).append("\n");
  }
  return lines;
}

}  // namespace tenon::host
