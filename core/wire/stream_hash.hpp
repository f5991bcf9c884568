// SPDX-License-Identifier: MIT
// The hash of a whole image: XXH3 with 128 bits. It finds pieces that are good by themselves and yet do not belong
// together; it is no protection from somebody who means harm.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tenon::wire {

class StreamHash {
 public:
  using Value = std::array<std::uint8_t, 16>;  // canonical: the most significant byte first, on every machine

  StreamHash();
  StreamHash(StreamHash&&) noexcept;
  ~StreamHash();

  void add(std::string_view bytes);
  // Of all that was added until now; more may follow.
  Value value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::wire
