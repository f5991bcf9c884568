// SPDX-License-Identifier: MIT
// What a request for a watch may say, and a watch on a node with its thread.
#include "host/request_check.hpp"
#include "node/watches.hpp"
#include "running_node.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

constexpr RequestLimits kLimits;

tenon_operation watch(std::string_view key, std::uint32_t flags = 0, std::uint64_t revision = 0) {
  tenon_operation made = operation(TENON_WATCH, key);
  made.flags = flags;
  made.revision = revision;
  return made;
}

tenon_error refusal(const tenon_request& request) {
  const auto checked = check_request(request, kLimits);
  const auto* refused = std::get_if<RequestRefusal>(&checked);
  return refused == nullptr ? TENON_OK : refused->error;
}

TEST_CASE("a watch arrives with its range, and with the node's bounds put in") {
  tenon_operation asked = watch("k", TENON_RANGE_PREFIX | TENON_WITH_PREVIOUS, 7);
  tenon_request whole = request(1, only(asked));
  whole.consistency = TENON_READ_STALE;
  const auto prefix = std::get<CheckedRequest>(check_request(whole, kLimits));
  REQUIRE(prefix.watch != nullptr);
  CHECK(prefix.access == node::Access::read);
  CHECK(prefix.watch->first == "k");
  CHECK(prefix.watch->end == "l");
  CHECK(prefix.watch->revision == 7);
  CHECK(prefix.watch->records_max == kWatchRecordsDefault);
  CHECK(prefix.watch->with_previous);
  CHECK(prefix.watch->freshness == node::Freshness::local);
  asked = watch("k", TENON_RANGE_ONE);
  asked.limit = UINT64_MAX;
  const auto one = std::get<CheckedRequest>(check_request(request(1, only(asked)), kLimits));
  CHECK(one.watch->end == std::string("k\0", 2));
  CHECK(one.watch->records_max == node::kStreamRecordsMax);
  CHECK_FALSE(one.watch->with_previous);
  CHECK(one.watch->freshness == node::Freshness::confirmed);
}

TEST_CASE("a watch that bounds the age of its beginning has it confirmed, and none begins through the log") {
  const tenon_operation asked = watch("k");
  tenon_request whole = request(1, only(asked));
  whole.consistency = TENON_READ_STALE;
  whole.max_age_ms = 1;
  CHECK(std::get<CheckedRequest>(check_request(whole, kLimits)).watch->freshness == node::Freshness::confirmed);
  whole.consistency = TENON_READ_LOG;
  CHECK(refusal(whole) == TENON_ERROR_UNSUPPORTED);
}

TEST_CASE("a watch is the only operation of its request") {
  const std::vector<tenon_operation> two{watch("a"), watch("b")};
  const std::vector<tenon_operation> last{get("a"), watch("b")};
  const tenon_operation one = watch("a");
  const std::vector<tenon_compare> compares{absent("c")};
  CHECK(refusal(request(1, two)) == TENON_ERROR_INVALID);
  CHECK(refusal(request(1, last)) == TENON_ERROR_INVALID);
  CHECK(refusal(request(1, only(one), compares)) == TENON_ERROR_INVALID);
  CHECK(refusal(request(1, only(one), {}, only(one))) == TENON_ERROR_INVALID);
  const std::string long_key(kv::kKeyBytesMax + 1, 'k');
  const tenon_operation too_long = watch(long_key);
  CHECK(refusal(request(1, only(too_long))) == TENON_ERROR_TOO_LARGE);
  const tenon_operation unknown = watch("a", TENON_SCAN_BACKWARD);
  CHECK(refusal(request(1, only(unknown))) == TENON_ERROR_UNSUPPORTED);
}

TEST_CASE("a watch on a running node brings every change until it is cancelled") {
  support::MemoryStorage storage(support::MemoryStorage::Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 10);
  tenon_operation asked = watch("");
  asked.limit = 5;  // so that most of them wait for what is given back
  const std::uint64_t stream = queue.submit(only(asked));
  eventually([&] {
    queue.poll();
    return queue.streams.contains(stream);
  });
  constexpr std::size_t kCount = 200;
  std::size_t written = 0;
  std::vector<std::string> expected;
  for (; written < kCount; ++written) {
    expected.push_back("v" + std::to_string(written));
    const tenon_operation write = put("k", expected.back());
    eventually([&] {
      queue.poll();
      return queue.ended.size() == written;
    });
    queue.submit(only(write));
  }
  std::vector<std::string> seen;
  eventually([&] {
    queue.poll();
    seen.clear();
    for (const Ended& part : queue.streams[stream]) seen.insert(seen.end(), part.values.begin(), part.values.end());
    return seen.size() >= kCount;
  });
  CHECK(seen == expected);
  queue.table()->cancel(queue.table(), stream);
  queue.wait_for(kCount + 1);
  CHECK(queue.ended.at(stream).outcome == TENON_OUTCOME_REFUSED);
  CHECK(queue.ended.at(stream).error == TENON_ERROR_CANCELLED);
  queue.destroy();
}

TEST_CASE("a queue that is destroyed ends its watches on the node") {
  support::MemoryStorage storage(support::MemoryStorage::Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 10);
  const tenon_operation asked = watch("");
  queue.submit(only(asked));
  eventually([&] { return running.node().status().watches.open == 1; });
  queue.destroy();
  eventually([&] {
    running.node().nudge();
    return running.node().status().watches.open == 0;
  });
}

}  // namespace
}  // namespace tenon::host
