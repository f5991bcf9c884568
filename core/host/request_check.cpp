// SPDX-License-Identifier: MIT
#include "host/request_check.hpp"

#include <algorithm>
#include <vector>

#include "kv/command.hpp"
#include "tenon/bytes.hpp"
#include "tenon/operation.hpp"

namespace tenon::host {
namespace {

// Thrown inside this file only, so that each rule is one line; check_request() returns it.
struct Refused {
  RequestRefusal refusal;
};

[[noreturn]] void refuse(tenon_error error, std::string message) { throw Refused{{error, std::move(message)}}; }

void require_at_most(std::uint64_t found, std::uint64_t max, const char* what) {
  if (found <= max) return;
  refuse(TENON_ERROR_TOO_LARGE,
         std::string(what) + " is " + std::to_string(found) + ", at most " + std::to_string(max) + " is accepted");
}

constexpr std::uint32_t kScanFlags =
    TENON_RANGE_PREFIX | TENON_RANGE_ONE | TENON_SCAN_KEYS | TENON_SCAN_COUNT | TENON_SCAN_BACKWARD;

std::uint32_t known_flags(std::uint32_t kind) noexcept {
  if (kind == TENON_SCAN) return kScanFlags;
  return changes_keyspace(kind) ? TENON_WITH_PREVIOUS | TENON_EXPIRY_KEEP | TENON_EXPIRY_ABSOLUTE : 0;
}

// Walks growable elements, each as long as its maker says.
template <class Element, class Visit>
void for_each(const Element* first, std::uint64_t count, Visit visit) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(first);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto& element = *reinterpret_cast<const Element*>(at);
    if (element.struct_size < sizeof(Element)) {
      refuse(TENON_ERROR_INVALID, "an element's struct_size is " + std::to_string(element.struct_size) + ", at least " +
                                      std::to_string(sizeof(Element)) + " is needed");
    }
    visit(element);
    at += element.struct_size;
  }
}

class Check {
 public:
  explicit Check(const RequestLimits& limits) noexcept : limits_(limits) {}

  CheckedRequest transaction(const tenon_request& request) {
    kv::Command command;
    command.independent = (request.flags & TENON_REQUEST_INDEPENDENT) != 0;
    for_each(request.compares, request.compare_count,
             [&](const tenon_compare& compare) { command.compares.push_back(checked(compare)); });
    const auto branch = [this](std::vector<kv::Operation>& operations) {
      return [this, &operations](const tenon_operation& operation) { operations.push_back(checked(operation)); };
    };
    for_each(request.operations, request.operation_count, branch(command.operations));
    for_each(request.otherwise, request.otherwise_count, branch(command.otherwise));
    if (previous_count_ > 0) {
      require_at_most(previous_count_, std::max<std::uint64_t>(1, kv::kReplyBytesMax / limits_.value_bytes_max / 2),
                      "the number of operations that return the previous value");
    }
    CheckedRequest checked_request;
    checked_request.access = changes_ ? node::Access::write : node::Access::read;
    if ((request.flags & TENON_REQUEST_AFTER_WRITES) != 0) {
      checked_request.ordering = node::Ordering::after_writes;
    }
    if ((request.flags & TENON_REQUEST_NO_FORWARD) != 0) checked_request.forwarding = node::Forwarding::refused;
    kv::encode(command, checked_request.command);
    require_at_most(checked_request.command.size(), limits_.request_bytes_max, "the size of the request in bytes");
    const auto timeout_max = static_cast<std::uint64_t>(kTimeoutMax.count());
    checked_request.timeout =
        request.timeout_ms == 0
            ? limits_.timeout_default
            : std::chrono::milliseconds(static_cast<std::int64_t>(std::min(request.timeout_ms, timeout_max)));
    return checked_request;
  }

 private:
  void touch(std::uint64_t keys) {
    keys_ += keys;
    require_at_most(keys_, kv::kOperationKeysMax, "the number of keys that the request may touch");
  }

  static void require_key(tenon_bytes key) {
    if (key.size == 0) refuse(TENON_ERROR_INVALID, "the key is empty; a key has 1 to 65536 bytes");
    require_at_most(key.size, kv::kKeyBytesMax, "the size of a key in bytes");
  }

  // Returns with its size known to be bounded: nothing beyond the limit of a whole request is ever copied.
  std::string_view bounded(tenon_bytes borrowed) {
    // The size first: a sum with one that was not checked could wrap around.
    require_at_most(borrowed.size, limits_.request_bytes_max, "the size of the request in bytes");
    bytes_ += borrowed.size;
    require_at_most(bytes_, limits_.request_bytes_max, "the size of the request in bytes");
    return view(borrowed);
  }

  kv::Compare checked(const tenon_compare& compare) {
    require_key(compare.key);
    touch(1);
    if (compare.what < TENON_COMPARE_VALUE || compare.what > TENON_COMPARE_MODIFIED || compare.relation < TENON_EQUAL ||
        compare.relation > TENON_GREATER) {
      refuse(TENON_ERROR_UNSUPPORTED, "a compare of kind " + std::to_string(compare.what) + " and relation " +
                                          std::to_string(compare.relation) + " is not in this version");
    }
    return {static_cast<std::uint8_t>(compare.what), static_cast<std::uint8_t>(compare.relation), bounded(compare.key),
            bounded(compare.value), compare.number};
  }

  kv::Operation checked(const tenon_operation& operation) {
    const std::uint32_t kind = operation.kind;
    if (kind != TENON_GET && kind != TENON_SCAN && kind != TENON_PUT && kind != TENON_DELETE) {
      refuse(TENON_ERROR_UNSUPPORTED, "an operation of kind " + std::to_string(kind) + " is not in this version");
    }
    if ((operation.flags & ~known_flags(kind)) != 0) {
      refuse(TENON_ERROR_UNSUPPORTED, "the flags " + std::to_string(operation.flags) + " of an operation of kind " +
                                          std::to_string(kind) + " are not in this version");
    }
    constexpr std::uint32_t later = TENON_SCAN_BACKWARD | TENON_EXPIRY_KEEP | TENON_EXPIRY_ABSOLUTE;
    if (operation.expiry_ms != 0 || (operation.flags & later) != 0) {
      refuse(TENON_ERROR_UNSUPPORTED, "expiry and backward scans are not in this version");
    }
    if (operation.revision != 0) {
      refuse(TENON_ERROR_UNSUPPORTED, "reading an earlier revision is not in this version");
    }
    changes_ = changes_ || changes_keyspace(kind);
    if ((operation.flags & TENON_WITH_PREVIOUS) != 0) ++previous_count_;
    if (kind == TENON_SCAN) return checked_scan(operation);
    require_key(operation.key);
    touch(1);
    require_at_most(operation.value.size, limits_.value_bytes_max, "the size of a value in bytes");
    kv::Operation made;
    made.kind = kind;
    made.flags = operation.flags;
    made.key = bounded(operation.key);
    if (kind == TENON_PUT) made.value = bounded(operation.value);
    return made;
  }

  kv::Operation checked_scan(const tenon_operation& operation) {
    require_at_most(operation.key.size, kv::kKeyBytesMax, "the size of a key in bytes");
    require_at_most(operation.range_end.size, kv::kKeyBytesMax, "the size of a key in bytes");
    kv::Operation made;
    made.kind = TENON_SCAN;
    made.flags = operation.flags;
    made.key = bounded(operation.key);
    made.range_end = bounded(operation.range_end);
    made.cursor = bounded(operation.cursor);
    if (!made.cursor.empty() && !kv::decode_cursor(made.cursor)) {
      refuse(TENON_ERROR_INVALID, "the cursor is not one that a scan has returned");
    }
    // Counting copies nothing, so it may go further in one step.
    const bool counts = (operation.flags & TENON_SCAN_COUNT) != 0;
    const std::uint64_t records_max = counts ? kv::kOperationKeysMax : limits_.scan_records_max;
    made.limit = operation.limit == 0 ? records_max : std::min(operation.limit, records_max);
    made.limit_bytes =
        operation.limit_bytes == 0 ? limits_.scan_bytes_max : std::min(operation.limit_bytes, limits_.scan_bytes_max);
    touch(made.limit);
    return made;
  }

  const RequestLimits& limits_;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t previous_count_ = 0;
  bool changes_ = false;
};

void check_header(const tenon_request& request) {
  if (request.struct_size < sizeof(tenon_request)) {
    refuse(TENON_ERROR_INVALID, "the request's struct_size is " + std::to_string(request.struct_size) + ", at least " +
                                    std::to_string(sizeof(tenon_request)) + " is needed");
  }
  constexpr std::uint32_t flags = TENON_REQUEST_NO_FORWARD | TENON_REQUEST_AFTER_WRITES | TENON_REQUEST_INDEPENDENT;
  if ((request.flags & ~flags) != 0 || request.consistency > TENON_READ_STALE) {
    refuse(TENON_ERROR_UNSUPPORTED, "the request has flags or a consistency that are not in this version");
  }
  if (request.session != 0) refuse(TENON_ERROR_UNSUPPORTED, "sessions are not in this version");
  require_at_most(request.compare_count, kv::kOperationKeysMax, "the number of compares");
  require_at_most(request.operation_count, kv::kOperationKeysMax, "the number of operations");
  require_at_most(request.otherwise_count, kv::kOperationKeysMax, "the number of operations");
  if (request.operation_count == 0 && request.otherwise_count == 0) {
    refuse(TENON_ERROR_INVALID, "the request has no operation");
  }
}

AdminRequest admin_request(const tenon_request& request) {
  if (request.operation_count != 1 || request.otherwise_count != 0 || request.compare_count != 0) {
    refuse(TENON_ERROR_INVALID, "an admin operation must be the only one of its request");
  }
  constexpr std::uint64_t argument_bytes_max = 64u << 10;
  require_at_most(request.operations->key.size, kv::kKeyBytesMax, "the size of an admin verb in bytes");
  require_at_most(request.operations->value.size, argument_bytes_max, "the size of an admin argument in bytes");
  return {std::string(view(request.operations->key)), std::string(view(request.operations->value))};
}

}  // namespace

std::variant<CheckedRequest, AdminRequest, RequestRefusal> check_request(const tenon_request& request,
                                                                         const RequestLimits& limits) {
  try {
    check_header(request);
    if (request.operation_count > 0 && request.operations->struct_size >= sizeof(tenon_operation) &&
        request.operations->kind == TENON_ADMIN) {
      return admin_request(request);
    }
    return Check(limits).transaction(request);
  } catch (Refused& refused) {
    return std::move(refused.refusal);
  }
}

}  // namespace tenon::host
