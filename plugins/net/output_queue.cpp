// SPDX-License-Identifier: MIT
#include "net/output_queue.hpp"

#include "tenon/check.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;

// What is copied shares a buffer up to this size, so that a gathered send has few parts.
constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;
// A frame up to this size is cheaper to copy than to name part by part in a gathered send.
constexpr std::uint64_t kCopiedBytesMax = 4096;

}  // namespace

void OutputQueue::append(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool shares = !pieces_.empty() && !pieces_.back().frame && pieces_.back().bytes.size() < kBufferBytes &&
                      bytes.size() <= kBufferBytes - pieces_.back().bytes.size();
  if (!shares) pieces_.emplace_back();
  pieces_.back().bytes.append(bytes);
  bytes_ += bytes.size();
}

void OutputQueue::append(Frame frame) {
  const std::uint64_t size = size_of(frame.parts());
  if (size <= kCopiedBytesMax) {
    for (const tenon_bytes& part : frame.parts()) append(view(part));
    return;
  }
  pieces_.push_back({{}, std::move(frame)});
  bytes_ += size;
}

std::span<const asio::const_buffer> OutputQueue::gather(Gathered& room) const {
  std::size_t count = 0;
  std::size_t part = part_;
  std::size_t offset = offset_;
  const auto add = [&](std::string_view bytes) {
    if (bytes.size() > offset) room[count++] = asio::buffer(bytes.data() + offset, bytes.size() - offset);
    offset = 0;
  };
  for (auto piece = pieces_.begin(); piece != pieces_.end() && count < kGatheredMax; ++piece) {
    if (!piece->frame) {
      add(piece->bytes);
      continue;
    }
    const std::span<const tenon_bytes> parts = piece->frame->parts();
    for (; part < parts.size() && count < kGatheredMax; ++part) add(view(parts[part]));
    part = 0;
  }
  return {room.data(), count};
}

void OutputQueue::drop(std::uint64_t sent) {
  TENON_CHECK(sent <= bytes_);
  bytes_ -= sent;
  // Returns whether all of `size` bytes, of which offset_ have left before, have left now.
  const auto leaves = [&](std::uint64_t size) {
    const std::uint64_t left = size - offset_;
    if (sent < left) {
      offset_ += static_cast<std::size_t>(sent);
      sent = 0;
      return false;
    }
    sent -= left;
    offset_ = 0;
    return true;
  };
  while (!pieces_.empty()) {
    const Piece& front = pieces_.front();
    if (!front.frame) {
      if (!leaves(front.bytes.size())) return;
    } else {
      const std::span<const tenon_bytes> parts = front.frame->parts();
      for (; part_ < parts.size(); ++part_) {
        if (!leaves(parts[part_].size)) return;
      }
    }
    pop();
  }
}

void OutputQueue::pop() {
  pieces_.pop_front();
  part_ = 0;
  offset_ = 0;
}

void OutputQueue::clear() noexcept {
  pieces_.clear();
  part_ = 0;
  offset_ = 0;
  bytes_ = 0;
}

}  // namespace tenon::net
