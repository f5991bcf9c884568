// SPDX-License-Identifier: MIT
#include "node/images/image_reading.hpp"

#include <algorithm>
#include <utility>

#include "kv/image.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::node {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;  // of one step

}  // namespace

ImageReading::ImageReading(const ImageFile& file, Sink sink)
    : file_(file), sink_(std::move(sink)), end_(file.identity().bytes), buffer_(kReadBytes) {}

bool ImageReading::step() {
  if (offset_ == end_) return false;
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, end_ - offset_));
  const std::size_t size = file_.read(offset_, std::span(buffer_).first(wanted));
  if (size == 0) return false;
  offset_ += size;
  const bool is_good = decoder_.feed(view({buffer_.data(), size}), sink_);
  return is_good && offset_ < end_;
}

std::optional<LoadedImage> load_newest_image(
    StoragePort storage, const std::string& cluster_id,
    const std::function<void(std::uint64_t read, std::uint64_t end)>& progress) {
  const std::optional<ImageFile> file = ImageFile::open_newest(storage);
  if (!file) return std::nullopt;
  kv::ImageLoader loader;
  ImageReading reading(*file, [&](std::string_view raw) { return loader.feed(raw); });
  while (reading.step()) progress(reading.bytes_read(), file->identity().bytes);
  const std::string image = "the image of index " + std::to_string(file->identity().index.value());
  if (!reading.error().empty()) throw Error(TENON_ERROR_CORRUPT, image + " cannot be used: " + reading.error());
  if (!reading.decoder().complete()) {
    throw Error(TENON_ERROR_CORRUPT, image + " cannot be used: " + reading.decoder().missing());
  }
  const wire::ImageHeader& header = *reading.decoder().header();
  if (header.cluster_id != cluster_id) {
    throw Error(TENON_ERROR_INVALID, image + " is of the cluster '" + header.cluster_id + "', expected '" + cluster_id +
                                         "'; set cluster.id, or name the data directory of this cluster");
  }
  if (header.index != file->identity().index) {
    throw Error(TENON_ERROR_CORRUPT, image + " says of itself that it is of index " +
                                         std::to_string(header.index.value()) + "; a file was renamed");
  }
  std::unique_ptr<kv::Store> store = loader.finish();
  if (!store) throw Error(TENON_ERROR_CORRUPT, image + " holds no state: " + loader.error());
  return LoadedImage{file->identity(), header.term, header.membership, std::move(store)};
}

}  // namespace tenon::node
