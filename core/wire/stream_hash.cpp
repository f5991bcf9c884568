// SPDX-License-Identifier: MIT
#include "stream_hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "tenon/check.hpp"

namespace tenon::wire {

struct StreamHash::State {
  XXH3_state_t xxh3;
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) {
  TENON_CHECK(XXH3_128bits_reset(&state_->xxh3) == XXH_OK);
}
StreamHash::StreamHash(StreamHash&&) noexcept = default;
StreamHash::~StreamHash() = default;

void StreamHash::add(std::string_view bytes) {
  // A null pointer is an error to XXH3, also with no bytes.
  if (bytes.empty()) return;
  TENON_CHECK(XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size()) == XXH_OK);
}

StreamHash::Value StreamHash::value() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->xxh3));
  Value value;
  static_assert(sizeof canonical.digest == sizeof value);
  std::memcpy(value.data(), canonical.digest, sizeof value);
  return value;
}

}  // namespace tenon::wire
