// SPDX-License-Identifier: MIT
#include "kv/image.hpp"

#include "operations.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::kv {
namespace {

Store example() {
  Store store;
  store.begin_entry(100);
  store.apply(command({put("a", "1"), put("b", "2", 0, 50), put("", ""), put("long", std::string(3'000, 'x'))}));
  store.apply(command({increment("n", 7), erase("a")}));
  Command open = command({of_kind(TENON_SESSION_OPEN, {})});
  open.operations[0].expiry_ms = 1'000;
  store.apply(open);
  Command once = command({put("once", "1")});
  once.session = once.session_sequence = once.session_outstanding = 1;
  store.apply(once);
  return store;
}

std::string image_of(Store& store) {
  ImageSource source(store.pin());
  std::string image;
  while (source.next(image, 64)) {
  }
  return image;
}

// The reason why it is refused; empty: it is not.
std::string refusal(std::string_view image) {
  ImageLoader loader;
  if (loader.feed(image) && loader.finish() != nullptr) return {};
  return loader.error();
}

// An image of these keys, that names the hash 0.
std::string made_image(const std::vector<std::string>& keys, std::uint64_t modified, std::uint64_t revision) {
  std::string image("TNNKV\0\0\2", 8);
  ByteWriter writer(image);
  for (const std::uint64_t number : {revision, std::uint64_t{1}, std::uint64_t{keys.size()}, std::uint64_t{0}}) {
    writer.u64(number);
  }
  writer.u64(0);
  for (const std::string& key : keys) {
    writer.u32(static_cast<std::uint32_t>(key.size()));
    writer.u32(0);
    for (const std::uint64_t number : {std::uint64_t{1}, modified, std::uint64_t{1}, std::uint64_t{0}})
      writer.u64(number);
    writer.raw(key);
  }
  writer.u64(0);
  return image;
}

}  // namespace

TEST_CASE("an image is read back however it is cut, and has the size that was told") {
  Store store = example();
  const std::string image = image_of(store);
  CHECK(image.size() == store.pin()->image_bytes());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}, image.size()}) {
    ImageLoader loader;
    for (std::size_t at = 0; at < image.size(); at += piece)
      REQUIRE(loader.feed(std::string_view(image).substr(at, piece)));
    const std::unique_ptr<Store> loaded = loader.finish();
    REQUIRE(loaded != nullptr);
    CHECK(loaded->state_hash() == store.state_hash());
    CHECK(loaded->revision() == store.revision());
    CHECK(loaded->cluster_time_ms() == 100);
    CHECK(loaded->next_expiry_ms() == std::uint64_t{150});
    CHECK(image_of(*loaded) == image);
  }
}

TEST_CASE("an image of nothing is read back") {
  Store store;
  CHECK(refusal(image_of(store)).empty());
}

TEST_CASE("an image that is cut, or followed by anything, is refused") {
  Store store = example();
  const std::string image = image_of(store);
  for (std::size_t size = 0; size < image.size(); ++size) REQUIRE_FALSE(refusal(image.substr(0, size)).empty());
  CHECK_FALSE(refusal(image + '\0').empty());
}

TEST_CASE("an image in which any bit has changed is refused") {
  Store store = example();
  std::string image = image_of(store);
  for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
    char& byte = image[bit / 8];
    const char was = byte;
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    CAPTURE(bit);
    REQUIRE_FALSE(refusal(image).empty());
    byte = was;
  }
  CHECK(refusal(image).empty());
}

TEST_CASE("a refusal names the place and what is wrong there") {
  CHECK(refusal(made_image({"a", "b"}, 1, 1)).find("names 0") != std::string::npos);
  CHECK(refusal(made_image({"b", "a"}, 1, 1)).find("byte 89: a key is not greater") != std::string::npos);
  CHECK(refusal(made_image({"a", "a"}, 1, 1)).find("not greater") != std::string::npos);
  CHECK(refusal(made_image({"a"}, 2, 1)).find("changed at 2, which cannot be at revision 1") != std::string::npos);
  CHECK(refusal(made_image({std::string(kKeyBytesMax + 1, 'k')}, 1, 1)).find("65537 bytes") != std::string::npos);
  CHECK(refusal("something that is no image at all, and long enough").find("byte 0: it does not begin") !=
        std::string::npos);
  CHECK(refusal({}).find("byte 0: it ends there") != std::string::npos);
}

TEST_CASE("a loader that has refused stays refusing") {
  ImageLoader loader;
  CHECK_FALSE(loader.feed(std::string(100, 'x')));
  const std::string why = loader.error();
  Store store = example();
  CHECK_FALSE(loader.feed(image_of(store)));
  CHECK(loader.finish() == nullptr);
  CHECK(loader.error() == why);
}

}  // namespace tenon::kv
