// SPDX-License-Identifier: MIT
// Bytes at the waist as string views, and the writer and reader of every byte format of this project: integers are
// little-endian, a block is its size as 32 bits and then its bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "tenon/check.hpp"
#include "tenon/values.h"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "formats are written as the machine holds them");

// The same bytes on the other side of the waist; nothing is copied, the owner stays the owner.
inline tenon_bytes bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view view(tenon_bytes borrowed) noexcept {
  return {reinterpret_cast<const char*>(borrowed.data), static_cast<std::size_t>(borrowed.size)};
}

// Appends to a string that the caller owns. Not for concurrent use.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& output) noexcept : output_(output) {}

  void u8(std::uint8_t value) { output_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { fixed(value); }
  void u64(std::uint64_t value) { fixed(value); }
  void raw(std::string_view value) { output_.append(value); }
  // Needs: fewer than 4 GiB; callers have limits far below it.
  void block(std::string_view value) {
    TENON_CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
    u32(static_cast<std::uint32_t>(value.size()));
    raw(value);
  }

 private:
  template <class Value>
  void fixed(Value value) {
    char copy[sizeof value];
    std::memcpy(copy, &value, sizeof value);
    output_.append(copy, sizeof copy);
  }

  std::string& output_;
};

// Reads what ByteWriter wrote, from bytes that outlive the views it hands out. The first read beyond the end makes
// the reader fail for good: every read from then on gives zeros and empty views, so a caller checks ok() once, at the
// end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view input) noexcept : input_(input) {}

  bool ok() const noexcept { return ok_; }
  bool done() const noexcept { return ok_ && input_.empty(); }
  std::size_t remaining() const noexcept { return input_.size(); }

  std::uint8_t u8() noexcept { return fixed<std::uint8_t>(); }
  std::uint32_t u32() noexcept { return fixed<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return fixed<std::uint64_t>(); }
  std::string_view raw(std::size_t size) noexcept {
    if (size > input_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = input_.substr(0, size);
    input_.remove_prefix(size);
    return taken;
  }
  std::string_view block() noexcept { return raw(u32()); }
  // Marks the input as malformed for a reason that only the caller can see.
  void fail() noexcept {
    ok_ = false;
    input_ = {};
  }

 private:
  template <class Value>
  Value fixed() noexcept {
    Value value{};
    const std::string_view taken = raw(sizeof value);
    if (ok_) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }

  std::string_view input_;
  bool ok_ = true;
};

}  // namespace sdk_1
}  // namespace tenon
