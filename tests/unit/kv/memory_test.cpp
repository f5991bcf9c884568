// SPDX-License-Identifier: MIT
// Counts what the allocator hands out. Sanitizers have allocators of their own, which do not say.
#include <malloc.h>

#include "operations.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"

namespace tenon::kv {
namespace {

// In use, with what the allocator adds to each piece.
std::size_t bytes_in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

bool counts_here() {
  const std::size_t before = bytes_in_use();
  const auto probe = std::make_unique<std::vector<char>>(10'000);
  return bytes_in_use() >= before + probe->size();
}

constexpr std::uint64_t kPairs = 100'000;
constexpr std::size_t kBytesPerPairMax = 220;

std::string key_of(std::uint64_t number) { return "key:" + std::to_string(100'000'000'000 + number); }

std::size_t bytes_per_pair(const std::vector<std::uint64_t>& order) {
  const std::size_t before = bytes_in_use();
  Machine run;
  Command one = command({put({}, {})});
  const std::string value(100, 'v');
  one.operations[0].value = value;
  for (const std::uint64_t number : order) {
    const std::string key = key_of(number);
    REQUIRE(key.size() == 16);
    one.operations[0].key = key;
    run(one);
  }
  REQUIRE(run.store.key_count() == order.size());
  return (bytes_in_use() - before) / order.size();
}

}  // namespace

TEST_CASE("a key of 16 bytes with a value of 100 takes at most 220, in whatever order they come") {
  if (!counts_here()) {
    WARN("this allocator does not count");
    return;
  }
  std::vector<std::uint64_t> order;
  for (std::uint64_t number = 0; number < kPairs; ++number) order.push_back(number);
  CHECK(bytes_per_pair(order) <= kBytesPerPairMax);
  raft::Random random(1);
  for (std::size_t at = order.size() - 1; at > 0; --at) std::swap(order[at], order[random.below(at + 1)]);
  CHECK(bytes_per_pair(order) <= kBytesPerPairMax);
}

TEST_CASE("memory that a snapshot has kept comes back, and a store leaves nothing behind") {
  if (!counts_here()) {
    WARN("this allocator does not count");
    return;
  }
  const std::size_t before = bytes_in_use();
  {
    Machine run;
    std::vector<std::string> keys;
    for (std::uint64_t number = 0; number < 5'000; ++number) keys.push_back(key_of(number));
    const auto write_all = [&] {
      for (const std::string& key : keys) run(command({put(key, "value", 0, 1'000'000)}));
    };
    write_all();
    const std::size_t alone = bytes_in_use();
    std::shared_ptr<const Snapshot> snapshot = run.store.pin();
    write_all();
    const std::size_t kept = bytes_in_use();
    CHECK(kept > alone + keys.size() * 50);
    for (int i = 0; i < 3; ++i) write_all();
    CHECK(bytes_in_use() < kept + kept / 50);  // what no snapshot sees is not kept
    snapshot.reset();
    run.store.collect();
    CHECK(bytes_in_use() < alone + alone / 50);
  }
  CHECK(bytes_in_use() < before + 20'000);
}

}  // namespace tenon::kv
