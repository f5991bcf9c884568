// SPDX-License-Identifier: MIT
// Checks that bytes are an image as it is stored, without what they decode to: the checksum of every piece, that the
// pieces are of one image, in their order, none missing, and that their sizes are those of the header and the footer.
// wire/image.hpp has the grammar. Damage on the way from a node to a file is found here; that a chunk decodes to the
// state that it was made from is found by whoever decodes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backup/position.hpp"

namespace tenon::backup {

// Takes an image in cuts of any size. Holds at most one piece. One thread at a time.
class ImageCheck {
 public:
  // Takes what follows the bytes fed before. False: error() says why, now and at every later call.
  bool feed(std::string_view stored);
  // Whether the footer has come, and all before it is what the footer says.
  bool complete() const noexcept { return complete_; }
  // What the image is of; nullopt until its header has come.
  const std::optional<Position>& position() const noexcept { return position_; }
  // Empty, or the offset and number of the piece that was refused, and the reason.
  const std::string& error() const noexcept { return error_; }
  // For whoever has no more bytes, though error() is empty: the offset and number of the piece that did not come whole.
  // Empty when complete().
  std::string missing() const;

 private:
  // Each is empty, or says what is wrong with the piece.
  std::string take(std::string_view piece);
  std::string take_header(std::string_view body);
  std::string take_chunk(std::string_view body);
  std::string take_footer(std::string_view body);

  std::string waiting_;                // the beginning of a piece that has not come whole
  std::uint64_t offset_ = 0;           // at which it begins
  std::uint64_t number_ = 0;           // of it
  std::string image_id_;               // of the header
  std::uint64_t raw_bytes_ = 0;        // the same, of all chunks
  std::uint64_t chunk_raw_bytes_ = 0;  // the same, of every chunk but the last; > 0 once the header has come
  std::uint64_t raw_bytes_seen_ = 0;   // <= raw_bytes_
  std::optional<Position> position_;
  bool complete_ = false;
  std::string error_;
};

}  // namespace tenon::backup
