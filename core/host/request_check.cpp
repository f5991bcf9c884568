// SPDX-License-Identifier: MIT
#include "host/request_check.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "channel_request_check.hpp"
#include "kv/command.hpp"
#include "kv/glob.hpp"
#include "node/watches.hpp"
#include "tenon/bytes.hpp"
#include "tenon/operation.hpp"

namespace tenon::host {
namespace {

constexpr const char* kRequestSize = "the size of the request in bytes (limits.request_bytes_max)";

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

// Nothing, for a kind that is not known.
std::optional<std::uint32_t> known_flags(std::uint32_t kind) noexcept {
  constexpr std::uint32_t kRange = TENON_RANGE_PREFIX | TENON_RANGE_ONE;
  switch (kind) {
    case TENON_GET:
    case TENON_SESSION_OPEN:
    case TENON_SESSION_KEEP_ALIVE:
    case TENON_SESSION_CLOSE:
      return 0;
    case TENON_SCAN:
      return kRange | TENON_SCAN_BACKWARD | TENON_SCAN_KEYS | TENON_SCAN_COUNT | TENON_SCAN_MATCH;
    case TENON_PUT:
      return TENON_WITH_PREVIOUS | TENON_EXPIRY_KEEP | TENON_EXPIRY_ABSOLUTE;
    case TENON_EXPIRE:
      return TENON_WITH_PREVIOUS | TENON_EXPIRY_ABSOLUTE;
    case TENON_APPEND:
    case TENON_INCREMENT:
    case TENON_DELETE:
    case TENON_PERSIST:
      return TENON_WITH_PREVIOUS;
    case TENON_DELETE_RANGE:
    case TENON_WATCH:
      return kRange | TENON_WITH_PREVIOUS;
    default:
      return std::nullopt;
  }
}

void require_known(const tenon_operation& operation) {
  const std::uint32_t kind = operation.kind;
  const std::optional<std::uint32_t> known = known_flags(kind);
  if (!known) {
    refuse(TENON_ERROR_UNSUPPORTED, "an operation of kind " + std::to_string(kind) + " is not in this version");
  }
  if ((operation.flags & ~*known) != 0) {
    refuse(TENON_ERROR_UNSUPPORTED, "the flags " + std::to_string(operation.flags) + " of an operation of kind " +
                                        std::to_string(kind) + " are not in this version");
  }
}

bool is_of_sessions(std::uint32_t kind) noexcept { return kind >= TENON_SESSION_OPEN && kind <= TENON_SESSION_CLOSE; }

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
    is_alone_ = request.operation_count == 1 && request.otherwise_count == 0 && request.compare_count == 0;
    for_each(request.operations, request.operation_count, branch(command.operations));
    for_each(request.otherwise, request.otherwise_count, branch(command.otherwise));
    if (previous_count_ > 0) {
      require_at_most(previous_count_, std::max<std::uint64_t>(1, kv::kReplyBytesMax / limits_.value_bytes_max / 2),
                      "the number of operations that return the previous value (limits.value_bytes_max)");
    }
    if (changes_) set_session(request, command);
    CheckedRequest checked_request;
    checked_request.access = changes_ ? node::Access::write : node::Access::read;
    if (!changes_) set_consistency(request, kv::read_revision(command) != 0, checked_request);
    set_way(request, checked_request);
    kv::encode(command, checked_request.command);
    require_at_most(checked_request.command.size(), limits_.request_bytes_max, kRequestSize);
    return checked_request;
  }

  CheckedRequest watch(const tenon_request& request) {
    require_alone(request, "a watch");
    const tenon_operation& operation = *request.operations;
    require_known(operation);
    require_at_most(operation.key.size, kv::kKeyBytesMax, "the size of a key in bytes");
    require_at_most(operation.range_end.size, kv::kKeyBytesMax, "the size of a key in bytes");
    kv::Range range = kv::range_of(operation.flags, view(operation.key), view(operation.range_end));
    CheckedRequest checked_request;
    node::WatchRequest watch;
    watch.first = std::move(range.first);
    watch.end = std::move(range.end);
    watch.revision = operation.revision;
    watch.records_max =
        operation.limit == 0 ? kWatchRecordsDefault : std::min(operation.limit, node::kStreamRecordsMax);
    watch.with_previous = (operation.flags & TENON_WITH_PREVIOUS) != 0;
    if (request.consistency == TENON_READ_LOG) {
      refuse(TENON_ERROR_UNSUPPORTED, "a watch does not begin through the log; a linearizable one begins no earlier");
    }
    const bool begins_anywhere = request.consistency == TENON_READ_STALE && request.max_age_ms == 0;
    if (begins_anywhere) watch.freshness = node::Freshness::local;
    checked_request.watch = std::make_unique<const node::WatchRequest>(std::move(watch));
    set_way(request, checked_request);
    return checked_request;
  }

  static void require_alone(const tenon_request& request, const char* what) {
    if (request.operation_count == 1 && request.otherwise_count == 0 && request.compare_count == 0) return;
    refuse(TENON_ERROR_INVALID, std::string(what) + " must be the only one of its request");
  }

 private:
  // Of what only reads. What is of a certain revision is the same for all time, wherever it is read.
  static void set_consistency(const tenon_request& request, bool is_of_revision, CheckedRequest& checked_request) {
    switch (request.consistency) {
      case TENON_READ_LEASE:
        checked_request.consistency = node::Consistency::lease;
        break;
      case TENON_READ_STALE:
        checked_request.consistency = node::Consistency::stale;
        if (request.max_age_ms != 0) {
          checked_request.max_age = std::chrono::milliseconds(
              static_cast<std::int64_t>(std::min(request.max_age_ms, static_cast<std::uint64_t>(kMaxAgeMax.count()))));
        }
        break;
      case TENON_READ_LOG:
        if (!is_of_revision) checked_request.access = node::Access::logged_read;
        break;
      default:
        break;
    }
  }

  void set_way(const tenon_request& request, CheckedRequest& checked_request) const {
    if ((request.flags & TENON_REQUEST_AFTER_WRITES) != 0) {
      checked_request.ordering = node::Ordering::after_writes;
    }
    if ((request.flags & TENON_REQUEST_NO_FORWARD) != 0) checked_request.forwarding = node::Forwarding::refused;
    const auto timeout_max = static_cast<std::uint64_t>(kTimeoutMax.count());
    checked_request.timeout =
        request.timeout_ms == 0
            ? limits_.timeout_default
            : std::chrono::milliseconds(static_cast<std::int64_t>(std::min(request.timeout_ms, timeout_max)));
  }

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
    require_at_most(borrowed.size, limits_.request_bytes_max, kRequestSize);
    bytes_ += borrowed.size;
    require_at_most(bytes_, limits_.request_bytes_max, kRequestSize);
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
    require_known(operation);
    const std::uint32_t kind = operation.kind;
    if (kind == TENON_WATCH || is_of_channels(kind)) {
      refuse(TENON_ERROR_INVALID, "a watch, a subscription or a message must be the only one of its request");
    }
    changes_ = changes_ || changes_keyspace(kind) || is_of_sessions(kind);
    // A removal of a range stops where the reply is full.
    if ((operation.flags & TENON_WITH_PREVIOUS) != 0 && kind != TENON_DELETE_RANGE) ++previous_count_;
    kv::Operation made;
    made.kind = kind;
    made.flags = operation.flags;
    if (is_of_sessions(kind)) {
      of_sessions(operation, made);
    } else if (kind == TENON_SCAN || kind == TENON_DELETE_RANGE) {
      of_range(operation, made);
    } else {
      of_key(operation, made);
    }
    return made;
  }

  void of_key(const tenon_operation& operation, kv::Operation& made) {
    require_key(operation.key);
    touch(1);
    require_at_most(operation.value.size, limits_.value_bytes_max, "a value's size in bytes (limits.value_bytes_max)");
    made.key = bounded(operation.key);
    switch (operation.kind) {
      case TENON_GET:
        made.revision = operation.revision;
        break;
      case TENON_PUT:
        made.value = bounded(operation.value);
        made.expiry_ms = expiry(operation);
        break;
      case TENON_APPEND:
        made.value = bounded(operation.value);
        made.limit_bytes = limits_.value_bytes_max;
        break;
      case TENON_INCREMENT:
        made.delta = operation.delta;
        break;
      case TENON_EXPIRE:
        made.expiry_ms = expiry(operation);
        break;
      default:
        break;
    }
  }

  static std::uint64_t expiry(const tenon_operation& operation) {
    const bool absolute = (operation.flags & TENON_EXPIRY_ABSOLUTE) != 0;
    const bool keep = (operation.flags & TENON_EXPIRY_KEEP) != 0;
    if (keep && (absolute || operation.expiry_ms != 0)) {
      refuse(TENON_ERROR_INVALID, "a put shall keep the expiry of the key and also set one; expected at most one");
    }
    require_at_most(operation.expiry_ms, absolute ? kExpiresAtMsMax : kDurationMsMax,
                    absolute ? "the time of an expiry in milliseconds" : "the time to live in milliseconds");
    return operation.expiry_ms;
  }

  void of_range(const tenon_operation& operation, kv::Operation& made) {
    require_at_most(operation.key.size, kv::kKeyBytesMax, "the size of a key in bytes");
    require_at_most(operation.range_end.size, kv::kKeyBytesMax, "the size of a key in bytes");
    made.key = bounded(operation.key);
    made.range_end = bounded(operation.range_end);
    made.cursor = bounded(operation.cursor);
    if (!made.cursor.empty() && !kv::decode_cursor(made.cursor)) {
      refuse(TENON_ERROR_INVALID, "the cursor is not one that an earlier result had");
    }
    // Counting copies nothing, nor does a removal, so they may go further in one step.
    const bool counts = (operation.flags & TENON_SCAN_COUNT) != 0;
    const bool removes = operation.kind == TENON_DELETE_RANGE;
    const std::uint64_t keys_max = counts || (removes && is_alone_) ? kv::kOperationKeysMax : limits_.scan_records_max;
    made.limit = operation.limit == 0 ? keys_max : std::min(operation.limit, keys_max);
    const bool matches = (operation.flags & TENON_SCAN_MATCH) != 0;
    // What does not match is looked at too.
    touch(matches ? kv::kOperationKeysMax : made.limit);
    if (removes) return;
    if (matches) made.value = pattern(operation.value);
    made.revision = operation.revision;
    made.limit_bytes =
        operation.limit_bytes == 0 ? limits_.scan_bytes_max : std::min(operation.limit_bytes, limits_.scan_bytes_max);
  }

  std::string_view pattern(tenon_bytes found) {
    require_at_most(found.size, kv::kPatternBytesMax, "the size of a pattern in bytes");
    const std::string_view pattern = bounded(found);
    if (!kv::Glob::parse(pattern)) {
      refuse(TENON_ERROR_INVALID,
             "the pattern is not one: expected bytes, * for any, ? for one, [a-z] or [^a-z] for one of those, and a "
             "backslash before what is to be taken as it is");
    }
    return pattern;
  }

  void of_sessions(const tenon_operation& operation, kv::Operation& made) const {
    if (!is_alone_) {
      refuse(TENON_ERROR_INVALID, "an operation on a session is not the only one of its request");
    }
    if (operation.kind != TENON_SESSION_OPEN) return;
    if (operation.expiry_ms < kSessionMsMin || operation.expiry_ms > kSessionMsMax) {
      refuse(TENON_ERROR_INVALID, "the duration of a session is " + std::to_string(operation.expiry_ms) +
                                      " ms; expected " + std::to_string(kSessionMsMin) + " to " +
                                      std::to_string(kSessionMsMax));
    }
    made.expiry_ms = operation.expiry_ms;
  }

  // Of a request that changes something; others need no session, and theirs is not looked at.
  static void set_session(const tenon_request& request, kv::Command& command) {
    const std::uint32_t kind = command.operations.empty() ? 0 : command.operations.front().kind;
    const bool needs_one = kind == TENON_SESSION_KEEP_ALIVE || kind == TENON_SESSION_CLOSE;
    const bool takes_one = kind != TENON_SESSION_OPEN;
    if (needs_one && request.session == 0) refuse(TENON_ERROR_INVALID, "the request names no session");
    if (!takes_one && request.session != 0) refuse(TENON_ERROR_INVALID, "a session cannot be opened within another");
    if (request.session == 0) return;
    const bool numbered = request.session_sequence != 0;
    if (numbered == needs_one) {
      refuse(TENON_ERROR_INVALID, needs_one ? "an operation on a session has a sequence; expected 0"
                                            : "a request of a session has no sequence; expected 1 or more");
    }
    if (numbered && request.session_outstanding > request.session_sequence) {
      refuse(TENON_ERROR_INVALID, "the lowest outstanding sequence is " + std::to_string(request.session_outstanding) +
                                      ", above that of the request, " + std::to_string(request.session_sequence));
    }
    command.session = request.session;
    command.session_sequence = request.session_sequence;
    command.session_outstanding = request.session_outstanding;
  }

  const RequestLimits& limits_;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t previous_count_ = 0;
  bool is_alone_ = false;  // the request has one operation and nothing else
  bool changes_ = false;
};

void check_header(const tenon_request& request) {
  if (request.struct_size < sizeof(tenon_request)) {
    refuse(TENON_ERROR_INVALID, "the request's struct_size is " + std::to_string(request.struct_size) + ", at least " +
                                    std::to_string(sizeof(tenon_request)) + " is needed");
  }
  constexpr std::uint32_t flags = TENON_REQUEST_NO_FORWARD | TENON_REQUEST_AFTER_WRITES | TENON_REQUEST_INDEPENDENT;
  if ((request.flags & ~flags) != 0 || request.consistency > TENON_READ_LOG) {
    refuse(TENON_ERROR_UNSUPPORTED, "the request has flags or a consistency that are not in this version");
  }
  require_at_most(request.compare_count, kv::kOperationKeysMax, "the number of compares");
  require_at_most(request.operation_count, kv::kOperationKeysMax, "the number of operations");
  require_at_most(request.otherwise_count, kv::kOperationKeysMax, "the number of operations");
  if (request.operation_count == 0 && request.otherwise_count == 0) {
    refuse(TENON_ERROR_INVALID, "the request has no operation");
  }
}

AdminRequest admin_request(const tenon_request& request) {
  Check::require_alone(request, "an admin operation");
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
    if (request.operation_count > 0 && request.operations->struct_size >= sizeof(tenon_operation)) {
      if (request.operations->kind == TENON_ADMIN) return admin_request(request);
      if (request.operations->kind == TENON_WATCH) return Check(limits).watch(request);
      if (is_of_channels(request.operations->kind)) return check_channel_request(request);
    }
    return Check(limits).transaction(request);
  } catch (Refused& refused) {
    return std::move(refused.refusal);
  }
}

}  // namespace tenon::host
