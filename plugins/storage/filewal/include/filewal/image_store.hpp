// SPDX-License-Identifier: MIT
// The snapshot images of one node in a directory of their own: the newest that was committed, and unfinished ones. Its
// functions block, and it has no thread. FileWalStorage keeps it beside its FileLog; the simulator calls it itself.
//
// An image is one file, and its name says all that is known of it: NUMBER-ID.part while it is unfinished,
// NUMBER-ID.image once it is committed, with the index in twenty digits and the id in hexadecimal. A commit syncs the
// file, gives it its second name, and syncs the directory; only then the image before it loses its name. So at any
// moment of a crash the newest image is whole, and it is the one before or the new one. Whoever has an older image open
// goes on reading it: its bytes live as long as the handle.
//
// Several handles may be used at once, each by one thread at a time, and beside them the functions of the store, by any
// thread. Errors are tenon::Error, with the path and what to do.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "filewal/file_log.hpp"
#include "filewal/file_system.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal {

struct ImageStoreOptions {
  // At most so many bytes of an image wait for the disk. What waits at a commit would go to the disk in one burst, and
  // the log's next sync would stand behind it for seconds; so an image is synced piece by piece while it is written.
  std::uint64_t unsynced_bytes_max = std::uint64_t{1} << 20;
};

class ImageStore {
 public:
  // Does nothing on disk. `directory` is for images alone. Keeps: it, for its life. The logger is called on any thread.
  ImageStore(FileSystem& directory, ImageStoreOptions options, LoggerFunction logger);
  // Needs: every handle is destroyed.
  ~ImageStore();
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;

  // Makes the directory when it is not there, and finds what it holds. On return the newest image is durable, and older
  // ones, which a crash has left, are removed. Unfinished images and files of others stay as they are; of the latter
  // the logger has a warning. Throws IO, NO_SPACE. Called once, first.
  void recover();

  // image_create() of storage.h; sets image.size. A handle's write() and commit() are those of storage.h, and its
  // read() reads what was written so far. Throws IO, NO_SPACE. BUSY: the image has a handle already.
  //
  // A handle whose write() threw can only be destroyed. Then the image is removed too: nobody knows what the disk has
  // of its bytes, and they may stand in the way of a log that needs the room.
  //
  // Its commit() throws INVALID when an image with this index or a greater one is the newest; nothing was changed then.
  // After IO or NO_SPACE from commit() the store has failed: either image may be the newest, and until the next
  // recover() in a new store, create(), open_newest() and commit() throw IO.
  std::unique_ptr<Image> create(tenon_image& image);
  // image_open() of storage.h; fills `image`. The handle can only be read. Returns null: none was ever committed.
  // Throws IO.
  std::unique_ptr<Image> open_newest(tenon_image& image);

 private:
  using Id = std::array<std::uint8_t, 16>;
  // Its order is that of the names.
  struct Key {
    std::uint64_t index = 0;
    Id id = {};
    auto operator<=>(const Key&) const = default;
  };
  enum class Stage { unfinished, committed };
  class Reader;
  class Writer;
  struct Listing;

  static std::string name_of(const Key& key, Stage stage);
  static std::optional<Key> key_of(std::string_view name, Stage stage);

  void check_works() const;
  Listing list() const;
  void remove(const Key& key, Stage stage, std::vector<std::string>& warnings);
  void remove_older(const Listing& found, std::vector<std::string>& warnings);
  void check_is_newer(const Key& key) const;
  void check_is_newer_locked(const Key& key) const;
  void fail();
  void make_newest(const Key& key);
  void close_unfinished(const Key& key, bool is_damaged);
  void warn(const std::vector<std::string>& lines) const;

  FileSystem& directory_;
  const ImageStoreOptions options_;
  const LoggerFunction logger_;

  // Covers every call on the directory, never one on a file, and none of the logger.
  mutable std::mutex mutex_;
  bool is_recovered_ = false;
  bool has_failed_ = false;
  std::optional<Key> newest_;  // committed
  std::size_t handles_ = 0;    // of both kinds
  std::set<Key> open_;         // unfinished images that have a handle
  std::set<Key> damaged_;      // unfinished images of which a write failed, and that could not be removed
};

}  // namespace tenon::filewal
