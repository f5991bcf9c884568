// SPDX-License-Identifier: MIT
#include "filewal/image_store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::filewal {
namespace {

constexpr std::size_t kIndexDigits = 20;
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kUnfinishedSuffix = ".part";
constexpr std::string_view kCommittedSuffix = ".image";

std::size_t read_file(const File& file, std::uint64_t offset, std::span<std::uint8_t> buffer) {
  return file.read(offset, {reinterpret_cast<char*>(buffer.data()), buffer.size()});
}

}  // namespace

// What the directory holds.
struct ImageStore::Listing {
  std::set<Key> committed;
  std::set<Key> unfinished;
  std::vector<std::string> others;
};

class ImageStore::Reader final : public Image {
 public:
  // Needs: the store has counted the handle.
  Reader(ImageStore& store, std::unique_ptr<File> file) noexcept : store_(store), file_(std::move(file)) {}
  ~Reader() override {
    file_.reset();
    const std::lock_guard lock(store_.mutex_);
    --store_.handles_;
  }

  void write(std::uint64_t, std::string_view) override { TENON_CHECK(false); }
  void commit() override { TENON_CHECK(false); }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return read_file(*file_, offset, buffer);
  }

 private:
  ImageStore& store_;
  std::unique_ptr<File> file_;
};

class ImageStore::Writer final : public Image {
 public:
  // Needs: the store has counted the handle, and has the key among the open ones.
  Writer(ImageStore& store, const Key& key, std::unique_ptr<File> file, std::uint64_t size) noexcept
      : store_(store), key_(key), file_(std::move(file)), size_(size) {}
  ~Writer() override {
    file_.reset();
    store_.close_unfinished(key_, state_ == State::damaged);
  }

  void write(std::uint64_t offset, std::string_view data) override {
    TENON_CHECK(state_ == State::writable && offset <= size_);
    state_ = State::damaged;
    if (offset < size_) file_->truncate(offset);
    file_->write(offset, std::span(&data, 1));
    size_ = offset + data.size();
    unsynced_ += data.size();
    if (unsynced_ >= store_.options_.unsynced_bytes_max) {
      file_->sync();
      unsynced_ = 0;
    }
    state_ = State::writable;
  }

  void commit() override {
    TENON_CHECK(state_ == State::writable);
    store_.check_is_newer(key_);
    state_ = State::damaged;
    try {
      if (!mutant("image-not-synced")) file_->sync();
    } catch (...) {
      store_.fail();
      throw;
    }
    state_ = State::writable;
    store_.make_newest(key_);
    state_ = State::committed;
  }

  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    TENON_CHECK(state_ != State::damaged);
    return read_file(*file_, offset, buffer);
  }

 private:
  enum class State { writable, damaged, committed };

  ImageStore& store_;
  const Key key_;
  std::unique_ptr<File> file_;
  std::uint64_t size_;
  std::uint64_t unsynced_ = 0;  // bytes that were written since the last sync, at least
  State state_ = State::writable;
};

std::string ImageStore::name_of(const Key& key, Stage stage) {
  const std::string digits = std::to_string(key.index);
  std::string name = std::string(kIndexDigits - digits.size(), '0') + digits + "-";
  for (const std::uint8_t byte : key.id) {
    name += kHexDigits[byte >> 4];
    name += kHexDigits[byte & 15];
  }
  return name.append(stage == Stage::committed ? kCommittedSuffix : kUnfinishedSuffix);
}

// Only what name_of() makes is taken for an image.
std::optional<ImageStore::Key> ImageStore::key_of(std::string_view name, Stage stage) {
  Key key;
  constexpr std::size_t kIdBegin = kIndexDigits + 1;
  if (name.size() < kIdBegin + 2 * key.id.size()) return {};
  std::from_chars(name.data(), name.data() + kIndexDigits, key.index);
  for (std::size_t i = 0; i < key.id.size(); ++i) {
    const char* const digits = name.data() + kIdBegin + 2 * i;
    std::from_chars(digits, digits + 2, key.id[i], 16);
  }
  return name == name_of(key, stage) ? std::optional(key) : std::nullopt;
}

ImageStore::ImageStore(FileSystem& directory, ImageStoreOptions options, LoggerFunction logger)
    : directory_(directory), options_(options), logger_(std::move(logger)) {}

ImageStore::~ImageStore() { TENON_CHECK(handles_ == 0); }

void ImageStore::recover() {
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(mutex_);
    TENON_CHECK(!std::exchange(is_recovered_, true));
    directory_.create_directory();
    const Listing found = list();
    for (const std::string& name : found.others) {
      warnings.push_back(directory_.path(name) +
                         ": this is no image of this server, and is left alone; move it elsewhere");
    }
    if (!found.committed.empty()) {
      newest_ = *found.committed.rbegin();
      // A killed process may have given it this name and not have come to the sync. Whoever trusts it drops the log
      // before it, and so do the removals.
      directory_.sync_directory();
    }
    remove_older(found, warnings);
  }
  warn(warnings);
}

std::unique_ptr<Image> ImageStore::create(tenon_image& image) {
  Key key{image.index, {}};
  std::copy(std::begin(image.id), std::end(image.id), key.id.begin());
  std::vector<std::string> warnings;
  std::unique_ptr<Image> handle;
  {
    const std::lock_guard lock(mutex_);
    check_works();
    const std::string name = name_of(key, Stage::unfinished);
    if (open_.contains(key)) {
      throw Error(TENON_ERROR_BUSY, directory_.path(name) + ": the image has a handle already; close that one first");
    }
    const Listing found = list();
    for (const Key& other : found.unfinished) {
      if (other != key && !open_.contains(other)) remove(other, Stage::unfinished, warnings);
    }
    const bool goes_on = found.unfinished.contains(key) && !damaged_.contains(key);
    std::unique_ptr<File> file = directory_.open(name, goes_on ? OpenMode::existing : OpenMode::replace);
    image.size = file->size();
    damaged_.erase(key);
    handle = std::make_unique<Writer>(*this, key, std::move(file), image.size);
    open_.insert(key);
    ++handles_;
  }
  warn(warnings);
  return handle;
}

std::unique_ptr<Image> ImageStore::open_newest(tenon_image& image) {
  const std::lock_guard lock(mutex_);
  check_works();
  if (!newest_) return nullptr;
  std::unique_ptr<File> file = directory_.open(name_of(*newest_, Stage::committed), OpenMode::existing);
  image.index = newest_->index;
  image.size = file->size();
  std::copy(newest_->id.begin(), newest_->id.end(), std::begin(image.id));
  auto handle = std::make_unique<Reader>(*this, std::move(file));
  ++handles_;
  return handle;
}

// Needs: the lock, as the functions below do.
void ImageStore::check_works() const {
  TENON_CHECK(is_recovered_);
  if (!has_failed_) return;
  throw Error(TENON_ERROR_IO, directory_.path({}) +
                                  ": the commit of an image has failed, and nobody knows which image is the newest; "
                                  "start the server again");
}

ImageStore::Listing ImageStore::list() const {
  Listing found;
  for (const std::string& name : directory_.list()) {
    if (const std::optional<Key> committed = key_of(name, Stage::committed)) {
      found.committed.insert(*committed);
    } else if (const std::optional<Key> unfinished = key_of(name, Stage::unfinished)) {
      found.unfinished.insert(*unfinished);
    } else {
      found.others.push_back(name);
    }
  }
  return found;
}

// What cannot be removed only takes room, and the next commit or start tries again.
void ImageStore::remove(const Key& key, Stage stage, std::vector<std::string>& warnings) {
  try {
    directory_.unlink(name_of(key, stage));
    if (stage == Stage::unfinished) damaged_.erase(key);
  } catch (const Error& error) {
    warnings.push_back(std::string(error.what()) + ": an image that is not needed any more stays for now");
  }
}

void ImageStore::remove_older(const Listing& found, std::vector<std::string>& warnings) {
  for (const Key& key : found.committed) {
    if (key != *newest_) remove(key, Stage::committed, warnings);
  }
}

void ImageStore::check_is_newer(const Key& key) const {
  const std::lock_guard lock(mutex_);
  check_is_newer_locked(key);
}

void ImageStore::check_is_newer_locked(const Key& key) const {
  check_works();
  if (!newest_ || newest_->index < key.index) return;
  throw Error(TENON_ERROR_INVALID, directory_.path(name_of(key, Stage::unfinished)) + ": the newest image has index " +
                                       std::to_string(newest_->index) + ", expected a greater one to commit");
}

void ImageStore::fail() {
  const std::lock_guard lock(mutex_);
  has_failed_ = true;
}

void ImageStore::make_newest(const Key& key) {
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(mutex_);
    check_is_newer_locked(key);
    has_failed_ = true;
    directory_.rename(name_of(key, Stage::unfinished), name_of(key, Stage::committed));
    if (!mutant("image-name-not-synced")) directory_.sync_directory();
    has_failed_ = false;
    newest_ = key;
    try {
      remove_older(list(), warnings);
    } catch (const Error& error) {  // the image is committed all the same
      warnings.push_back(std::string(error.what()) + ": older images stay until the next one is committed");
    }
  }
  warn(warnings);
}

void ImageStore::close_unfinished(const Key& key, bool is_damaged) {
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(mutex_);
    open_.erase(key);
    --handles_;
    if (is_damaged) {
      damaged_.insert(key);
      remove(key, Stage::unfinished, warnings);
    }
  }
  warn(warnings);
}

void ImageStore::warn(const std::vector<std::string>& lines) const {
  for (const std::string& line : lines) logger_(TENON_SEVERITY_WARNING, line);
}

}  // namespace tenon::filewal
