// SPDX-License-Identifier: MIT
#include "node/images/image_file.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::node {
namespace {

void expect(tenon_error error, const tenon_detail& why, const char* what) {
  if (error == TENON_OK) return;
  throw Error(error, std::string("storage could not ") + what + ": " +
                         (why.message[0] != '\0' ? why.message : "error " + std::to_string(error)));
}

}  // namespace

ImageFile ImageFile::create(StoragePort storage, const wire::ImageId& id, raft::LogIndex index) {
  tenon_image image{};
  std::copy(id.begin(), id.end(), std::begin(image.id));
  image.index = index.value();
  void* handle = nullptr;
  tenon_detail why{sizeof why, {}};
  expect(storage.table->image_create(storage.self, &image, &handle, &why), why, "begin an image");
  return {storage, handle, {id, index, image.size}};
}

std::optional<ImageFile> ImageFile::open_newest(StoragePort storage) {
  tenon_image image{};
  void* handle = nullptr;
  tenon_detail why{sizeof why, {}};
  const tenon_error error = storage.table->image_open(storage.self, &image, &handle, &why);
  if (error == TENON_ERROR_NOT_FOUND) return std::nullopt;
  expect(error, why, "open the newest image");
  wire::ImageId id;
  std::copy(std::begin(image.id), std::end(image.id), id.begin());
  return ImageFile(storage, handle, {id, raft::LogIndex(image.index), image.size});
}

ImageFile::ImageFile(ImageFile&& other) noexcept
    : storage_(other.storage_), handle_(std::exchange(other.handle_, nullptr)), identity_(other.identity_) {}

ImageFile::~ImageFile() {
  if (handle_ != nullptr) storage_.table->image_close(handle_);
}

void ImageFile::write(std::uint64_t offset, std::string_view data) {
  tenon_detail why{sizeof why, {}};
  expect(storage_.table->image_write(handle_, offset, bytes(data), &why), why, "write an image");
  identity_.bytes = offset + data.size();
}

void ImageFile::commit() {
  tenon_detail why{sizeof why, {}};
  expect(storage_.table->image_commit(handle_, &why), why, "commit an image");
}

std::size_t ImageFile::read(std::uint64_t offset, std::span<std::uint8_t> buffer) const {
  tenon_detail why{sizeof why, {}};
  std::uint64_t size = 0;
  expect(storage_.table->image_read(handle_, offset, buffer.data(), buffer.size(), &size, &why), why, "read an image");
  return static_cast<std::size_t>(size);
}

}  // namespace tenon::node
