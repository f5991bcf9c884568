// SPDX-License-Identifier: MIT
// Requests that wait to be submitted together, and the bytes that they refer to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/bytes.hpp"
#include "tenon/client_api.h"

namespace tenon::api_resp {

// What keep() and copy() give lives until clear(), which keeps the memory of an ordinary batch for the next one. Of one
// thread.
class RequestBatch {
 public:
  // A copy of `value` for as long as the batch lasts.
  tenon_bytes keep(std::string_view value) {
    if (value.empty()) return {nullptr, 0};
    std::uint8_t* const room = allocate(value.size());
    std::memcpy(room, value.data(), value.size());
    return {room, value.size()};
  }
  // Copies of elements whose own bytes were kept.
  template <class Element>
  const Element* copy(std::span<const Element> elements) {
    static_assert(alignof(Element) <= kAlignment);
    if (elements.empty()) return nullptr;
    void* const room = allocate(elements.size_bytes());
    std::memcpy(room, elements.data(), elements.size_bytes());
    return static_cast<const Element*>(room);
  }
  void add(const tenon_request& request) { requests_.push_back(request); }

  std::span<const tenon_request> requests() const noexcept { return requests_; }
  // How much the batch holds.
  std::uint64_t bytes() const noexcept { return bytes_; }
  void clear() noexcept {
    requests_.clear();
    if (rooms_.size() > kRoomsKept) rooms_.resize(kRoomsKept);
    room_ = 0;
    used_ = 0;
    large_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kAlignment = alignof(std::uint64_t);
  static constexpr std::size_t kRoomBytes = std::size_t{256} * 1024;
  static constexpr std::size_t kRoomsKept = 8;

  std::uint8_t* allocate(std::size_t size) {
    bytes_ += size;
    if (size > kRoomBytes / 4) {
      large_.push_back(std::make_unique<std::uint8_t[]>(size));
      return large_.back().get();
    }
    const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
    if (room_ < rooms_.size() && kRoomBytes - used_ < rounded) {
      ++room_;
      used_ = 0;
    }
    if (room_ == rooms_.size()) rooms_.push_back(std::make_unique<std::uint8_t[]>(kRoomBytes));
    std::uint8_t* const found = rooms_[room_].get() + used_;
    used_ += rounded;
    return found;
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> rooms_;
  std::size_t room_ = 0;  // in use: rooms_[room_], when there is one
  std::size_t used_ = 0;  // of that room, <= kRoomBytes
  std::vector<std::unique_ptr<std::uint8_t[]>> large_;
  std::vector<tenon_request> requests_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tenon::api_resp
