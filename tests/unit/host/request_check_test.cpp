// SPDX-License-Identifier: MIT
#include "host/request_check.hpp"

#include <cstring>

#include "kv/command.hpp"
#include "kv/glob.hpp"
#include "node/channels.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"

namespace tenon::host {
namespace {

using Checked = std::variant<CheckedRequest, AdminRequest, RequestRefusal>;
using Operations = std::vector<tenon_operation>;
using Compares = std::vector<tenon_compare>;

constexpr RequestLimits kLimits;
const std::string kLongestKey(kv::kKeyBytesMax, 'k');
const std::string kTooLongKey(kv::kKeyBytesMax + 1, 'k');

Checked check(const Operations& operations, const Compares& compares = {}, const Operations& otherwise = {}) {
  return check_request(request(1, operations, compares, otherwise), kLimits);
}
tenon_error refusal(const Checked& checked) {
  const auto* refused = std::get_if<RequestRefusal>(&checked);
  if (refused == nullptr) return TENON_OK;
  CHECK_FALSE(refused->message.empty());
  return refused->error;
}
bool says(const Checked& checked, const std::string& bound) {
  return std::get<RequestRefusal>(checked).message.find(bound) != std::string::npos;
}
tenon_operation with(tenon_operation operation, std::uint32_t flags) {
  operation.flags = flags;
  return operation;
}

TEST_CASE("an accepted request is encoded as it was, with the node's own limits put in") {
  Operations operations{put("k", "v", TENON_WITH_PREVIOUS), scan("a", "b"), get("g"), erase("d")};
  operations[1].limit = 1'000'000;
  const Checked checked = check(operations, {compare_value("c", TENON_LESS, "w"), absent("e")}, {scan_prefix("", 7)});
  const auto* accepted = std::get_if<CheckedRequest>(&checked);
  REQUIRE(accepted != nullptr);
  CHECK(accepted->access == node::Access::write);
  CHECK(accepted->ordering == node::Ordering::free);
  CHECK(accepted->timeout == kLimits.timeout_default);
  const std::optional<kv::Command> command = kv::decode(accepted->command);
  REQUIRE(command.has_value());
  CHECK_FALSE(command->independent);
  CHECK(command->session == 0);
  REQUIRE(command->operations.size() == 4);
  CHECK((command->operations[0].key == "k" && command->operations[0].value == "v"));
  CHECK(command->operations[0].flags == TENON_WITH_PREVIOUS);
  CHECK(command->operations[1].limit == kLimits.scan_records_max);
  CHECK(command->operations[1].limit_bytes == kLimits.scan_bytes_max);
  CHECK(command->operations[1].range_end == "b");
  REQUIRE(command->compares.size() == 2);
  CHECK((command->compares[0].relation == TENON_LESS && command->compares[0].value == "w"));
  REQUIRE(command->otherwise.size() == 1);
  CHECK(command->otherwise[0].limit == 7);
  CHECK(command->otherwise[0].flags == TENON_RANGE_PREFIX);
}

TEST_CASE("a request writes when either branch can") {
  const auto access = [](const Operations& operations, const Operations& otherwise) {
    return std::get<CheckedRequest>(check(operations, {absent("k")}, otherwise)).access;
  };
  CHECK(access({get("k")}, {scan("", "")}) == node::Access::read);
  CHECK(access({get("k")}, {put("k", "v")}) == node::Access::write);
  CHECK(access({erase("k")}, {}) == node::Access::write);
}

TEST_CASE("flags and times of the request arrive") {
  const Operations operations{get("k")};
  tenon_request asked = request(1, operations);
  asked.flags = TENON_REQUEST_AFTER_WRITES | TENON_REQUEST_INDEPENDENT | TENON_REQUEST_NO_FORWARD;
  asked.consistency = TENON_READ_STALE;
  asked.timeout_ms = 17;
  const auto timed = std::get<CheckedRequest>(check_request(asked, kLimits));
  CHECK(timed.ordering == node::Ordering::after_writes);
  CHECK(timed.forwarding == node::Forwarding::refused);
  CHECK(timed.timeout == std::chrono::milliseconds(17));
  CHECK(kv::decode(timed.command)->independent);
  asked.flags = 0;
  CHECK(std::get<CheckedRequest>(check_request(asked, kLimits)).forwarding == node::Forwarding::allowed);
  for (const std::uint64_t endless : {std::uint64_t{3'600'001}, std::numeric_limits<std::uint64_t>::max()}) {
    asked.timeout_ms = endless;
    CHECK(std::get<CheckedRequest>(check_request(asked, kLimits)).timeout == kTimeoutMax);
  }
}

TEST_CASE("keys have 1 to 65536 bytes, but a range may begin with none") {
  for (const auto& make :
       {+[](std::string_view key) { return get(key); }, +[](std::string_view key) { return erase(key); },
        +[](std::string_view key) { return put(key, "v"); }}) {
    CHECK(refusal(check({make("")})) == TENON_ERROR_INVALID);
    CHECK(refusal(check({make("k")})) == TENON_OK);
    CHECK(refusal(check({make(kLongestKey)})) == TENON_OK);
    CHECK(refusal(check({make(kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
  }
  CHECK(refusal(check({get("k")}, {absent("")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({get("k")}, {absent(kLongestKey)})) == TENON_OK);
  CHECK(refusal(check({get("k")}, {absent(kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check({scan("", "")})) == TENON_OK);
  CHECK(refusal(check({scan(kLongestKey, kLongestKey)})) == TENON_OK);
  CHECK(refusal(check({scan(kTooLongKey, "")})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check({scan("", kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
}

TEST_CASE("values and whole requests are accepted at exactly their limits") {
  const std::string largest(kLimits.value_bytes_max, 'v');
  const std::string too_large(kLimits.value_bytes_max + 1, 'v');
  CHECK(refusal(check({put("k", largest)})) == TENON_OK);
  CHECK(refusal(check({put("k", too_large)})) == TENON_ERROR_TOO_LARGE);
  CHECK(says(check({put("k", too_large)}), "(limits.value_bytes_max) is " + std::to_string(too_large.size())));
  RequestLimits exact;
  const Operations operations{put("k", "value"), get("other")};
  const Compares compares{compare_value("c", TENON_EQUAL, "value")};
  exact.request_bytes_max = std::get<CheckedRequest>(check(operations, compares)).command.size();
  CHECK(refusal(check_request(request(1, operations, compares), exact)) == TENON_OK);
  --exact.request_bytes_max;
  CHECK(refusal(check_request(request(1, operations, compares), exact)) == TENON_ERROR_TOO_LARGE);
  CHECK(says(check_request(request(1, operations, compares), exact), "(limits.request_bytes_max)"));
}

TEST_CASE("sizes that no memory has are refused unread") {
  const auto hostile = [](std::uint64_t size) { return tenon_bytes{reinterpret_cast<const std::uint8_t*>("x"), size}; };
  for (const std::uint64_t size :
       {std::numeric_limits<std::uint64_t>::max(), ~std::uint64_t{0} - 10, std::uint64_t{1} << 40}) {
    const auto refuses = [&](tenon_bytes tenon_operation::*member, tenon_operation operation) {
      operation.*member = hostile(size);
      return refusal(check({get("first"), operation})) == TENON_ERROR_TOO_LARGE;
    };
    CHECK(refuses(&tenon_operation::key, get("k")));
    CHECK(refuses(&tenon_operation::value, put("k", "")));
    CHECK(refuses(&tenon_operation::range_end, scan("", "")));
    CHECK(refuses(&tenon_operation::cursor, scan("", "")));
    tenon_compare compare = compare_value("k", TENON_EQUAL, "");
    compare.value = hostile(size);
    CHECK(refusal(check({get("first")}, {compare})) == TENON_ERROR_TOO_LARGE);
    tenon_operation asked = admin("status");
    asked.value = hostile(size);
    CHECK(refusal(check({asked})) == TENON_ERROR_TOO_LARGE);
  }
}

TEST_CASE("counts beyond the bound are refused before any element is read") {
  const Operations operations{get("k")};
  for (const std::uint64_t count : {std::uint64_t{10'001}, std::numeric_limits<std::uint64_t>::max()}) {
    tenon_request asked = request(1, operations);
    asked.operation_count = count;
    CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_TOO_LARGE);
    asked = request(1, operations);
    asked.otherwise_count = count;
    CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_TOO_LARGE);
    asked = request(1, operations);
    asked.compare_count = count;
    CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_TOO_LARGE);
  }
}

TEST_CASE("a request touches at most ten thousand keys") {
  CHECK(refusal(check(Operations(kv::kOperationKeysMax, get("k")))) == TENON_OK);
  CHECK(refusal(check(Operations(kv::kOperationKeysMax, get("k")), {absent("k")})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check(Operations(6'000, get("k")), {}, Operations(4'001, get("k")))) == TENON_ERROR_TOO_LARGE);
  const auto scans = [](std::size_t count) { return Operations(count, scan("", "")); };
  CHECK(refusal(check(scans(kv::kOperationKeysMax / kLimits.scan_records_max))) == TENON_OK);
  CHECK(refusal(check(scans(kv::kOperationKeysMax / kLimits.scan_records_max + 1))) == TENON_ERROR_TOO_LARGE);
  tenon_operation count = with(scan("", ""), TENON_SCAN_COUNT);
  const auto accepted = std::get<CheckedRequest>(check({count}));
  CHECK(kv::decode(accepted.command)->operations[0].limit == kv::kOperationKeysMax);
}

TEST_CASE("a scan that matches is the only one of its request, and its pattern is one") {
  const auto matching = [](std::string_view pattern) {
    tenon_operation made = with(scan("", ""), TENON_SCAN_MATCH);
    made.value = bytes(pattern);
    return made;
  };
  const auto accepted = std::get<CheckedRequest>(check({matching("user:*")}));
  CHECK(kv::decode(accepted.command)->operations[0].value == "user:*");
  CHECK(refusal(check({matching("a*"), matching("b*")})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check({matching("[a")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({matching("")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({matching(std::string(kv::kPatternBytesMax + 1, '*'))})) == TENON_ERROR_TOO_LARGE);
}

TEST_CASE("previous values are asked for as often as a reply surely holds them") {
  const std::size_t most = kv::kReplyBytesMax / kLimits.value_bytes_max / 2;
  CHECK(refusal(check(Operations(most, erase("k", TENON_WITH_PREVIOUS)))) == TENON_OK);
  CHECK(refusal(check(Operations(most + 1, erase("k", TENON_WITH_PREVIOUS)))) == TENON_ERROR_TOO_LARGE);
}

TEST_CASE("what this version does not have is unsupported, never ignored") {
  for (const std::uint32_t kind : {0u, 10u, 31u, 39u, 99u}) {
    CAPTURE(kind);
    CHECK(refusal(check({operation(kind, "k")})) == TENON_ERROR_UNSUPPORTED);
    CHECK(refusal(check({get("k")}, {}, {operation(kind, "k")})) == TENON_ERROR_UNSUPPORTED);
  }
  CHECK(refusal(check({get("k")}, {}, {admin("status")})) == TENON_ERROR_UNSUPPORTED);
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    const std::uint32_t flag = 1u << bit;
    CAPTURE(flag);
    CHECK(refusal(check({with(get("k"), flag)})) == TENON_ERROR_UNSUPPORTED);
    const auto knows = [flag](std::uint32_t kind, std::uint32_t flags) {
      tenon_operation asked = with(operation(kind, "k"), flag);
      if (flag == TENON_SCAN_MATCH) asked.value = bytes("*");
      const tenon_error found = refusal(check({asked}));
      CHECK((found == TENON_OK || found == TENON_ERROR_UNSUPPORTED));
      return (found == TENON_OK) == ((flag & flags) != 0);
    };
    constexpr std::uint32_t ranges = TENON_RANGE_PREFIX | TENON_RANGE_ONE;
    CHECK(knows(TENON_SCAN, ranges | TENON_SCAN_KEYS | TENON_SCAN_COUNT | TENON_SCAN_BACKWARD | TENON_SCAN_MATCH));
    CHECK(knows(TENON_PUT, TENON_WITH_PREVIOUS | TENON_EXPIRY_ABSOLUTE | TENON_EXPIRY_KEEP));
    CHECK(knows(TENON_EXPIRE, TENON_WITH_PREVIOUS | TENON_EXPIRY_ABSOLUTE));
    CHECK(knows(TENON_DELETE_RANGE, ranges | TENON_WITH_PREVIOUS));
    CHECK(knows(TENON_WATCH, ranges | TENON_WITH_PREVIOUS));
    for (const std::uint32_t kind : {TENON_APPEND, TENON_INCREMENT, TENON_DELETE, TENON_PERSIST}) {
      CHECK(knows(kind, TENON_WITH_PREVIOUS));
    }
  }
  CHECK(refusal(check({get("k")}, {compare_number("k", TENON_COMPARE_MODIFIED + 1, TENON_EQUAL, 0)})) ==
        TENON_ERROR_UNSUPPORTED);
  CHECK(refusal(check({get("k")}, {compare_number("k", 0x101, TENON_EQUAL, 0)})) == TENON_ERROR_UNSUPPORTED);
  CHECK(refusal(check({get("k")}, {absent("k"), compare_number("k", TENON_COMPARE_VERSION, TENON_GREATER + 1, 0)})) ==
        TENON_ERROR_UNSUPPORTED);
}

TEST_CASE("requests that nobody can mean are refused") {
  CHECK(refusal(check({})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({}, {absent("k")}, {put("k", "")})) == TENON_OK);
  const Operations operations{get("k")};
  tenon_request asked = request(1, operations);
  asked.flags = 8;
  CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_UNSUPPORTED);
  asked = request(1, operations);
  asked.consistency = TENON_READ_LOG + 1;
  CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_UNSUPPORTED);
  asked = request(1, operations);
  asked.struct_size = sizeof asked - 1;
  CHECK(refusal(check_request(asked, kLimits)) == TENON_ERROR_INVALID);
  tenon_operation resumed = scan("", "");
  resumed.cursor = bytes("not a cursor");
  CHECK(refusal(check({resumed})) == TENON_ERROR_INVALID);
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{sizeof(tenon_operation) - 1}}) {
    tenon_operation cut = get("k");
    cut.struct_size = size;
    CHECK(refusal(check({cut})) == TENON_ERROR_INVALID);
    tenon_compare cut_compare = absent("k");
    cut_compare.struct_size = std::min<std::uint64_t>(size, sizeof(tenon_compare) - 1);
    CHECK(refusal(check({get("k")}, {cut_compare})) == TENON_ERROR_INVALID);
  }
}

kv::Command decoded(const Checked& checked) {
  const auto* accepted = std::get_if<CheckedRequest>(&checked);
  REQUIRE(accepted != nullptr);
  CHECK(accepted->access == node::Access::write);
  // What it borrows from is gone, but for numbers.
  return kv::decode(accepted->command).value();
}

TEST_CASE("every write arrives with what its kind knows") {
  tenon_operation add = operation(TENON_INCREMENT, "k");
  add.delta = std::numeric_limits<std::int64_t>::min();
  CHECK(decoded(check({add})).operations[0].delta == add.delta);
  tenon_operation until = with(operation(TENON_EXPIRE, "k"), TENON_EXPIRY_ABSOLUTE);
  until.expiry_ms = 77;
  const kv::Operation expire = decoded(check({until})).operations[0];
  CHECK((expire.expiry_ms == 77 && expire.flags == TENON_EXPIRY_ABSOLUTE));
  tenon_operation lasting = put("k", "v");
  lasting.expiry_ms = 1'000;
  CHECK(decoded(check({lasting})).operations[0].expiry_ms == 1'000);
  CHECK(decoded(check({operation(TENON_PERSIST, "k")})).operations[0].kind == TENON_PERSIST);
  tenon_operation more = operation(TENON_APPEND, "k");
  more.value = bytes("tail");
  const auto accepted = std::get<CheckedRequest>(check({more}));
  const kv::Operation append = kv::decode(accepted.command)->operations[0];
  CHECK((append.value == "tail" && append.limit_bytes == kLimits.value_bytes_max));
  tenon_operation past = get("k");
  past.revision = 5;
  CHECK(kv::decode(std::get<CheckedRequest>(check({past})).command)->operations[0].revision == 5);
}

TEST_CASE("a removal of a range goes further when it is alone") {
  const tenon_operation all = with(operation(TENON_DELETE_RANGE, "a"), TENON_RANGE_PREFIX);
  CHECK(decoded(check({all})).operations[0].limit == kv::kOperationKeysMax);
  CHECK(decoded(check({all, put("k", "v")})).operations[0].limit == kLimits.scan_records_max);
  tenon_operation some = all;
  some.limit = 3;
  CHECK(decoded(check({some})).operations[0].limit == 3);
  some.cursor = bytes("no cursor");
  CHECK(refusal(check({some})) == TENON_ERROR_INVALID);
}

TEST_CASE("a key cannot expire twice, nor beyond all times") {
  tenon_operation expiring = with(put("k", "v"), TENON_EXPIRY_KEEP);
  CHECK(refusal(check({expiring})) == TENON_OK);
  expiring.expiry_ms = 1;
  CHECK(refusal(check({expiring})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({with(put("k", "v"), TENON_EXPIRY_KEEP | TENON_EXPIRY_ABSOLUTE)})) == TENON_ERROR_INVALID);
  for (const auto& [flags, most] :
       {std::pair<std::uint32_t, std::uint64_t>{0, kDurationMsMax}, {TENON_EXPIRY_ABSOLUTE, kExpiresAtMsMax}}) {
    expiring.flags = flags;
    expiring.expiry_ms = most;
    CHECK(refusal(check({expiring})) == TENON_OK);
    expiring.expiry_ms = most + 1;
    CHECK(refusal(check({expiring})) == TENON_ERROR_TOO_LARGE);
  }
}

TEST_CASE("elements of a newer plugin are walked by their own size") {
  struct NewerOperation {
    tenon_operation known;
    std::uint64_t added[3];
  };
  struct NewerCompare {
    tenon_compare known;
    std::uint64_t added;
  };
  NewerOperation operations[] = {{put("a", "1"), {~0u, ~0u, ~0u}}, {get("b"), {~0u, ~0u, ~0u}}};
  NewerCompare compares[] = {{absent("c"), ~0u}, {compare_value("d", TENON_EQUAL, "2"), ~0u}};
  for (NewerOperation& operation : operations) operation.known.struct_size = sizeof operation;
  for (NewerCompare& compare : compares) compare.known.struct_size = sizeof compare;
  tenon_request asked{};
  asked.struct_size = sizeof asked + 100;
  asked.operations = &operations[0].known;
  asked.operation_count = 2;
  asked.compares = &compares[0].known;
  asked.compare_count = 2;
  const auto accepted = std::get<CheckedRequest>(check_request(asked, kLimits));
  const std::optional<kv::Command> command = kv::decode(accepted.command);
  REQUIRE(command->operations.size() == 2);
  CHECK(command->operations[1].key == "b");
  REQUIRE(command->compares.size() == 2);
  CHECK(command->compares[1].key == "d");
}

TEST_CASE("a message and a subscription stand alone in their request, within their bounds") {
  const auto published = std::get<CheckedRequest>(check({operation(TENON_PUBLISH, "c")}));
  CHECK(published.publication->channel == "c");
  const auto subscribed = std::get<CheckedRequest>(check({operation(TENON_SUBSCRIBE, "c")}));
  CHECK((subscribed.subscription->first == "c" && subscribed.subscription->end.empty()));
  CHECK(subscribed.subscription->records_max == node::kSubscriptionRecordsMax);
  tenon_operation one = operation(TENON_SUBSCRIBE, "c");
  one.flags = TENON_RANGE_PREFIX;
  one.limit = 7;
  const auto prefix = std::get<CheckedRequest>(check({one}));
  CHECK((prefix.subscription->end == "d" && prefix.subscription->records_max == 7));
  one.flags = TENON_SCAN_KEYS;
  CHECK(refusal(check({one})) == TENON_ERROR_UNSUPPORTED);
  CHECK(refusal(check({operation(TENON_PUBLISH, "")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({operation(TENON_PUBLISH, kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
  tenon_operation message = operation(TENON_PUBLISH, "c");
  const std::string too_large(node::kMessageBytesMax, 'x');
  message.value = bytes(too_large);
  CHECK(refusal(check({message})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check({operation(TENON_PUBLISH, "c"), get("k")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({get("k"), operation(TENON_PUBLISH, "c")})) == TENON_ERROR_UNSUPPORTED);
}

TEST_CASE("an admin request is its verb and its argument, alone") {
  const auto asked = std::get<AdminRequest>(check({admin("status", "all")}));
  CHECK((asked.verb == "status" && asked.argument == "all"));
  CHECK(refusal(check({admin("status"), get("k")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({admin("status")}, {absent("k")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({admin("status")}, {}, {get("k")})) == TENON_ERROR_INVALID);
  CHECK(refusal(check({get("k"), admin("status")})) == TENON_ERROR_UNSUPPORTED);
  CHECK(refusal(check({admin(kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
  CHECK(refusal(check({admin("v", kLongestKey)})) == TENON_OK);
  CHECK(refusal(check({admin("v", kTooLongKey)})) == TENON_ERROR_TOO_LARGE);
}

}  // namespace
}  // namespace tenon::host
