// SPDX-License-Identifier: MIT
#include "host/metrics/slow_operations.hpp"

#include <algorithm>

#include "running_node.hpp"
#include "support/catch.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

SlowOperation took(microseconds time, RequestTrace trace) {
  return {1000, "http", "put", "done", time, std::move(trace)};
}

double counted(const Metrics& metrics) {
  for (const MetricValue& value : metrics.values()) {
    if (value.name == "tenon_slow_operations_total") return value.value;
  }
  return -1;
}

TEST_CASE("what takes as long as the threshold is slow, and nothing below it") {
  Metrics metrics;
  const SlowOperations slow(metrics, milliseconds(100));
  CHECK(slow.is_slow(microseconds(100'000)));
  CHECK_FALSE(slow.is_slow(microseconds(99'999)));
  CHECK(counted(metrics) == 0);
}

TEST_CASE("a slow operation is a line of fields, with its key as it may stand there") {
  Metrics metrics;
  SlowOperations slow(metrics, milliseconds(1));
  slow.add(took(microseconds(2500), {7, 100, "users/1 -%\xff", "id-1"}));
  slow.add(took(microseconds(1000), {8, 0, "", ""}));
  CHECK(slow.text_since(0) ==
        "sequence=1 time_ms=1000 api=http op=put code=done took_us=2500 key=users/1%20%2D%25%FF key_bytes=100 "
        "request=7 trace=id%2D1\n"
        "sequence=2 time_ms=1000 api=http op=put code=done took_us=1000 key=- key_bytes=0 request=8 trace=-\n");
  CHECK(slow.text_since(1).starts_with("sequence=2 "));
  CHECK(slow.text_since(2).empty());
  CHECK(counted(metrics) == 2);
}

TEST_CASE("of slow operations the latest are kept, and all are counted") {
  Metrics metrics;
  SlowOperations slow(metrics, milliseconds(1));
  for (std::size_t i = 0; i < SlowOperations::kKept + 3; ++i) slow.add(took(microseconds(2000), {i, 0, "", ""}));
  const std::string text = slow.text_since(0);
  CHECK(text.starts_with("sequence=4 "));
  CHECK(std::count(text.begin(), text.end(), '\n') == static_cast<std::ptrdiff_t>(SlowOperations::kKept));
  CHECK(counted(metrics) == static_cast<double>(SlowOperations::kKept + 3));
}

TEST_CASE("of a request the beginning of its first key is remembered until another takes its slot") {
  RequestTraces traces(3);  // four slots
  const std::string key(RequestTraces::kKeyBytesKept + 10, 'k');
  const tenon_operation put_long = put(key, "v");
  tenon_request traced = request(1, only(put_long));
  const std::string id(RequestTraces::kTextBytesKept + 1, 'i');
  traced.trace = bytes(id);
  traces.remember(traced);
  const auto found = traces.find(1);
  REQUIRE(found.has_value());
  CHECK(found->key == key.substr(0, RequestTraces::kKeyBytesKept));
  CHECK(found->key_bytes == key.size());
  CHECK(found->text == id.substr(0, RequestTraces::kTextBytesKept));
  CHECK_FALSE(traces.find(5).has_value());
  const tenon_operation put_short = put("short", "v");
  traces.remember(request(5, only(put_short)));
  CHECK(traces.find(5).value().key == "short");
  CHECK_FALSE(traces.find(1).has_value());
  const tenon_operation watch = operation(TENON_WATCH, "k");
  traces.remember(request(5, only(watch)));
  CHECK_FALSE(traces.find(5).has_value());
  traces.remember(request(6, {}));
  CHECK_FALSE(traces.find(6).has_value());
}

TEST_CASE("a write that waits for its disk is told as slow, with its key and the API that it came by") {
  support::MemoryStorage storage(support::MemoryStorage::Mode::manual);
  RequestLimits limits;
  limits.slow_operation = milliseconds(1);
  RunningNode running(
      storage, {}, [] {}, limits);
  TestQueue writes(running.clients(), 8, "resp");
  TestQueue queue(running.clients(), 8, "http");
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const tenon_operation write = put("slow/key", "v");
  const std::uint64_t id = writes.submit(only(write), 60'000);
  std::this_thread::sleep_for(milliseconds(2));
  eventually([&] {
    storage.complete_all();
    writes.poll();
    return writes.ended.size() == 1;
  });
  const tenon_operation ask = admin("slow_operations");
  const std::string text = queue.run(only(ask)).values.at(0);
  CHECK(text.find(" api=resp op=put code=done took_us=") != std::string::npos);
  CHECK(text.find(" key=slow/key key_bytes=8 request=" + std::to_string(id) + " trace=-\n") != std::string::npos);
  const tenon_operation since = admin("slow_operations", "1000000");
  CHECK(queue.run(only(since)).values.at(0).empty());
  const tenon_operation wrong = admin("slow_operations", "x");
  CHECK(queue.run(only(wrong)).error == TENON_ERROR_INVALID);
  queue.destroy();
  writes.destroy();
}

}  // namespace
}  // namespace tenon::host
