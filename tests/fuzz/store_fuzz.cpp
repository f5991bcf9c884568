// SPDX-License-Identifier: MIT
// Commands, pins and images in any order: the store must answer as the model does, a pin must show what it was made of,
// and an image must give the state back.
#include <deque>
#include <memory>
#include <string>

#include "fuzz_input.hpp"
#include "kv/image.hpp"
#include "kv/store.hpp"
#include "random_command.hpp"
#include "store_model.hpp"
#include "tenon/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon::kv {
namespace {

constexpr std::size_t kPinsMax = 6;

struct Pinned {
  std::shared_ptr<const Snapshot> snapshot;
  StoreModel model;
};

std::unique_ptr<Store> reload(fuzz::Input& input, const std::shared_ptr<const Snapshot>& snapshot) {
  const std::size_t cut = 1 + input.below(64);
  ImageSource source(snapshot);
  ImageLoader loader;
  std::uint64_t bytes = 0;
  for (bool has_more = true; has_more;) {
    std::string piece;
    has_more = source.next(piece, cut);
    bytes += piece.size();
    TENON_CHECK(loader.feed(piece));
  }
  TENON_CHECK(bytes == snapshot->image_bytes());
  std::unique_ptr<Store> store = loader.finish();
  TENON_CHECK(store != nullptr);
  TENON_CHECK(store->state_hash() == snapshot->state_hash());
  return store;
}

void check_read(const Pinned& pinned, const Command& command) {
  TENON_CHECK(text(pinned.snapshot->read(command)) == text(pinned.model.read(command)));
}

void run(fuzz::Input input) {
  const auto below = [&](std::uint64_t end) { return input.below(end); };
  RandomCommand commands(below, 2 + input.below(5));
  auto store = std::make_unique<Store>();
  StoreModel model;
  std::deque<Pinned> pins;
  std::uint64_t time_ms = 0;
  while (!input.empty()) {
    const std::uint64_t step = input.below(16);
    if (step < 10) {
      time_ms += input.below(step == 0 ? 1'000 : 3);
      store->begin_entry(time_ms);
      model.begin_entry(time_ms);
      const Command command = commands.draw(store->revision());
      std::string bytes;
      encode(command, bytes);
      const std::optional<Command> decoded = decode(bytes);
      TENON_CHECK(decoded.has_value());
      TENON_CHECK(text(store->apply(*decoded)) == text(model.apply(command)));
      TENON_CHECK(store->key_count() == model.key_count());
    } else if (step == 10) {
      if (pins.size() == kPinsMax) pins.pop_front();
      pins.push_back({store->pin(), model});
    } else if (step == 11 && !pins.empty()) {
      pins.erase(pins.begin() + static_cast<std::ptrdiff_t>(input.below(pins.size())));
    } else if (step == 12) {
      const Retired retired = store->collect();
    } else if (step == 13 && !pins.empty()) {
      const Pinned& pinned = pins[input.below(pins.size())];
      check_read(pinned, commands.draw_read(pinned.snapshot->revision()));
    } else if (step == 14 && !pins.empty()) {
      const std::unique_ptr<Store> loaded = reload(input, pins[input.below(pins.size())].snapshot);
    } else if (step == 15) {
      store = reload(input, store->pin());
    }
  }
  for (const Pinned& pinned : pins) check_read(pinned, commands.draw_read(pinned.snapshot->revision()));
}

}  // namespace
}  // namespace tenon::kv

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::kv::run({data, size});
  return 0;
}
