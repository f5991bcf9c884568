// SPDX-License-Identifier: MIT
// A file that does not change, seen through one buffer: reading it forward in small views costs few calls. Memory is
// bounded by the buffer, whatever lengths the file's bytes claim.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "filewal/file_system.hpp"
#include "tenon/check.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {

class FileWindow {
 public:
  static constexpr std::size_t kViewBytesMax = std::size_t{256} << 10;

  // `file` outlives the window.
  explicit FileWindow(const File& file) : file_(file), file_size_(file.size()) {}

  const File& file() const noexcept { return file_; }
  std::uint64_t file_size() const noexcept { return file_size_; }

  // The bytes [offset, offset + size), fewer where the file ends; valid until the next call. Throws Error(IO).
  // Needs: size <= kViewBytesMax.
  std::string_view view(std::uint64_t offset, std::size_t size) {
    TENON_CHECK(size <= kViewBytesMax);
    if (offset >= file_size_) return {};
    if (size > file_size_ - offset) size = static_cast<std::size_t>(file_size_ - offset);
    if (offset < start_ || offset + size > start_ + buffer_.size()) fill(offset);
    TENON_CHECK(start_ <= offset && offset + size <= start_ + buffer_.size());
    return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - start_), size);
  }

 private:
  void fill(std::uint64_t offset) {
    const std::uint64_t left = file_size_ - offset;
    buffer_.resize(left < kBufferBytes ? static_cast<std::size_t>(left) : kBufferBytes);
    start_ = offset;
    if (file_.read(offset, buffer_) != buffer_.size()) {
      buffer_.clear();
      throw Error(TENON_ERROR_IO, "a file became shorter while it was read");
    }
  }

  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

  const File& file_;
  const std::uint64_t file_size_;
  std::uint64_t start_ = 0;
  std::string buffer_;  // the bytes of the file from start_ on
};

}  // namespace tenon::filewal
