// SPDX-License-Identifier: MIT
// Requests that wait to be submitted together, and the bytes that they refer to.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/bytes.hpp"
#include "tenon/client_api.h"

namespace tenon::net {

// What keep() and make() give lives until clear(). Of one thread.
class RequestBatch {
 public:
  // A copy of `value` for as long as the batch lasts.
  tenon_bytes keep(std::string_view value) {
    if (value.empty()) return {nullptr, 0};
    bytes_ += value.size();
    void* const room = memory_.allocate(value.size(), 1);
    std::memcpy(room, value.data(), value.size());
    return {static_cast<const std::uint8_t*>(room), value.size()};
  }
  // Zeroed elements with struct_size set.
  template <class Element>
  std::span<Element> make(std::size_t count) {
    if (count == 0) return {};
    bytes_ += count * sizeof(Element);
    auto* const room = static_cast<Element*>(memory_.allocate(count * sizeof(Element), alignof(Element)));
    Element blank{};
    blank.struct_size = sizeof blank;
    std::uninitialized_fill_n(room, count, blank);
    return {room, count};
  }
  void add(const tenon_request& request) { requests_.push_back(request); }

  std::span<const tenon_request> requests() const noexcept { return requests_; }
  // How much the batch holds.
  std::uint64_t bytes() const noexcept { return bytes_; }
  void clear() noexcept {
    requests_.clear();
    memory_.release();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kFirstRoom = std::size_t{64} * 1024;
  std::vector<std::byte> first_room_ = std::vector<std::byte>(kFirstRoom);
  std::pmr::monotonic_buffer_resource memory_{first_room_.data(), first_room_.size(), std::pmr::new_delete_resource()};
  std::vector<tenon_request> requests_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tenon::net
