// SPDX-License-Identifier: MIT
// The file that becomes the next segment: filled with zeros and synced before it is needed, because a write into it
// then changes neither its size nor its allocation. A restart begins it anew.
#pragma once

#include <cstdint>
#include <memory>

#include "filewal/file_log.hpp"
#include "filewal/file_system.hpp"

namespace tenon::filewal {

class SpareSegment {
 public:
  // Keeps: the file system, for its life.
  SpareSegment(FileSystem& file_system, std::uint64_t segment_bytes) noexcept
      : file_system_(file_system), segment_bytes_(segment_bytes) {}

  // unfinished, ready or no_space.
  SpareState state() const noexcept { return state_; }
  std::uint64_t filled_bytes() const noexcept { return filled_; }
  std::uint64_t wanted_bytes() const noexcept { return segment_bytes_; }
  // FileLog::prepare_spare().
  SpareState step();
  // Finishes the file with at least `bytes_min` bytes and gives it away, under the name kSpareName; what is needed next
  // begins anew. Throws NO_SPACE, IO.
  std::unique_ptr<File> take(std::uint64_t bytes_min);

 private:
  // Opens the file when there is none, and takes the room for `bytes` at once.
  void begin(std::uint64_t bytes);
  void fill(std::uint64_t bytes);  // needs: begin() for as many
  void remove();

  FileSystem& file_system_;
  const std::uint64_t segment_bytes_;
  SpareState state_ = SpareState::unfinished;
  std::unique_ptr<File> file_;  // absent: nothing was begun
  std::uint64_t filled_ = 0;    // bytes from its beginning that are zeros; synced once all are
};

}  // namespace tenon::filewal
