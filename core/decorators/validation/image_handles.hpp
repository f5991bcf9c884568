// SPDX-License-Identifier: MIT
// The handles on images of a storage under validation. What the host holds is a handle of this in the place of the
// plugin's; one that was closed is kept for a while, so that a later use finds it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>

#include "tenon/storage.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class ImageHandles {
 public:
  // Keeps: subject and storage, for its life.
  ImageHandles(Subject& subject, const tenon_storage& storage, void* self) noexcept
      : subject_(subject), storage_(storage), self_(self) {}
  ImageHandles(const ImageHandles&) = delete;
  ImageHandles& operator=(const ImageHandles&) = delete;

  tenon_error create(tenon_image* image, void** handle, tenon_detail* why);
  tenon_error open(tenon_image* image, void** handle, tenon_detail* why);
  // Sets the functions that have a handle and no instance.
  static void fill(tenon_storage& table) noexcept;

  std::size_t open_count() const;

 private:
  enum class Use { unfinished, committed, lost, reading, closed };  // lost: a write has failed
  struct Handle {
    ImageHandles* handles;
    void* inner;
    std::array<std::uint8_t, 16> id;
    std::uint64_t index;
    std::uint64_t size;  // of an image that is being made, as far as it is known
    std::atomic<Use> use;
    std::atomic<bool> busy{false};
  };
  static constexpr std::size_t kKeptMax = 256;

  void* add(void* inner, const tenon_image& image, Use use);
  bool is_being_made(const tenon_image& image) const;
  // Reports a handle that is closed: the call is not passed on.
  bool expect_open(const Handle& handle, const char* function) const;
  // Reports a handle that is not on an unfinished image; the call is passed on.
  void expect_unfinished(const Handle& handle, const char* function) const;

  tenon_error write(Handle& handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why);
  tenon_error commit(Handle& handle, tenon_detail* why);
  tenon_error read(Handle& handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                   std::uint64_t* size, tenon_detail* why);
  void close(Handle& handle);

  Subject& subject_;
  const tenon_storage& storage_;
  void* const self_;
  mutable std::mutex mutex_;
  std::list<std::unique_ptr<Handle>> open_;
  std::deque<std::unique_ptr<Handle>> closed_;  // at most kKeptMax
  std::uint64_t newest_index_ = 0;              // of the images that are known to be committed
};

}  // namespace tenon::validation
