// SPDX-License-Identifier: MIT
#include "net/client/request_batch.hpp"

#include <string>

#include "support/catch.hpp"

namespace tenon::net {

TEST_CASE("what a batch keeps is a copy, however much of it there is") {
  RequestBatch batch;
  std::vector<tenon_bytes> kept;
  constexpr std::size_t kCount = 100;
  for (std::size_t i = 0; i < kCount; ++i) {
    std::string value(5000, static_cast<char>('0' + i % 10));
    kept.push_back(batch.keep(value));
    value.assign(value.size(), '!');
  }
  for (std::size_t i = 0; i < kCount; ++i) CHECK(view(kept[i]) == std::string(5000, static_cast<char>('0' + i % 10)));
  CHECK(batch.bytes() == kCount * 5000);
}

TEST_CASE("nothing takes no room in a batch") {
  RequestBatch batch;
  CHECK(batch.keep({}).size == 0);
  CHECK(batch.keep({}).data == nullptr);
  CHECK(batch.make<tenon_compare>(0).empty());
  CHECK(batch.bytes() == 0);
}

TEST_CASE("elements that a batch makes are zero but for their size, and lie as their type asks") {
  RequestBatch batch;
  batch.keep("x");  // what follows would lie at an odd address
  const std::span<tenon_operation> made = batch.make<tenon_operation>(3);
  REQUIRE(made.size() == 3);
  CHECK(reinterpret_cast<std::uintptr_t>(made.data()) % alignof(tenon_operation) == 0);
  for (const tenon_operation& one : made) {
    CHECK(one.struct_size == sizeof one);
    CHECK(one.kind == 0);
    CHECK(one.key.size == 0);
    CHECK(one.value.data == nullptr);
    CHECK(one.limit == 0);
  }
  CHECK(batch.bytes() == 1 + 3 * sizeof(tenon_operation));
}

TEST_CASE("a batch that was cleared holds nothing and can be filled again") {
  RequestBatch batch;
  batch.keep(std::string(300'000, 'x'));
  batch.add(tenon_request{});
  CHECK(batch.requests().size() == 1);
  batch.clear();
  CHECK(batch.requests().empty());
  CHECK(batch.bytes() == 0);
  const tenon_bytes again = batch.keep("again");
  CHECK(view(again) == "again");
}

}  // namespace tenon::net
