// SPDX-License-Identifier: MIT
#include "channel_request_check.hpp"

#include <algorithm>
#include <utility>

#include "kv/command.hpp"
#include "node/channels.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {
namespace {

// So that a channel of any size has room beside it.
constexpr std::uint64_t kValueBytesMax = node::kMessageBytesMax - kv::kKeyBytesMax;

RequestRefusal too_large(std::uint64_t found, std::uint64_t max, const char* what) {
  return {TENON_ERROR_TOO_LARGE, std::string("the size of a ") + what + " in bytes is " + std::to_string(found) +
                                     ", at most " + std::to_string(max) + " is accepted"};
}

node::SubscribeRequest subscription(const tenon_operation& operation) {
  kv::Range range = kv::range_of(operation.flags, view(operation.key), view(operation.range_end));
  const std::uint64_t wanted = operation.limit == 0 ? node::kSubscriptionRecordsMax : operation.limit;
  return {std::move(range.first), std::move(range.end), std::min(wanted, node::kSubscriptionRecordsMax)};
}

}  // namespace

std::variant<CheckedRequest, AdminRequest, RequestRefusal> check_channel_request(const tenon_request& request) {
  const tenon_operation& operation = *request.operations;
  if (request.operation_count != 1 || request.otherwise_count != 0 || request.compare_count != 0) {
    return RequestRefusal{TENON_ERROR_INVALID, "a subscription or a message must be the only one of its request"};
  }
  const bool subscribes = operation.kind == TENON_SUBSCRIBE;
  if ((operation.flags & ~(subscribes ? TENON_RANGE_PREFIX | TENON_RANGE_ONE : 0u)) != 0) {
    return RequestRefusal{TENON_ERROR_UNSUPPORTED, "the flags " + std::to_string(operation.flags) +
                                                       " of a subscription or a message are not in this version"};
  }
  const std::uint64_t longest = std::max(operation.key.size, operation.range_end.size);
  if (longest > kv::kKeyBytesMax) return too_large(longest, kv::kKeyBytesMax, "channel");
  CheckedRequest checked;
  if (subscribes) {
    checked.subscription = std::make_unique<const node::SubscribeRequest>(subscription(operation));
    return checked;
  }
  if (operation.key.size == 0) {
    return RequestRefusal{TENON_ERROR_INVALID, "the channel is empty; it has 1 to 65536 bytes"};
  }
  if (operation.value.size > kValueBytesMax) return too_large(operation.value.size, kValueBytesMax, "message");
  checked.publication = std::make_unique<const node::PublishRequest>(
      node::PublishRequest{std::string(view(operation.key)), std::string(view(operation.value))});
  return checked;
}

}  // namespace tenon::host
