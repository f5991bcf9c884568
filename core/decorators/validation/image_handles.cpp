// SPDX-License-Identifier: MIT
#include "image_handles.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "call.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kCreate = "tenon_storage.image_create";
constexpr const char* kWrite = "tenon_storage.image_write";
constexpr const char* kCommit = "tenon_storage.image_commit";
constexpr const char* kOpen = "tenon_storage.image_open";
constexpr const char* kRead = "tenon_storage.image_read";
constexpr const char* kClose = "tenon_storage.image_close";

}  // namespace

void ImageHandles::fill(tenon_storage& table) noexcept {
  table.image_write = [](void* handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why) {
    Handle& of = *static_cast<Handle*>(handle);
    return of.handles->write(of, offset, data, why);
  };
  table.image_commit = [](void* handle, tenon_detail* why) {
    Handle& of = *static_cast<Handle*>(handle);
    return of.handles->commit(of, why);
  };
  table.image_read = [](void* handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                        std::uint64_t* size, tenon_detail* why) {
    Handle& of = *static_cast<Handle*>(handle);
    return of.handles->read(of, offset, buffer, capacity, size, why);
  };
  table.image_close = [](void* handle) {
    Handle& of = *static_cast<Handle*>(handle);
    of.handles->close(of);
  };
}

std::size_t ImageHandles::open_count() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void* ImageHandles::add(void* inner, const tenon_image& image, Use use) {
  auto made = std::make_unique<Handle>();
  made->handles = this;
  made->inner = inner;
  std::copy(std::begin(image.id), std::end(image.id), made->id.begin());
  made->index = image.index;
  made->size = image.size;
  made->use.store(use);
  const std::lock_guard lock(mutex_);
  return open_.emplace_back(std::move(made)).get();
}

bool ImageHandles::is_being_made(const tenon_image& image) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(open_.begin(), open_.end(), [&](const std::unique_ptr<Handle>& handle) {
    return handle->use.load() == Use::unfinished && std::equal(handle->id.begin(), handle->id.end(), image.id);
  });
}

bool ImageHandles::expect_open(const Handle& handle, const char* function) const {
  if (handle.use.load() != Use::closed) return true;
  subject_.report(Blame::host, Rule::image, function, "a handle that was closed", "one that is open");
  return false;
}

void ImageHandles::expect_unfinished(const Handle& handle, const char* function) const {
  const Use use = handle.use.load();
  if (use == Use::unfinished) return;
  subject_.report(Blame::host, Rule::image, function,
                  use == Use::reading     ? "a handle of image_open()"
                  : use == Use::committed ? "a handle whose image is committed"
                                          : "a handle of which a write has failed",
                  "an unfinished image");
}

tenon_error ImageHandles::create(tenon_image* image, void** handle, tenon_detail* why) {
  std::atomic<bool> alone{false};
  const HostCall call(subject_, ThreadWord::worker, kCreate, alone);
  if (!expect_running(subject_, kCreate)) return TENON_ERROR_CLOSED;
  const bool was_being_made = is_being_made(*image);
  const std::uint64_t index = image->index;
  void* inner = nullptr;
  const tenon_error error = contain<tenon_error>(subject_, kCreate, TENON_ERROR_INTERNAL,
                                                 [&] { return storage_.image_create(self_, image, &inner, why); });
  check_detail(subject_, kCreate, error, why);
  if (error != TENON_OK) return error;
  if (inner == nullptr) {
    subject_.report(Blame::plugin, Rule::image, kCreate, "TENON_OK without a handle", "a handle, or an error");
    return TENON_ERROR_INTERNAL;
  }
  if (image->index != index) {
    subject_.report(Blame::plugin, Rule::image, kCreate, "the index changed to " + std::to_string(image->index),
                    std::to_string(index));
  }
  if (was_being_made && is_being_made(*image)) {
    subject_.report(Blame::plugin, Rule::image, kCreate, "a second handle on an unfinished image", "BUSY");
  }
  *handle = add(inner, *image, Use::unfinished);
  return TENON_OK;
}

tenon_error ImageHandles::open(tenon_image* image, void** handle, tenon_detail* why) {
  std::atomic<bool> alone{false};
  const HostCall call(subject_, ThreadWord::worker, kOpen, alone);
  if (!expect_running(subject_, kOpen)) return TENON_ERROR_CLOSED;
  std::uint64_t newest = 0;
  {
    const std::lock_guard lock(mutex_);
    newest = newest_index_;
  }
  void* inner = nullptr;
  const tenon_error error = contain<tenon_error>(subject_, kOpen, TENON_ERROR_INTERNAL,
                                                 [&] { return storage_.image_open(self_, image, &inner, why); });
  check_detail(subject_, kOpen, error, why);
  if (error == TENON_ERROR_NOT_FOUND && newest != 0) {
    subject_.report(Blame::plugin, Rule::image, kOpen, "NOT_FOUND", "the image of index " + std::to_string(newest));
  }
  if (error != TENON_OK) return error;
  if (inner == nullptr) {
    subject_.report(Blame::plugin, Rule::image, kOpen, "TENON_OK without a handle", "a handle, or an error");
    return TENON_ERROR_INTERNAL;
  }
  if (image->index < newest) {
    subject_.report(Blame::plugin, Rule::image, kOpen, "the image of index " + std::to_string(image->index),
                    "the newest, whose index is " + std::to_string(newest));
  }
  {
    const std::lock_guard lock(mutex_);
    newest_index_ = std::max(newest_index_, image->index);
  }
  *handle = add(inner, *image, Use::reading);
  return TENON_OK;
}

tenon_error ImageHandles::write(Handle& handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::worker, kWrite, handle.busy);
  if (!expect_open(handle, kWrite)) return TENON_ERROR_INVALID;
  expect_unfinished(handle, kWrite);
  if (offset > handle.size) {
    subject_.report(
        Blame::host, Rule::image, kWrite,
        "the offset " + std::to_string(offset) + " of an image of " + std::to_string(handle.size) + " bytes",
        "at most its size");
  }
  const tenon_error error = contain<tenon_error>(subject_, kWrite, TENON_ERROR_INTERNAL,
                                                 [&] { return storage_.image_write(handle.inner, offset, data, why); });
  check_detail(subject_, kWrite, error, why);
  if (error == TENON_OK) {
    handle.size = offset + data.size;
  } else if (handle.use.load() == Use::unfinished) {
    handle.use.store(Use::lost);
  }
  return error;
}

tenon_error ImageHandles::commit(Handle& handle, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::worker, kCommit, handle.busy);
  if (!expect_open(handle, kCommit)) return TENON_ERROR_INVALID;
  expect_unfinished(handle, kCommit);
  std::uint64_t newest = 0;
  {
    const std::lock_guard lock(mutex_);
    newest = newest_index_;
  }
  if (handle.index <= newest) {
    subject_.report(Blame::host, Rule::image, kCommit, "an image of index " + std::to_string(handle.index),
                    "one greater than that of the newest, " + std::to_string(newest));
  }
  const tenon_error error = contain<tenon_error>(subject_, kCommit, TENON_ERROR_INTERNAL,
                                                 [&] { return storage_.image_commit(handle.inner, why); });
  check_detail(subject_, kCommit, error, why);
  if (error != TENON_OK) return error;
  handle.use.store(Use::committed);
  if (handle.index <= newest) {
    subject_.report(
        Blame::plugin, Rule::image, kCommit,
        "an image of index " + std::to_string(handle.index) + " committed after one of " + std::to_string(newest),
        "INVALID: a newer one is there");
  }
  const std::lock_guard lock(mutex_);
  newest_index_ = std::max(newest_index_, handle.index);
  return TENON_OK;
}

tenon_error ImageHandles::read(Handle& handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                               std::uint64_t* size, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::worker, kRead, handle.busy);
  *size = 0;
  if (!expect_open(handle, kRead)) return TENON_ERROR_INVALID;
  const tenon_error error = contain<tenon_error>(subject_, kRead, TENON_ERROR_INTERNAL, [&] {
    return storage_.image_read(handle.inner, offset, buffer, capacity, size, why);
  });
  check_detail(subject_, kRead, error, why);
  const std::uint64_t left = offset < handle.size ? handle.size - offset : 0;
  const std::uint64_t wanted = error == TENON_OK ? std::min(left, capacity) : 0;
  if (*size == wanted) return error;
  subject_.report(
      Blame::plugin, Rule::image, kRead,
      std::to_string(*size) + " bytes at " + std::to_string(offset) + " of an image of " + std::to_string(handle.size),
      std::to_string(wanted) + " with the return " + std::to_string(error));
  *size = std::min(*size, capacity);
  return error;
}

void ImageHandles::close(Handle& handle) {
  const HostCall call(subject_, ThreadWord::worker, kClose, handle.busy);
  if (!expect_open(handle, kClose)) return;
  if (subject_.phase() == Phase::ended) {
    subject_.report(Blame::host, Rule::state, kClose, "a handle that outlives close()", "every handle closed before");
    return;
  }
  contain(subject_, kClose, [&] { storage_.image_close(handle.inner); });
  handle.use.store(Use::closed);
  std::unique_ptr<Handle> forgotten;  // not this one, whose call goes on
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(open_.begin(), open_.end(),
                               [&](const std::unique_ptr<Handle>& one) { return one.get() == &handle; });
  if (at == open_.end()) return;
  closed_.push_back(std::move(*at));
  open_.erase(at);
  if (closed_.size() <= kKeptMax) return;
  forgotten = std::move(closed_.front());
  closed_.pop_front();
}

}  // namespace tenon::validation
