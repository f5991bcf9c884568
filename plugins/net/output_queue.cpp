// SPDX-License-Identifier: MIT
#include "net/output_queue.hpp"

#include <utility>

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

// Hands each buffer that has bytes to `add`, which says whether there is room for another.
template <class Add>
void OutputQueue::each_buffer(Add&& add) const {
  std::size_t part = part_;
  std::size_t offset = offset_;
  const auto add_rest = [&](std::string_view bytes) {
    const std::string_view rest = bytes.substr(std::exchange(offset, 0));
    return rest.empty() || add(asio::buffer(rest.data(), rest.size()));
  };
  for (const Piece& piece : pieces_) {
    if (!piece.frame) {
      if (!add_rest(piece.bytes)) return;
      continue;
    }
    const std::span<const tenon_bytes> parts = piece.frame->parts();
    for (; part < parts.size(); ++part) {
      if (!add_rest(view(parts[part]))) return;
    }
    part = 0;
  }
}

std::span<const asio::const_buffer> OutputQueue::gather(Gathered& room) const {
  std::size_t count = 0;
  each_buffer([&](asio::const_buffer buffer) {
    room[count++] = buffer;
    return count < kGatheredMax;
  });
  return {room.data(), count};
}

void OutputQueue::gather_all(std::vector<asio::const_buffer>& room) const {
  each_buffer([&](asio::const_buffer buffer) {
    room.push_back(buffer);
    return true;
  });
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
