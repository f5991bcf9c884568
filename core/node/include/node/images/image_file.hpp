// SPDX-License-Identifier: MIT
// An image in storage: the handle of storage.h, closed by its owner, with errors as tenon::Error. For workers; the
// calls on one object never overlap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/storage_port.hpp"
#include "raft/types.hpp"
#include "wire/image.hpp"

namespace tenon::node {

// What is known of an image without reading it through.
struct ImageIdentity {
  wire::ImageId id = {};
  raft::LogIndex index;
  std::uint64_t bytes = 0;  // as stored
};

class ImageFile {
 public:
  // Opens the unfinished image of this id, or begins it; identity().bytes is what it holds. Throws NO_SPACE or IO.
  static ImageFile create(StoragePort storage, const wire::ImageId& id, raft::LogIndex index);
  // Opens the newest committed image; nullopt: there never was one. Throws IO or CORRUPT.
  static std::optional<ImageFile> open_newest(StoragePort storage);

  ImageFile(ImageFile&& other) noexcept;
  ImageFile& operator=(ImageFile&&) = delete;
  ~ImageFile();

  const ImageIdentity& identity() const noexcept { return identity_; }

  // Drops what lies at `offset` and behind it, and appends. Throws NO_SPACE or IO: what was passed is lost.
  void write(std::uint64_t offset, std::string_view data);
  // Makes the image durable and the newest. Throws INVALID: a newer one is there, nothing was changed. Anything else:
  // nobody knows which image is the newest, the node must stop.
  void commit();
  // Returns how many bytes of the buffer were filled; fewer than its size only at the end. Throws IO or CORRUPT.
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) const;

 private:
  ImageFile(StoragePort storage, void* handle, ImageIdentity identity) noexcept
      : storage_(storage), handle_(handle), identity_(identity) {}

  StoragePort storage_;
  void* handle_;  // null: moved from
  ImageIdentity identity_;
};

}  // namespace tenon::node
