// SPDX-License-Identifier: MIT
// The snapshot images of one node in a database of their own: the newest that was committed, and unfinished ones. An
// image is pieces of bytes under keys of index, id and offset. A record under the key of its own says that an image is
// unfinished; a commit removes it and names the image the newest, in one batch. Any other piece is of an older image,
// and is removed in small steps once nobody reads it.
//
// Several handles may be used at once, each by one thread at a time, and beside them the functions of the store, by any
// thread. Errors are tenon::Error, with the path and what to do. One of IO or CORRUPT from the database is a failure of
// the storage: check_health() throws it from then on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "database.hpp"
#include "tenon/storage.hpp"

namespace tenon::leveldb_storage {

class ImageStore {
 public:
  static constexpr std::size_t kPieceBytesMax = std::size_t{256} << 10;
  // At most so many bytes of an image wait for the disk: what waits would go there in one burst, and the log's next
  // sync would stand behind it.
  static constexpr std::uint64_t kUnsyncedBytesMax = std::uint64_t{1} << 20;
  static constexpr std::size_t kRemovalsPerStep = 64;  // pieces

  // Keeps: the database, for its life. `check_room` throws NO_SPACE before anything is written when the disk has no
  // room for images. Throws CORRUPT, IO.
  ImageStore(Database& database, std::function<void()> check_room);
  // Needs: every handle is destroyed.
  ~ImageStore();
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;

  // image_create() and image_open() of storage.h. A handle's functions are those of storage.h too; that of an
  // unfinished image also reads what was written so far.
  std::unique_ptr<Image> create(tenon_image& image);
  std::unique_ptr<Image> open_newest(tenon_image& image);  // null: none was ever committed

  // Removes up to kRemovalsPerStep pieces that no image needs, and returns how many.
  std::size_t remove_step();
  // Gives the room of the removed images before the newest back to the disk. Takes the longer the larger they were.
  void give_room_back();
  void check_health() const { database_.check_health(); }

 private:
  class Handle;

  std::uint64_t size_of(const ImageKey& key) const;
  void put_pieces(leveldb::WriteBatch& batch, const ImageKey& key, std::uint64_t offset, std::string_view data) const;
  void cut(leveldb::WriteBatch& batch, const ImageKey& key, std::uint64_t offset) const;
  void truncate(const ImageKey& key, std::uint64_t offset);
  void append(const ImageKey& key, std::uint64_t offset, std::string_view data, Durability durability);
  void check_is_newer(const ImageKey& key) const;
  void commit(const ImageKey& key, std::uint64_t size);
  std::size_t read(const ImageKey& key, std::uint64_t size, std::uint64_t offset, std::span<std::uint8_t> buffer) const;
  void close(const ImageKey& key);
  bool is_needed(const ImageKey& key) const;

  Database& database_;
  const std::function<void()> check_room_;

  // Covers all members and every write to the database, never a read of a piece.
  mutable std::mutex mutex_;
  std::optional<NewestImage> newest_;
  std::set<ImageKey> unfinished_;
  std::map<ImageKey, int> handles_;
  bool may_have_garbage_ = true;
};

}  // namespace tenon::leveldb_storage
