// SPDX-License-Identifier: MIT
// The content of a file that is mostly zeros, as a preallocated one is.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace tenon::plugin_check {

class SparseBytes {
 public:
  std::uint64_t size() const { return size_; }
  void resize(std::uint64_t size);
  // Each makes it longer when it ends beyond its size.
  void write(std::uint64_t offset, std::string_view bytes);
  void write_zeros(std::uint64_t offset, std::uint64_t length);
  bool operator==(const SparseBytes& other) const;

  // Throws std::runtime_error.
  void save(const std::filesystem::path& file) const;
  static SparseBytes load(const std::filesystem::path& file);

 private:
  static constexpr std::uint64_t kBlockBytes = 4096;
  using Block = std::array<char, kBlockBytes>;

  std::uint64_t size_ = 0;
  std::map<std::uint64_t, Block> blocks_;  // by number; one that is absent is zeros, and so is what is beyond size_
};

}  // namespace tenon::plugin_check
