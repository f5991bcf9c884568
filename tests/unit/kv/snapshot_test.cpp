// SPDX-License-Identifier: MIT
#include "kv/snapshot.hpp"

#include <thread>

#include "kv/image.hpp"
#include "random_command.hpp"
#include "store_model.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

Command everything(std::uint32_t flags) {
  Command command;
  Operation& scan = command.operations.emplace_back();
  scan.kind = TENON_SCAN;
  scan.flags = flags;
  scan.limit = 100'000;
  scan.limit_bytes = kReplyBytesMax;
  return command;
}

std::string image_of(std::shared_ptr<const Snapshot> snapshot, std::size_t bytes_max = 100) {
  ImageSource source(std::move(snapshot));
  std::string image;
  while (source.next(image, bytes_max)) {
  }
  return image;
}

struct Held {
  std::shared_ptr<const Snapshot> snapshot;
  StoreModel model;
  std::uint64_t state_hash;
};

void check_same(const Held& held) {
  for (const std::uint32_t flags : {0u, std::uint32_t{TENON_SCAN_BACKWARD}}) {
    REQUIRE(text(held.snapshot->read(everything(flags))) == text(held.model.read(everything(flags))));
  }
  REQUIRE(held.snapshot->key_count() == held.model.key_count());
  REQUIRE(held.snapshot->state_hash() == held.state_hash);
}

}  // namespace

TEST_CASE("every snapshot that is held shows what the model held at its time, through an image too") {
  const std::uint64_t seed = GENERATE(21u, 22u, 23u);
  const std::size_t key_bytes_end = GENERATE(4u, 8u);
  CAPTURE(seed, key_bytes_end);
  RandomCommand random(seed, key_bytes_end);
  raft::Random steps(seed + 100);
  Store store;
  StoreModel model;
  std::vector<Held> held;
  std::uint64_t time_ms = 0;
  for (int i = 0; i < 3'000; ++i) {
    time_ms += steps.below(3);
    store.begin_entry(time_ms);
    model.begin_entry(time_ms);
    const Command drawn = random.draw(store.revision());
    const std::string expected = text(model.apply(drawn));
    REQUIRE(text(store.apply(drawn)) == expected);
    if (steps.below(40) == 0) held.push_back({store.pin(), model, store.state_hash()});
    if (held.empty() || steps.below(60) != 0) continue;
    const std::size_t at = steps.below(held.size());
    check_same(held[at]);
    const Command read = random.draw_read(held[at].snapshot->revision());
    REQUIRE(text(held[at].snapshot->read(read)) == text(held[at].model.read(read)));
    const std::string image = image_of(held[at].snapshot, 1 + steps.below(3'000));
    REQUIRE(image.size() == held[at].snapshot->image_bytes());
    ImageLoader loader;
    REQUIRE(loader.feed(image));
    const std::unique_ptr<Store> loaded = loader.finish();
    REQUIRE(loaded != nullptr);
    REQUIRE(loaded->state_hash() == held[at].state_hash);
    REQUIRE(image_of(loaded->pin()) == image);
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    store.collect();
  }
  for (const Held& one : held) check_same(one);
}

TEST_CASE("a store that was loaded from an image goes on as the one that the image is of") {
  RandomCommand random(31);
  Store store;
  std::uint64_t time_ms = 0;
  for (int i = 0; i < 500; ++i) {
    store.begin_entry(++time_ms);
    store.apply(random.draw_with_session());
  }
  ImageLoader loader;
  REQUIRE(loader.feed(image_of(store.pin())));
  const std::unique_ptr<Store> loaded = loader.finish();
  REQUIRE(loaded != nullptr);
  CHECK(loaded->key_count() == store.key_count());
  CHECK(loaded->next_expiry_ms() == store.next_expiry_ms());
  for (int i = 0; i < 500; ++i) {
    store.begin_entry(++time_ms);
    loaded->begin_entry(time_ms);
    const Command drawn = random.draw_with_session();
    REQUIRE(text(loaded->apply(drawn)) == text(store.apply(drawn)));
    REQUIRE(loaded->state_hash() == store.state_hash());
    REQUIRE(loaded->next_expiry_ms() == store.next_expiry_ms());
  }
}

TEST_CASE("a snapshot outlives its store, and both may end on other threads") {
  auto store = std::make_unique<Store>();
  store->begin_entry(1);
  Command command;
  Operation& put = command.operations.emplace_back();
  put.kind = TENON_PUT;
  put.value = "value";
  std::string key;
  for (int i = 0; i < 1'000; ++i) {
    key = std::to_string(i);
    command.operations[0].key = key;
    store->apply(command);
  }
  std::shared_ptr<const Snapshot> first = store->pin();
  store->apply(command);
  std::shared_ptr<const Snapshot> second = store->pin();
  std::thread([&] { first.reset(); }).join();
  Retired retired = store->collect();
  CHECK_FALSE(retired.empty());
  std::thread([&] { retired = Retired(); }).join();
  std::thread([&] { store.reset(); }).join();
  CHECK(second->read(everything(0)).results.at(0).records.size() == 1'000);
  std::thread([&] { second.reset(); }).join();
}

TEST_CASE("a snapshot is read and changed memory collected while the store is written") {
  Store store;
  RandomCommand random(33, 7);
  for (std::uint64_t i = 1; i <= 2'000; ++i) {
    store.begin_entry(i);
    store.apply(random.draw());
  }
  for (std::uint64_t round = 1; round <= 5; ++round) {
    std::shared_ptr<const Snapshot> snapshot = store.pin();
    const std::string before = image_of(snapshot);
    std::string during;
    std::thread reader([&during, pinned = std::move(snapshot)]() mutable { during = image_of(std::move(pinned), 7); });
    for (std::uint64_t i = 1; i <= 500; ++i) {
      store.begin_entry(2'000 * round + i);
      store.apply(random.draw());
      store.collect();
    }
    reader.join();
    REQUIRE(during == before);
  }
}

}  // namespace tenon::kv
