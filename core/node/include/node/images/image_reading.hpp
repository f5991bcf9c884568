// SPDX-License-Identifier: MIT
// Reads a stored image from its beginning to its end, and verifies it on the way: every piece, their order, and the
// hash of the whole. For workers; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/store.hpp"
#include "node/images/image_file.hpp"
#include "raft/entry.hpp"

namespace tenon::node {

// A durable image, and the state that was built from it.
struct LoadedImage {
  ImageIdentity identity;
  raft::Term term;  // of the entry at its index
  raft::Membership membership;
  std::unique_ptr<kv::Store> store;
};

class ImageReading {
 public:
  // Takes the raw bytes as they come; false: it has no use for them, and the reading ends with an error.
  using Sink = std::function<bool(std::string_view raw)>;

  // Keeps: file, for its life. Reads what the file holds now.
  ImageReading(const ImageFile& file, Sink sink);

  // Reads and verifies the next part. False: the end is reached, or something is wrong. Throws what read() throws.
  bool step();
  // Needs: step() has returned false. Empty: what was read is good, though it may end before the footer.
  const std::string& error() const noexcept { return decoder_.error(); }
  // What was verified; goes on with what follows it.
  wire::ImageDecoder& decoder() noexcept { return decoder_; }
  const wire::ImageDecoder& decoder() const noexcept { return decoder_; }
  std::uint64_t bytes_read() const noexcept { return offset_; }

 private:
  const ImageFile& file_;
  const Sink sink_;
  const std::uint64_t end_;
  std::uint64_t offset_ = 0;  // <= end_
  std::vector<std::uint8_t> buffer_;
  wire::ImageDecoder decoder_;
};

// Builds the state that the newest image in storage holds; nullopt: there never was one. `progress` is called between
// steps. Blocks. Throws tenon::Error: CORRUPT names the offset and the reason, INVALID says that it is of another
// cluster.
std::optional<LoadedImage> load_newest_image(
    StoragePort storage, const std::string& cluster_id,
    const std::function<void(std::uint64_t read, std::uint64_t end)>& progress);

}  // namespace tenon::node
