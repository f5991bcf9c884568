// SPDX-License-Identifier: MIT
#include "recorder/sparse_bytes.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace tenon::plugin_check {
namespace {

bool is_zero(const char* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](char byte) { return byte == '\0'; });
}

}  // namespace

void SparseBytes::resize(std::uint64_t size) {
  if (size < size_) {
    blocks_.erase(blocks_.lower_bound((size + kBlockBytes - 1) / kBlockBytes), blocks_.end());
    const auto last = blocks_.find(size / kBlockBytes);
    if (last != blocks_.end()) std::fill(last->second.begin() + size % kBlockBytes, last->second.end(), '\0');
  }
  size_ = size;
}

void SparseBytes::write(std::uint64_t offset, std::string_view bytes) {
  size_ = std::max(size_, offset + bytes.size());
  while (!bytes.empty()) {
    const std::uint64_t within = offset % kBlockBytes;
    const std::uint64_t count = std::min<std::uint64_t>(bytes.size(), kBlockBytes - within);
    const auto found = blocks_.try_emplace(offset / kBlockBytes);
    if (found.second) found.first->second.fill('\0');
    std::copy_n(bytes.data(), count, found.first->second.data() + within);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += count;
  }
}

void SparseBytes::write_zeros(std::uint64_t offset, std::uint64_t length) {
  size_ = std::max(size_, offset + length);
  const std::uint64_t end = offset + length;
  for (auto block = blocks_.lower_bound(offset / kBlockBytes); block != blocks_.end(); ++block) {
    const std::uint64_t start = block->first * kBlockBytes;
    if (start >= end) break;
    const std::uint64_t from = std::max(start, offset) - start;
    const std::uint64_t to = std::min(start + kBlockBytes, end) - start;
    std::fill(block->second.data() + from, block->second.data() + to, '\0');
  }
}

bool SparseBytes::operator==(const SparseBytes& other) const {
  if (size_ != other.size_) return false;
  const auto covers = [](const SparseBytes& left, const SparseBytes& right) {
    return std::all_of(left.blocks_.begin(), left.blocks_.end(), [&](const auto& block) {
      const auto found = right.blocks_.find(block.first);
      return found == right.blocks_.end() ? is_zero(block.second.data(), kBlockBytes) : found->second == block.second;
    });
  };
  return covers(*this, other) && covers(other, *this);
}

void SparseBytes::save(const std::filesystem::path& file) const {
  std::ofstream output(file, std::ios::binary | std::ios::trunc);
  for (const auto& [number, block] : blocks_) {
    const std::uint64_t start = number * kBlockBytes;
    output.seekp(static_cast<std::streamoff>(start));
    output.write(block.data(), static_cast<std::streamsize>(std::min(kBlockBytes, size_ - start)));
  }
  output.close();
  if (!output) throw std::runtime_error(file.string() + ": cannot be written");
  std::filesystem::resize_file(file, size_);
}

SparseBytes SparseBytes::load(const std::filesystem::path& file) {
  SparseBytes bytes;
  std::ifstream input(file, std::ios::binary);
  if (!input) throw std::runtime_error(file.string() + ": cannot be read");
  std::vector<char> block(kBlockBytes);
  while (input.read(block.data(), static_cast<std::streamsize>(block.size())) || input.gcount() != 0) {
    const auto size = static_cast<std::size_t>(input.gcount());
    if (is_zero(block.data(), size)) {
      bytes.write_zeros(bytes.size(), size);
    } else {
      bytes.write(bytes.size(), {block.data(), size});
    }
  }
  return bytes;
}

}  // namespace tenon::plugin_check
