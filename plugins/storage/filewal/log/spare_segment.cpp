// SPDX-License-Identifier: MIT
#include "spare_segment.hpp"

#include <algorithm>

#include "format.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {

SpareState SpareSegment::step() {
  if (state_ == SpareState::ready) return state_;
  try {
    if (file_ == nullptr) begin(segment_bytes_);
    fill(std::min(FileLog::kSpareStepBytes, segment_bytes_ - filled_));
    state_ = SpareState::unfinished;
    if (filled_ < segment_bytes_) return state_;
    file_->sync();
    state_ = SpareState::ready;
  } catch (const Error& error) {
    if (error.code() != TENON_ERROR_NO_SPACE) throw;
    remove();
    state_ = SpareState::no_space;
  }
  return state_;
}

std::unique_ptr<File> SpareSegment::take(std::uint64_t bytes_min) {
  const std::uint64_t wanted = std::max(bytes_min, segment_bytes_);
  if (filled_ < wanted) {
    try {
      if (wanted > segment_bytes_ || file_ == nullptr) begin(wanted);
      fill(wanted - filled_);
      file_->sync();
    } catch (const Error& error) {
      if (error.code() == TENON_ERROR_NO_SPACE) remove();
      throw;
    }
  }
  filled_ = 0;
  state_ = SpareState::unfinished;
  return std::move(file_);
}

// So that what there is of it takes no room.
void SpareSegment::remove() {
  if (file_ != nullptr) file_system_.unlink(kSpareName);
  file_.reset();
  filled_ = 0;
}

void SpareSegment::begin(std::uint64_t bytes) {
  if (file_ == nullptr) file_ = file_system_.open(kSpareName, OpenMode::replace);
  file_->reserve(bytes);
}

void SpareSegment::fill(std::uint64_t bytes) {
  file_->zero_fill(filled_, bytes);
  filled_ += bytes;
}

}  // namespace tenon::filewal
