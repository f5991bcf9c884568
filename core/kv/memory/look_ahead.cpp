// SPDX-License-Identifier: MIT
#include "look_ahead.hpp"

#include <array>

#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

constexpr std::size_t kLineBytes = 64;
// Of an item: its numbers, a key and a value of a few hundred bytes. The processor itself goes on with a longer one.
constexpr std::size_t kItemBytesAhead = 384;

void load(const void* address, std::size_t bytes) noexcept {
  const char* const first = static_cast<const char*>(address);
  for (std::size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(first + at);
}

}  // namespace

std::array<LikelyPlace, kKeysAhead> look_ahead(const Node* root, std::span<const std::string_view> keys) noexcept {
  TENON_CHECK(keys.size() <= kKeysAhead);
  std::array<LikelyPlace, kKeysAhead> places;
  if (root == nullptr || root->is_leaf()) return places;
  const auto go_down = [&](std::size_t i, const Node& from) {
    places[i].leaf = inner(from).children[child_slot(from, keys[i])];
    load(places[i].leaf, kSearchedBytes);
  };
  for (std::size_t i = 0; i < keys.size(); ++i) go_down(i, *root);
  for (std::size_t level = root->level - 1u; level > 0; --level) {
    for (std::size_t i = 0; i < keys.size(); ++i) go_down(i, *places[i].leaf);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    places[i].slot = likely_slot(*places[i].leaf, keys[i]);
    load(&places[i].leaf->items[places[i].slot], 1);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) load(places[i].leaf->items[places[i].slot], kItemBytesAhead);
  return places;
}

}  // namespace tenon::kv
