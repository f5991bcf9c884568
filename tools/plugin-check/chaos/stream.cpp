// SPDX-License-Identifier: MIT
#include "stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tenon::chaos {

namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
// A cap is kept in slices of a hundredth of a second.
constexpr std::uint64_t kSlicesPerSecond = 100;

}  // namespace

// SplitMix64: every state is good, also a seed of 0.
std::uint64_t Random::next() noexcept {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

bool Stream::wants_input(const Disturbance& disturbance) const noexcept {
  return !end_read_ && !disturbance.stalled && buffered_ < kBufferBytesMax;
}

bool Stream::wants_output(const Disturbance& disturbance, Clock::time_point now) const noexcept {
  return !disturbance.stalled && !chunks_.empty() && departs() <= now;
}

std::optional<Stream::Clock::time_point> Stream::next_departure(const Disturbance& disturbance,
                                                                Clock::time_point now) const noexcept {
  if (disturbance.stalled || chunks_.empty() || departs() <= now) return std::nullopt;
  return departs();
}

bool Stream::read(const Disturbance& disturbance, Clock::time_point now, std::uint64_t& spoilt) {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(from_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) {
    end_read_ = true;
  } else {
    std::string bytes(buffer.data(), static_cast<std::size_t>(size));
    chunks_.push_back({now + disturbance.delay, spoil(std::move(bytes), disturbance, spoilt)});
    buffered_ += chunks_.back().bytes.size();
  }
  if (end_read_ && chunks_.empty()) {
    ::shutdown(to_, SHUT_WR);
    end_sent_ = true;
  }
  return true;
}

std::string Stream::spoil(std::string bytes, const Disturbance& disturbance, std::uint64_t& spoilt) {
  if (disturbance.flip_every == 0 && disturbance.insert_every == 0) return bytes;
  std::string result;
  for (const char byte : bytes) {
    if (disturbance.insert_every != 0 && random_.below(disturbance.insert_every) == 0) {
      result.push_back(static_cast<char>(random_.next()));
      ++spoilt;
    }
    const bool flips = disturbance.flip_every != 0 && random_.below(disturbance.flip_every) == 0;
    result.push_back(flips ? static_cast<char>(byte ^ static_cast<char>(1U << random_.below(8))) : byte);
    spoilt += flips ? 1 : 0;
  }
  return result;
}

bool Stream::write(const Disturbance& disturbance, Clock::time_point now, std::uint64_t& bytes) {
  const std::string& first = chunks_.front().bytes;
  std::size_t size = first.size() - first_sent_;
  if (disturbance.piece_bytes_max != 0) size = std::min(size, 1 + random_.below(disturbance.piece_bytes_max));
  const std::uint64_t cap = disturbance.bytes_per_second;
  if (cap != 0) size = std::min(size, cap / kSlicesPerSecond + 1);
  const ssize_t sent = ::send(to_, first.data() + first_sent_, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  const auto sent_bytes = static_cast<std::size_t>(sent);
  if (cap != 0) {
    next_write_ = std::max(now, next_write_) + std::chrono::nanoseconds(sent_bytes * 1'000'000'000 / cap);
  }
  bytes += sent_bytes;
  buffered_ -= sent_bytes;
  first_sent_ += sent_bytes;
  if (first_sent_ == first.size()) {
    chunks_.pop_front();
    first_sent_ = 0;
  }
  if (end_read_ && chunks_.empty()) {
    ::shutdown(to_, SHUT_WR);
    end_sent_ = true;
  }
  return true;
}

}  // namespace tenon::chaos
