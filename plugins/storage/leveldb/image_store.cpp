// SPDX-License-Identifier: MIT
#include "image_store.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tenon/check.hpp"

namespace tenon::leveldb_storage {
namespace {

ImageKey key_of(const tenon_image& image) {
  ImageKey key{image.index, {}};
  std::copy(std::begin(image.id), std::end(image.id), key.id.begin());
  return key;
}

std::string text_of(const ImageKey& key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "image " + std::to_string(key.index) + "-";
  for (const std::uint8_t byte : key.id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// The key of the piece that the iterator is at, when it is one.
std::optional<PieceKey> piece_at(const leveldb::Iterator& iterator) {
  return iterator.Valid() ? piece_of(view(iterator.key())) : std::nullopt;
}

// Moves to the last piece of the image that begins at `offset` or before, and returns its offset, if there is one.
std::optional<std::uint64_t> seek_back(const Database& database, leveldb::Iterator& iterator, const ImageKey& key,
                                       std::uint64_t offset) {
  const std::string wanted = piece_key(key, offset);
  iterator.Seek(slice(wanted));
  if (!iterator.Valid()) {
    iterator.SeekToLast();
  } else if (view(iterator.key()) != wanted) {
    iterator.Prev();
  }
  database.check_iterator(iterator);
  const std::optional<PieceKey> piece = piece_at(iterator);
  return piece && piece->image == key ? std::optional(piece->offset) : std::nullopt;
}

std::string_view bytes_at(const Database& database, const leveldb::Iterator& iterator) {
  const std::optional<std::string_view> found = decode_piece(view(iterator.key()), view(iterator.value()));
  if (found) return *found;
  throw Error(TENON_ERROR_CORRUPT, database.directory() + ": a piece of an image is not what was written");
}

}  // namespace

class ImageStore::Handle final : public Image {
 public:
  // Needs: the store has counted the handle.
  Handle(ImageStore& store, const ImageKey& key, std::uint64_t size, bool is_unfinished) noexcept
      : store_(store), key_(key), size_(size), is_writable_(is_unfinished) {}
  ~Handle() override { store_.close(key_); }

  void write(std::uint64_t offset, std::string_view data) override {
    TENON_CHECK(is_writable_ && offset <= size_);
    is_writable_ = false;
    unsynced_ += data.size();
    const bool is_due = unsynced_ >= kUnsyncedBytesMax;
    if (offset < size_) store_.truncate(key_, offset);
    store_.append(key_, offset, data, is_due ? Durability::now : Durability::when_synced_later);
    if (is_due) unsynced_ = 0;
    size_ = offset + data.size();
    is_writable_ = true;
  }
  void commit() override {
    TENON_CHECK(is_writable_);
    store_.commit(key_, size_);
    is_writable_ = false;
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return store_.read(key_, size_, offset, buffer);
  }

 private:
  ImageStore& store_;
  const ImageKey key_;
  std::uint64_t size_;
  std::uint64_t unsynced_ = 0;  // bytes since the last sync, at least
  bool is_writable_;            // not committed, and no write has failed
};

ImageStore::ImageStore(Database& database, std::function<void()> check_room)
    : database_(database), check_room_(std::move(check_room)) {
  if (const std::optional<std::string> value = database_.get({&kNewestKey, 1})) {
    newest_ = decode_newest(*value);
    if (!newest_) {
      throw Error(TENON_ERROR_CORRUPT, database_.directory() +
                                           ": the record of the newest image is not what was written. Restore the "
                                           "directory, or replace this node by a new one");
    }
  }
  const std::unique_ptr<leveldb::Iterator> iterator = database_.iterate();
  for (iterator->Seek(slice({&kUnfinishedKey, 1})); iterator->Valid(); iterator->Next()) {
    const std::optional<ImageKey> key = unfinished_image(view(iterator->key()));
    if (!key) break;
    unfinished_.insert(*key);
  }
  database_.check_iterator(*iterator);
  if (newest_ && size_of(newest_->key) != newest_->size) {
    throw Error(TENON_ERROR_CORRUPT, database_.directory() + ": " + text_of(newest_->key) + " has not the " +
                                         std::to_string(newest_->size) +
                                         " bytes that were committed. Restore the directory, or replace this node by a "
                                         "new one");
  }
}

ImageStore::~ImageStore() { TENON_CHECK(handles_.empty()); }

std::unique_ptr<Image> ImageStore::create(tenon_image& image) {
  const ImageKey key = key_of(image);
  const std::lock_guard lock(mutex_);
  if (handles_.contains(key)) {
    throw Error(TENON_ERROR_BUSY,
                database_.directory() + ": " + text_of(key) + " has a handle already; close that one first");
  }
  if (newest_ && newest_->key == key) {
    throw Error(TENON_ERROR_INVALID, database_.directory() + ": " + text_of(key) + " is committed already");
  }
  const bool goes_on = unfinished_.contains(key);
  if (!goes_on) check_room_();
  leveldb::WriteBatch batch;
  database_.begin(batch);
  std::set<ImageKey> left = {key};
  for (const ImageKey& other : unfinished_) {
    if (other == key || handles_.contains(other)) {
      left.insert(other);
    } else {
      batch.Delete(slice(unfinished_key(other)));
    }
  }
  if (!goes_on) {
    cut(batch, key, 0);  // an earlier image with this name may not have been removed yet
    batch.Put(slice(unfinished_key(key)), leveldb::Slice());
  }
  if (left != unfinished_) database_.write(batch, Durability::when_synced_later);
  unfinished_ = std::move(left);
  may_have_garbage_ = true;
  image.size = goes_on ? size_of(key) : 0;
  auto handle = std::make_unique<Handle>(*this, key, image.size, true);
  ++handles_[key];
  return handle;
}

std::unique_ptr<Image> ImageStore::open_newest(tenon_image& image) {
  const std::lock_guard lock(mutex_);
  check_health();
  if (!newest_) return nullptr;
  image.index = newest_->key.index;
  image.size = newest_->size;
  std::copy(newest_->key.id.begin(), newest_->key.id.end(), std::begin(image.id));
  auto handle = std::make_unique<Handle>(*this, newest_->key, newest_->size, false);
  ++handles_[newest_->key];
  return handle;
}

std::uint64_t ImageStore::size_of(const ImageKey& key) const {
  const std::unique_ptr<leveldb::Iterator> iterator = database_.iterate();
  const std::optional<std::uint64_t> last = seek_back(database_, *iterator, key, UINT64_MAX);
  return last ? *last + bytes_at(database_, *iterator).size() : 0;
}

void ImageStore::put_pieces(leveldb::WriteBatch& batch, const ImageKey& key, std::uint64_t offset,
                            std::string_view data) const {
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, kPieceBytesMax);
    const std::string name = piece_key(key, offset);
    batch.Put(slice(name), slice(encode_piece(name, piece)));
    offset += piece.size();
    data.remove_prefix(piece.size());
  }
}

// Drops the bytes from `offset` on.
void ImageStore::cut(leveldb::WriteBatch& batch, const ImageKey& key, std::uint64_t offset) const {
  const std::unique_ptr<leveldb::Iterator> iterator = database_.iterate();
  for (iterator->Seek(slice(piece_key(key, offset))); iterator->Valid(); iterator->Next()) {
    const std::optional<PieceKey> piece = piece_at(*iterator);
    if (!piece || piece->image != key) break;
    batch.Delete(iterator->key());
  }
  database_.check_iterator(*iterator);
  if (offset == 0) return;
  const std::optional<std::uint64_t> begin = seek_back(database_, *iterator, key, offset - 1);
  TENON_CHECK(begin.has_value());
  const std::string_view found = bytes_at(database_, *iterator);
  if (*begin + found.size() <= offset) return;
  put_pieces(batch, key, *begin, std::string(found.substr(0, static_cast<std::size_t>(offset - *begin))));
}

void ImageStore::truncate(const ImageKey& key, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  leveldb::WriteBatch batch;
  database_.begin(batch);
  cut(batch, key, offset);
  database_.write(batch, Durability::when_synced_later);
}

void ImageStore::append(const ImageKey& key, std::uint64_t offset, std::string_view data, Durability durability) {
  check_room_();
  const std::lock_guard lock(mutex_);
  leveldb::WriteBatch batch;
  database_.begin(batch);
  put_pieces(batch, key, offset, data);
  database_.write(batch, durability);
}

// Needs: the lock.
void ImageStore::check_is_newer(const ImageKey& key) const {
  check_health();
  if (!newest_ || newest_->key.index < key.index) return;
  throw Error(TENON_ERROR_INVALID, database_.directory() + ": the newest image has index " +
                                       std::to_string(newest_->key.index) + ", expected a greater one to commit");
}

void ImageStore::commit(const ImageKey& key, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  check_is_newer(key);
  leveldb::WriteBatch batch;
  database_.begin(batch);
  const NewestImage newest{key, size};
  batch.Put(slice({&kNewestKey, 1}), slice(encode_newest(newest)));
  batch.Delete(slice(unfinished_key(key)));
  database_.write(batch, Durability::now);
  newest_ = newest;
  unfinished_.erase(key);
  may_have_garbage_ = true;
}

std::size_t ImageStore::read(const ImageKey& key, std::uint64_t size, std::uint64_t offset,
                             std::span<std::uint8_t> buffer) const {
  if (offset >= size) return 0;
  const std::uint64_t end = std::min<std::uint64_t>(size, offset + buffer.size());
  const std::unique_ptr<leveldb::Iterator> iterator = database_.iterate();
  std::optional<std::uint64_t> begin = seek_back(database_, *iterator, key, offset);
  std::uint64_t next = offset;
  while (next < end) {
    const std::string_view found = begin ? bytes_at(database_, *iterator) : std::string_view();
    if (!begin || *begin > next || *begin + found.size() <= next) {
      throw Error(TENON_ERROR_CORRUPT,
                  database_.directory() + ": " + text_of(key) + " lacks the bytes from offset " + std::to_string(next));
    }
    const std::string_view part =
        found.substr(static_cast<std::size_t>(next - *begin),
                     static_cast<std::size_t>(std::min(end - next, *begin + found.size() - next)));
    std::memcpy(buffer.data() + (next - offset), part.data(), part.size());
    next += part.size();
    iterator->Next();
    database_.check_iterator(*iterator);
    const std::optional<PieceKey> piece = piece_at(*iterator);
    begin = piece && piece->image == key ? std::optional(piece->offset) : std::nullopt;
  }
  return static_cast<std::size_t>(end - offset);
}

void ImageStore::close(const ImageKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = handles_.find(key);
  if (--found->second > 0) return;
  handles_.erase(found);
  may_have_garbage_ = true;
}

bool ImageStore::is_needed(const ImageKey& key) const {
  return unfinished_.contains(key) || handles_.contains(key) || (newest_ && newest_->key == key);
}

std::size_t ImageStore::remove_step() {
  const std::lock_guard lock(mutex_);
  if (!may_have_garbage_) return 0;
  leveldb::WriteBatch batch;
  database_.begin(batch);
  std::size_t removals = 0;
  const std::unique_ptr<leveldb::Iterator> iterator = database_.iterate();
  iterator->Seek(slice({&kPieceKey, 1}));
  while (const std::optional<PieceKey> piece = piece_at(*iterator)) {
    if (is_needed(piece->image)) {
      iterator->Seek(slice(piece_key(piece->image, UINT64_MAX)));
      continue;
    }
    batch.Delete(iterator->key());
    if (++removals == kRemovalsPerStep) break;
    iterator->Next();
  }
  database_.check_iterator(*iterator);
  if (removals > 0) database_.write(batch, Durability::when_synced_later);
  may_have_garbage_ = removals == kRemovalsPerStep;
  return removals;
}

void ImageStore::give_room_back() {
  const std::string begin(1, kPieceKey);
  std::string end(1, kPieceKey + 1);
  {
    const std::lock_guard lock(mutex_);
    if (newest_) end = piece_key(newest_->key, 0);
  }
  database_.compact(begin, end);
}

}  // namespace tenon::leveldb_storage
