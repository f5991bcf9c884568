// SPDX-License-Identifier: MIT
// What the writer and the reader of an image share; its grammar stands in kv/image.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "item.hpp"
#include "state_hash.hpp"

namespace tenon::kv {

inline constexpr std::string_view kImageMagic("TNNKV\0\0\2", 8);  // the last byte is the version of the format
inline constexpr std::size_t kImageHeadBytes = 8 + 5 * 8;
inline constexpr std::size_t kImageTailBytes = 8;

constexpr std::uint64_t image_bytes(std::uint64_t item_bytes, std::uint64_t session_bytes,
                                    std::uint64_t session_count) noexcept {
  return kImageHeadBytes + item_bytes + 4 * session_count + session_bytes + kImageTailBytes;
}

// The hash of the whole state. A sum, so that neither the order of keys nor the way to the state matters.
constexpr std::uint64_t state_hash(std::uint64_t item_hash, std::uint64_t session_hash, std::uint64_t revision,
                                   std::uint64_t cluster_time_ms) noexcept {
  constexpr std::uint64_t kHashOfState = 2;
  return item_hash + session_hash + StateHash(kHashOfState).number(revision).number(cluster_time_ms).value();
}

}  // namespace tenon::kv
