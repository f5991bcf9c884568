// SPDX-License-Identifier: MIT
#include "frame_call.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::transport_thrift {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kOneway = "\x80\x01\x00\x04"sv;
constexpr std::string_view kCall = "\x80\x01\x00\x01"sv;
constexpr std::string_view kName =
    "\x00\x00\x00\x05"
    "frame"sv;
constexpr std::string_view kField = "\x0b\x00\x01"sv;
constexpr std::size_t kSequenceBytes = 4;
constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kFieldAt = kOneway.size() + kName.size() + kSequenceBytes;
static_assert(kFieldAt + kField.size() + kSizeBytes == kFrameHeadBytes);

using SizeWord = std::array<char, kSizeBytes>;

SizeWord size_word(std::uint64_t size) noexcept {
  SizeWord word{};
  for (std::size_t i = 0; i < kSizeBytes; ++i) word[i] = static_cast<char>(size >> (24 - 8 * i) & 0xff);
  return word;
}

}  // namespace

FrameHead frame_head(std::uint64_t data_bytes) noexcept {
  TENON_CHECK(data_bytes <= TENON_FRAME_BYTES_MAX);
  FrameHead head{};
  char* at = std::copy(kOneway.begin(), kOneway.end(), head.begin());
  at = std::copy(kName.begin(), kName.end(), at);
  at = std::copy(kField.begin(), kField.end(), at + kSequenceBytes);
  const SizeWord size = size_word(data_bytes);
  std::copy(size.begin(), size.end(), at);
  return head;
}

std::optional<std::string_view> frame_data(std::string_view message) noexcept {
  if (message.size() < kFrameHeadBytes + kFrameTail.size()) return std::nullopt;
  const std::size_t data_bytes = message.size() - kFrameHeadBytes - kFrameTail.size();
  const SizeWord size = size_word(data_bytes);
  const bool is_frame =
      (message.starts_with(kOneway) || message.starts_with(kCall)) &&
      message.substr(kOneway.size(), kName.size()) == kName && message.substr(kFieldAt, kField.size()) == kField &&
      message.substr(kFieldAt + kField.size(), kSizeBytes) == std::string_view(size.data(), size.size()) &&
      data_bytes <= TENON_FRAME_BYTES_MAX && message.ends_with(kFrameTail);
  if (!is_frame) return std::nullopt;
  return message.substr(kFrameHeadBytes, data_bytes);
}

}  // namespace tenon::transport_thrift
