// SPDX-License-Identifier: MIT
#include <algorithm>

#include "support/memory_storage.hpp"
#include "tenon/storage.hpp"

namespace tenon::support {
namespace {

tenon_error injected(tenon_error error, tenon_detail* why) { return describe(why, error, "the test wants it to fail"); }

}  // namespace

struct MemoryStorage::ImageHandle {
  enum class State { unfinished, broken, read_only };

  MemoryStorage& storage;
  std::shared_ptr<StoredImage> image;
  State state;

  static ImageHandle& of(void* handle) noexcept { return *static_cast<ImageHandle*>(handle); }

  tenon_error write(std::uint64_t offset, tenon_bytes data, tenon_detail* why) {
    const std::lock_guard lock(storage.mutex_);
    TENON_CHECK(state == State::unfinished && offset <= image->bytes.size());
    if (storage.image_errors_.write != TENON_OK) {
      state = State::broken;
      return injected(storage.image_errors_.write, why);
    }
    image->bytes.resize(static_cast<std::size_t>(offset));
    image->bytes += view(data);
    return TENON_OK;
  }

  tenon_error commit(tenon_detail* why) {
    const std::lock_guard lock(storage.mutex_);
    TENON_CHECK(state == State::unfinished);
    const std::shared_ptr<StoredImage> newest = storage.newest_image();
    if (newest != nullptr && newest->index >= image->index) {
      return describe(why, TENON_ERROR_INVALID, "the newest image has an index that is not smaller");
    }
    if (storage.image_errors_.commit != TENON_OK) {
      state = State::broken;
      return injected(storage.image_errors_.commit, why);
    }
    image->is_committed = true;
    state = State::read_only;
    std::erase(storage.images_, newest);
    return TENON_OK;
  }

  tenon_error read(std::uint64_t offset, std::span<std::uint8_t> buffer, std::uint64_t* size, tenon_detail* why) {
    const std::lock_guard lock(storage.mutex_);
    *size = 0;
    TENON_CHECK(state != State::broken);
    if (storage.image_errors_.read != TENON_OK) return injected(storage.image_errors_.read, why);
    if (offset >= image->bytes.size()) return TENON_OK;
    *size = image->bytes.copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), static_cast<std::size_t>(offset));
    return TENON_OK;
  }
};

void MemoryStorage::fill_image_table() noexcept {
  table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return of(self).image_create(image, handle, why);
  };
  table_.image_write = [](void* handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why) {
    return ImageHandle::of(handle).write(offset, data, why);
  };
  table_.image_commit = [](void* handle, tenon_detail* why) { return ImageHandle::of(handle).commit(why); };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return of(self).image_open(image, handle, why);
  };
  table_.image_read = [](void* handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                         std::uint64_t* size, tenon_detail* why) {
    return ImageHandle::of(handle).read(offset, {buffer, static_cast<std::size_t>(capacity)}, size, why);
  };
  table_.image_close = [](void* handle) {
    const std::unique_ptr<ImageHandle> closing(static_cast<ImageHandle*>(handle));
    const std::lock_guard lock(closing->storage.mutex_);
    if (closing->state == ImageHandle::State::broken) std::erase(closing->storage.images_, closing->image);
    --closing->storage.image_handles_;
  };
}

std::shared_ptr<MemoryStorage::StoredImage> MemoryStorage::newest_image() const {
  const auto found =
      std::find_if(images_.begin(), images_.end(), [](const auto& image) { return image->is_committed; });
  return found == images_.end() ? nullptr : *found;
}

// An unfinished image without a handle is known to nothing but the list.
tenon_error MemoryStorage::image_create(tenon_image* image, void** handle, tenon_detail* why) {
  const std::lock_guard lock(mutex_);
  TENON_CHECK(host_ != nullptr && !closing_);
  if (image_errors_.create != TENON_OK) return injected(image_errors_.create, why);
  const auto is_wanted = [&](const std::shared_ptr<StoredImage>& one) {
    return !one->is_committed && one->index == image->index && std::equal(one->id.begin(), one->id.end(), image->id);
  };
  std::erase_if(images_, [&](const std::shared_ptr<StoredImage>& one) {
    return !one->is_committed && one.use_count() == 1 && !is_wanted(one);
  });
  auto found = std::find_if(images_.begin(), images_.end(), is_wanted);
  if (found == images_.end()) {
    auto begun = std::make_shared<StoredImage>();
    std::copy(std::begin(image->id), std::end(image->id), begun->id.begin());
    begun->index = image->index;
    found = images_.insert(images_.end(), std::move(begun));
  }
  if (found->use_count() > 1) return describe(why, TENON_ERROR_BUSY, "the image has a handle already");
  image->size = (*found)->bytes.size();
  ++image_handles_;
  *handle = new ImageHandle{*this, *found, ImageHandle::State::unfinished};
  return TENON_OK;
}

tenon_error MemoryStorage::image_open(tenon_image* image, void** handle, tenon_detail* why) {
  const std::lock_guard lock(mutex_);
  TENON_CHECK(host_ != nullptr && !closing_);
  if (image_errors_.open != TENON_OK) return injected(image_errors_.open, why);
  const std::shared_ptr<StoredImage> newest = newest_image();
  if (newest == nullptr) return describe(why, TENON_ERROR_NOT_FOUND, "no image was ever committed");
  std::copy(newest->id.begin(), newest->id.end(), std::begin(image->id));
  image->index = newest->index;
  image->size = newest->bytes.size();
  ++image_handles_;
  *handle = new ImageHandle{*this, newest, ImageHandle::State::read_only};
  return TENON_OK;
}

}  // namespace tenon::support
