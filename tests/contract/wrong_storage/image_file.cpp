// SPDX-License-Identifier: MIT
// An image is the file image-INDEX-ID, and while it is unfinished image-INDEX-ID.part; the commit is the rename.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "file_storage.hpp"

namespace tenon::wrong {
namespace {

constexpr char kPart[] = ".part";

std::string name_of(const tenon_image& image) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "image-%020llu-", static_cast<unsigned long long>(image.index));
  std::string name(text, static_cast<std::size_t>(size));
  for (const std::uint8_t byte : image.id) {
    std::snprintf(text, sizeof text, "%02x", byte);
    name += text;
  }
  return name;
}

void read_name(const std::string& name, tenon_image& image) {
  image.index = std::stoull(name.substr(6, 20));
  for (std::size_t byte = 0; byte < sizeof image.id; ++byte) {
    image.id[byte] = static_cast<std::uint8_t>(std::stoul(name.substr(27 + byte * 2, 2), nullptr, 16));
  }
}

class ImageFile final : public Image {
 public:
  ImageFile(FileStorage& storage, std::string name, bool unfinished)
      : storage_(storage), name_(std::move(name)), unfinished_(unfinished) {
    file_ = open_file(storage_.path(name_ + (unfinished ? kPart : "")), unfinished ? O_RDWR | O_CREAT : O_RDONLY);
  }
  ~ImageFile() override {
    if (unfinished_) storage_.end_unfinished(name_);
  }
  std::uint64_t size() const { return static_cast<std::uint64_t>(::lseek(file_.get(), 0, SEEK_END)); }

  void write(std::uint64_t offset, std::string_view data) override {
    if (::ftruncate(file_.get(), static_cast<off_t>(offset)) != 0) throw Error(TENON_ERROR_IO, std::strerror(errno));
    ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET);
    if (commits(Sin::ignores_a_failed_image)) {
      [[maybe_unused]] const ssize_t written =
          ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(offset));
    } else {
      write_all(file_, data, name_);
    }
  }

  void commit() override {
    const std::string newest = storage_.newest_image();
    // Names begin with the index, so they sort by it.
    if (!newest.empty() && newest.substr(0, 26) >= name_.substr(0, 26)) {
      throw Error(TENON_ERROR_INVALID, "a newer image is there");
    }
    if (!commits(Sin::forgets_the_image)) sync_file(file_, name_);
    std::filesystem::rename(storage_.path(name_ + kPart), storage_.path(name_));
    sync_directory(storage_.directory());
    // Whoever has it open goes on reading it.
    if (!newest.empty()) std::filesystem::remove(storage_.path(newest));
    storage_.end_unfinished(name_);
    unfinished_ = false;
  }

  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t size =
          ::pread(file_.get(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw Error(TENON_ERROR_IO, std::strerror(errno));
      if (size == 0) break;
      done += static_cast<std::size_t>(size);
    }
    return done;
  }

 private:
  FileStorage& storage_;
  const std::string name_;
  bool unfinished_;
  Descriptor file_;
};

}  // namespace

std::string FileStorage::newest_image() const {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("image-") && !name.ends_with(kPart)) newest = std::max(newest, name);
  }
  return newest;
}

void FileStorage::end_unfinished(const std::string& name) {
  const std::lock_guard lock(mutex_);
  unfinished_with_handle_.erase(name);
}

std::unique_ptr<Image> FileStorage::image_create(tenon_image& image) {
  const std::string name = name_of(image);
  {
    const std::lock_guard lock(mutex_);
    if (!unfinished_with_handle_.insert(name).second) throw Error(TENON_ERROR_BUSY, "the image has a handle");
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      const std::string found = entry.path().filename().string();
      if (!found.ends_with(kPart)) continue;
      const std::string other = found.substr(0, found.size() - std::strlen(kPart));
      if (unfinished_with_handle_.count(other) == 0) std::filesystem::remove(entry.path());
    }
  }
  auto file = std::make_unique<ImageFile>(*this, name, true);
  image.size = file->size();
  return file;
}

std::unique_ptr<Image> FileStorage::image_open(tenon_image& image) {
  const std::string newest = newest_image();
  if (newest.empty()) return nullptr;
  auto file = std::make_unique<ImageFile>(*this, newest, false);
  read_name(newest, image);
  image.size = file->size();
  return file;
}

}  // namespace tenon::wrong
