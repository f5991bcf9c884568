// SPDX-License-Identifier: MIT
#include "images.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "file.hpp"

namespace sample_storage {
namespace {

constexpr std::string_view kUnfinished = ".part";
constexpr std::string_view kCommitted = ".image";
constexpr std::size_t kIndexDigits = 20;
constexpr std::size_t kStemSize = kIndexDigits + 1 + 2 * sizeof(tenon_image::id);

std::string stem_of(const tenon_image& image) {
  char index[kIndexDigits + 2];
  std::snprintf(index, sizeof index, "%020llu-", static_cast<unsigned long long>(image.index));
  std::string stem = index;
  for (const std::uint8_t byte : image.id) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    stem += digits;
  }
  return stem;
}

// Needs: a stem of stem_of().
tenon_image image_of(const std::string& stem) {
  tenon_image image{};
  std::from_chars(stem.data(), stem.data() + kIndexDigits, image.index);
  for (std::size_t i = 0; i < sizeof image.id; ++i) {
    const char* digits = stem.data() + kIndexDigits + 1 + 2 * i;
    std::from_chars(digits, digits + 2, image.id[i], 16);
  }
  return image;
}

}  // namespace

class Images::Handle final : public tenon::Image {
 public:
  // `stem` is empty for an image that is only read.
  Handle(Images& images, std::string stem, File file)
      : images_(images), stem_(std::move(stem)), file_(std::move(file)), size_(file_.size()) {}
  ~Handle() override {
    if (!stem_.empty()) images_.close(stem_);
  }

  std::uint64_t size() const noexcept { return size_; }
  void write(std::uint64_t offset, std::string_view data) override {
    if (offset < size_) file_.truncate(offset);
    file_.write(offset, data);
    size_ = offset + data.size();
  }
  void commit() override {
    images_.check_is_newest(stem_);
    try {
      file_.sync();
      images_.make_newest(stem_);
    } catch (const tenon::Error& error) {
      images_.commit_failed_(error);
      throw;
    }
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return file_.read(offset, {reinterpret_cast<char*>(buffer.data()), buffer.size()});
  }

 private:
  Images& images_;
  const std::string stem_;
  const File file_;
  std::uint64_t size_;
};

Images::Images(std::string directory, std::function<void(const tenon::Error&)> commit_failed)
    : directory_(std::move(directory)), commit_failed_(std::move(commit_failed)) {}

void Images::open() {
  make_directory(directory_);
  const std::set<std::string> committed = stems(kCommitted);
  if (committed.empty()) return;
  newest_ = *committed.rbegin();
  // A process that was killed between a rename and its sync left a name that a power loss could still take back.
  sync_directory(directory_);
  for (const std::string& stem : committed) {
    if (stem != newest_) remove_file(path_of(stem, kCommitted));
  }
}

std::unique_ptr<tenon::Image> Images::create(tenon_image& image) {
  const std::string stem = stem_of(image);
  const std::lock_guard lock(mutex_);
  if (open_.contains(stem)) throw tenon::Error(TENON_ERROR_BUSY, "image " + stem + " has a handle already");
  for (const std::string& other : stems(kUnfinished)) {
    if (other != stem && !open_.contains(other)) remove_file(path_of(other, kUnfinished));
  }
  auto handle = std::make_unique<Handle>(*this, stem, File(path_of(stem, kUnfinished), O_RDWR | O_CREAT));
  open_.insert(stem);
  image.size = handle->size();
  return handle;
}

std::unique_ptr<tenon::Image> Images::open_newest(tenon_image& image) {
  const std::lock_guard lock(mutex_);
  if (newest_.empty()) return nullptr;
  auto handle = std::make_unique<Handle>(*this, "", File(path_of(newest_, kCommitted), O_RDONLY));
  image = image_of(newest_);
  image.size = handle->size();
  return handle;
}

void Images::check_is_newest(const std::string& stem) {
  const std::lock_guard lock(mutex_);
  if (newest_.empty() || image_of(stem).index > image_of(newest_).index) return;
  throw tenon::Error(TENON_ERROR_INVALID, "image " + stem + " is not newer than " + newest_);
}

void Images::make_newest(const std::string& stem) {
  const std::lock_guard lock(mutex_);
  rename_file(path_of(stem, kUnfinished), path_of(stem, kCommitted));
  sync_directory(directory_);
  const std::string before = std::exchange(newest_, stem);
  if (!before.empty()) remove_file(path_of(before, kCommitted));
}

void Images::close(const std::string& stem) {
  const std::lock_guard lock(mutex_);
  open_.erase(stem);
}

std::string Images::path_of(const std::string& stem, std::string_view suffix) const {
  return (directory_ + "/" + stem).append(suffix);
}

std::set<std::string> Images::stems(std::string_view suffix) const {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::filesystem::path name = entry.path().filename();
    const std::string stem = name.stem();
    if (name.extension() == suffix && stem.size() == kStemSize && stem == stem_of(image_of(stem))) found.insert(stem);
  }
  return found;
}

}  // namespace sample_storage
