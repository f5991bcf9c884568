// SPDX-License-Identifier: MIT
// What a fuzzer has made, as the choices of a test: small numbers from the front, and what follows as bytes. When it is
// used up every choice is 0, so that each input means one run and a shorter input a shorter one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const noexcept { return rest_.empty(); }
  // Needs: end > 0.
  std::uint64_t below(std::uint64_t end) noexcept {
    std::uint64_t value = 0;
    for (std::uint64_t room = end - 1; room != 0 && !rest_.empty(); room >>= 8) {
      value = value << 8 | static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
    }
    return value % end;
  }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace tenon::fuzz
