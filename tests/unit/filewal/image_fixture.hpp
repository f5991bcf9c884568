// SPDX-License-Identifier: MIT
// An ImageStore on a disk of the test, and the calls on it in few words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filewal/image_store.hpp"
#include "support/memory_file_system.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal::test {

inline tenon_image image_of(std::uint64_t index, std::uint8_t id) {
  tenon_image image{};
  for (std::uint8_t& byte : image.id) byte = id;
  image.index = index;
  return image;
}

inline std::string all_of(Image& image, std::uint64_t size) {
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(size) + 1);
  const std::size_t read = image.read(0, buffer);
  return {reinterpret_cast<const char*>(buffer.data()), read};
}

// What a reader sees of a directory of images.
struct Newest {
  std::uint64_t index = 0;  // 0: none was ever committed
  std::string bytes = {};
  bool operator==(const Newest&) const = default;
};

struct OpenedImages {
  static constexpr std::uint64_t kUnsyncedBytesMax = 100;

  explicit OpenedImages(FileSystem& disk)
      : store(disk, {kUnsyncedBytesMax}, [this](std::uint32_t, std::string_view line) { lines.emplace_back(line); }) {
    store.recover();
  }
  std::unique_ptr<Image> create(std::uint64_t index, std::uint8_t id) {
    tenon_image image = image_of(index, id);
    std::unique_ptr<Image> handle = store.create(image);
    size = image.size;
    return handle;
  }
  void commit(std::uint64_t index, std::uint8_t id, std::string_view bytes) {
    const std::unique_ptr<Image> image = create(index, id);
    image->write(0, bytes);
    image->commit();
  }
  std::unique_ptr<Image> open_newest() { return store.open_newest(opened); }
  Newest newest() {
    const std::unique_ptr<Image> image = open_newest();
    if (image == nullptr) return {};
    return {opened.index, all_of(*image, opened.size)};
  }

  std::vector<std::string> lines;
  ImageStore store;
  tenon_image opened{};    // by open_newest()
  std::uint64_t size = 0;  // as create() found it
};

// The code of the error that a call throws, or TENON_OK.
template <class Body>
tenon_error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return TENON_OK;
}

}  // namespace tenon::filewal::test
