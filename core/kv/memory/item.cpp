// SPDX-License-Identifier: MIT
#include "item.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "state_hash.hpp"
#include "tenon/check.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::kv {
namespace {

constexpr std::uint64_t kHashOfItem = 1;

std::uint64_t hash_of(const Item& item) noexcept {
  return StateHash(kHashOfItem)
      .number(std::uint64_t{crc32c(item.key())} << 32 | crc32c(item.value()))
      .number(item.created)
      .number(item.modified)
      .number(item.version)
      .number(item.expires_at_ms)
      .value();
}

void copy(char* to, std::string_view from) noexcept {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

OwnedItem make_item(const ItemParts& parts) {
  constexpr std::size_t kMax = std::numeric_limits<std::uint32_t>::max();
  const std::size_t value_bytes = parts.value.size() + parts.value_end.size();
  TENON_CHECK(parts.key.size() <= kMax && value_bytes <= kMax);
  void* const memory = ::operator new(sizeof(Item) + parts.key.size() + value_bytes);
  auto* const item = new (memory) Item{parts.created,
                                       parts.modified,
                                       parts.version,
                                       parts.expires_at_ms,
                                       0,
                                       static_cast<std::uint32_t>(parts.key.size()),
                                       static_cast<std::uint32_t>(value_bytes)};
  auto* const bytes = reinterpret_cast<char*>(item + 1);
  copy(bytes, parts.key);
  copy(bytes + parts.key.size(), parts.value);
  copy(bytes + parts.key.size() + parts.value.size(), parts.value_end);
  item->hash = hash_of(*item);
  return OwnedItem(item);
}

void free_item(const Item* item) noexcept { ::operator delete(const_cast<Item*>(item)); }

}  // namespace tenon::kv
