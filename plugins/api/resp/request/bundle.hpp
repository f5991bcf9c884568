// SPDX-License-Identifier: MIT
// Commands of one client that came together and that one request can carry: a pipeline of small reads, or of small
// writes of one kind. Each has one operation, which does what it does whatever becomes of the others, and a result that
// is its alone. What the node does for a request it then does once for all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plan.hpp"
#include "tenon/check.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_resp {

// Bounds that keep the node from refusing all for what is wrong with one: each of its own limits is above these,
// however it is set (configs/reference.conf).
inline constexpr std::size_t kBundledKeyBytesMax = 256;
inline constexpr std::size_t kBundledValueBytesMax = 1024;
inline constexpr std::size_t kBundledOperationsMax = 64;
inline constexpr std::size_t kBundleBytesMax = std::size_t{32} * 1024;  // of keys and values

// Of one client at a time, whose first command opens it. Of one thread.
class Bundle {
 public:
  bool empty() const noexcept { return operations_.empty(); }
  // Whether a command with this plan may go along with what is there, or open it when there is nothing.
  bool takes(const Plan& plan) const noexcept {
    if (plan.operations().size() != 1 || !plan.compares().empty() || !plan.otherwise().empty()) return false;
    const tenon_operation& operation = plan.operations().front();
    if (!is_bundled(operation)) return false;
    return empty() || (operation.kind == operations_.front().kind && operations_.size() < kBundledOperationsMax &&
                       bytes_ + operation.key.size + operation.value.size <= kBundleBytesMax);
  }
  // Needs: takes() holds. `number` is that of the call; the numbers of those that follow ascend by one.
  void add(const Plan& plan, std::uint64_t number) {
    TENON_CHECK(takes(plan));
    if (empty()) first_call_ = number;
    TENON_CHECK(number == first_call_ + operations_.size());
    operations_.push_back(plan.operations().front());
    bytes_ += operations_.back().key.size + operations_.back().value.size;
  }
  // What the request is to be like, for the first command to say. Needs: empty().
  tenon_request& open() noexcept {
    head_ = {};
    head_.struct_size = sizeof head_;
    head_.flags = TENON_REQUEST_INDEPENDENT;
    return head_;
  }
  // The request, whose array lives as long as the batch. Needs: not empty.
  tenon_request close(RequestBatch& batch) {
    head_.operations = batch.copy(operations());
    head_.operation_count = operations_.size();
    return head_;
  }
  std::uint64_t first_call() const noexcept { return first_call_; }
  std::span<const tenon_operation> operations() const noexcept { return operations_; }
  void clear() noexcept {
    operations_.clear();
    bytes_ = 0;
  }

 private:
  // Whether nothing of it can be a reason to refuse the others. A read may find that they have left no room for it in
  // the answer; then it is asked again, alone.
  static bool is_bundled(const tenon_operation& operation) noexcept {
    constexpr std::uint32_t kinds[] = {TENON_GET, TENON_PUT, TENON_APPEND, TENON_INCREMENT, TENON_DELETE};
    return std::find(std::begin(kinds), std::end(kinds), operation.kind) != std::end(kinds) && operation.flags == 0 &&
           operation.expiry_ms == 0 && operation.revision == 0 && operation.key.size > 0 &&
           operation.key.size <= kBundledKeyBytesMax && operation.value.size <= kBundledValueBytesMax;
  }

  std::vector<tenon_operation> operations_;  // <= kBundledOperationsMax, all of one kind
  std::size_t bytes_ = 0;                    // of them; <= kBundleBytesMax
  std::uint64_t first_call_ = 0;
  tenon_request head_{};
};

}  // namespace tenon::api_resp
