// SPDX-License-Identifier: MIT
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "image_piece.hpp"
#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"
#include "wire/image.hpp"

namespace tenon::wire {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

constexpr const char* kDamaged = "; the bytes are damaged, or are no image";

std::string text_of(const ImageId& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15u]);
  }
  return text;
}

std::string found_and_expected(const char* what, std::uint64_t found, std::uint64_t expected) {
  return std::string(what) + " is " + std::to_string(found) + ", expected " + std::to_string(expected);
}

}  // namespace

struct ImageDecoder::State {
  std::optional<ImageHeader> header = std::nullopt;
  std::uint64_t next_piece = 0;  // header: <= chunks_of(*header) + 2
  std::uint64_t verified_bytes = 0;
  bool is_complete = false;
  bool sink_refused = false;
  std::string error = {};
  std::string partial = {};  // the beginning of the next piece; <= piece_bytes_max()
  StreamHash hash = {};
  std::string raw = {};                                       // of the chunk under way; <= header->chunk_raw_bytes
  std::unique_ptr<ZSTD_DCtx, FreeContext> context = nullptr;  // null until a chunk needs it

  bool feed(std::string_view stored, const Sink& sink);
  bool take_piece(const PieceHead& head, std::string_view piece, const Sink& sink);
  bool check_head(const PieceHead& head);
  bool take_header(const PieceHead& head, std::string_view body);
  bool take_chunk(const PieceHead& head, std::string_view body, const Sink& sink);
  bool take_footer(std::string_view body);
  bool decompress(std::string_view frame, std::size_t raw_bytes);

  bool is_all_chunks() const { return next_piece == chunks_of(*header) + 1; }
  // What the header leaves for the next chunk. Needs: a header, not all chunks.
  std::size_t next_raw_bytes() const {
    const std::uint64_t before = (next_piece - 1) * header->chunk_raw_bytes;
    return static_cast<std::size_t>(std::min<std::uint64_t>(header->chunk_raw_bytes, header->raw_bytes - before));
  }
  // The most that the next piece may have.
  std::size_t piece_bytes_max() const {
    if (!header) return kHeaderPieceBytesMax;
    return is_all_chunks() ? kFooterPieceBytes : kChunkHeadBytes + next_raw_bytes();
  }
  std::string at_next_piece(const std::string& what) const {
    return "offset " + std::to_string(verified_bytes) + ", piece " + std::to_string(next_piece) + ": " + what;
  }
  bool refuse(const std::string& reason) {
    error = at_next_piece(reason);
    partial.clear();
    return false;
  }
};

// The part of a piece that has come waits in `partial`; a piece that comes whole is read where it lies.
bool ImageDecoder::State::feed(std::string_view stored, const Sink& sink) {
  while (!stored.empty()) {
    if (is_complete) return refuse("there are bytes behind the end of the image" + std::string(kDamaged));
    const auto fill_up_to = [&](std::size_t size) {
      const std::size_t taken = std::min(stored.size(), size - partial.size());
      partial.append(stored.substr(0, taken));
      stored.remove_prefix(taken);
      return partial.size() == size;
    };
    if (!partial.empty() && partial.size() < kPieceHeadBytes && !fill_up_to(kPieceHeadBytes)) return true;
    const bool is_in_partial = !partial.empty();
    const std::string_view beginning = is_in_partial ? std::string_view(partial) : stored;
    if (beginning.size() < kPieceHeadBytes) {
      partial = beginning;
      return true;
    }
    const std::optional<PieceHead> head = read_piece_head(beginning);
    if (!head) return refuse("no piece of an image begins here" + std::string(kDamaged));
    if (!check_head(*head)) return false;
    if (!is_in_partial && stored.size() >= head->bytes) {
      if (!take_piece(*head, stored.substr(0, head->bytes), sink)) return false;
      stored.remove_prefix(head->bytes);
      continue;
    }
    if (!fill_up_to(head->bytes)) return true;
    if (!take_piece(*head, partial, sink)) return false;
    partial.clear();
  }
  return true;
}

// What can be said before the piece is there, so that a head that is wrong never makes it wait for more.
bool ImageDecoder::State::check_head(const PieceHead& head) {
  if (head.number != next_piece) {
    return refuse(found_and_expected("the number of the piece", head.number, next_piece) +
                  "; pieces are missing, repeated or out of order");
  }
  if (header && head.image != header->id) {
    return refuse("the piece belongs to the image " + text_of(head.image) + ", expected one of " + text_of(header->id));
  }
  if (head.bytes > piece_bytes_max()) {
    return refuse("the piece declares " + std::to_string(head.bytes) + " bytes, at most " +
                  std::to_string(piece_bytes_max()) + " are possible" + kDamaged);
  }
  const PieceKind expected = !header ? PieceKind::header : is_all_chunks() ? PieceKind::footer : PieceKind::chunk;
  if (head.kind == expected) return true;
  return refuse(found_and_expected("the kind of the piece", static_cast<std::uint64_t>(head.kind),
                                   static_cast<std::uint64_t>(expected)) +
                kDamaged);
}

// Needs: check_head() has accepted the head.
bool ImageDecoder::State::take_piece(const PieceHead& head, std::string_view piece, const Sink& sink) {
  const std::uint32_t checksum = crc32c(piece.substr(sizeof checksum));
  if (checksum != head.checksum) {
    return refuse(found_and_expected("the checksum of its bytes", checksum, head.checksum) + kDamaged);
  }
  const std::string_view body = piece.substr(kPieceHeadBytes);
  const bool is_good = head.kind == PieceKind::header  ? take_header(head, body)
                       : head.kind == PieceKind::chunk ? take_chunk(head, body, sink)
                                                       : take_footer(body);
  if (!is_good) return false;
  verified_bytes += piece.size();
  ++next_piece;
  return true;
}

bool ImageDecoder::State::take_header(const PieceHead& head, std::string_view body) {
  ImageHeader found;
  std::string reason;
  if (!read_header_body(body, found, reason)) return refuse(reason);
  found.id = head.image;
  header = std::move(found);
  return true;
}

bool ImageDecoder::State::take_chunk(const PieceHead& head, std::string_view body, const Sink& sink) {
  ByteReader reader(body);
  const std::size_t declared = reader.u32();
  const std::size_t expected = next_raw_bytes();
  if (declared != expected) return refuse(found_and_expected("the raw size of the chunk", declared, expected));
  const std::string_view coded = reader.raw(reader.remaining());
  std::string_view content = coded;
  if (head.coding == Coding::zstd) {
    if (!decompress(coded, expected)) return false;
    content = raw;
  } else if (coded.size() != expected) {
    return refuse(found_and_expected("the size of the chunk's raw bytes", coded.size(), expected));
  }
  if (!sink(content)) {
    sink_refused = true;
    return refuse("what the image holds was refused");
  }
  hash.add(content);
  return true;
}

// The room for the raw bytes is what the header left for them, whatever the frame says of itself.
bool ImageDecoder::State::decompress(std::string_view frame, std::size_t raw_bytes) {
  // libzstd would read the formats before 0.8 as well.
  if (ByteReader(frame).u32() != ZSTD_MAGICNUMBER ||
      ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
    return refuse("the chunk is not one zstd frame" + std::string(kDamaged));
  }
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw_bytes) {
    return refuse("the zstd frame is not of " + std::to_string(raw_bytes) + " raw bytes, which the chunk declares");
  }
  if (!context) context.reset(ZSTD_createDCtx());
  TENON_CHECK(context != nullptr);
  raw.resize(raw_bytes);
  const std::size_t size = ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) != 0) return refuse("the zstd frame: " + std::string(ZSTD_getErrorName(size)) + kDamaged);
  if (size != raw_bytes) return refuse(found_and_expected("the raw size of the zstd frame", size, raw_bytes));
  return true;
}

bool ImageDecoder::State::take_footer(std::string_view body) {
  const std::optional<Footer> footer = read_footer_body(body);
  if (!footer) return refuse("the footer is not one" + std::string(kDamaged));
  if (footer->chunks != chunks_of(*header)) {
    return refuse(found_and_expected("the footer's count of chunks", footer->chunks, chunks_of(*header)));
  }
  if (footer->raw_bytes != header->raw_bytes) {
    return refuse(found_and_expected("the footer's raw size", footer->raw_bytes, header->raw_bytes));
  }
  if (footer->hash != hash.value()) {
    return refuse("the raw bytes have the hash " + text_of(hash.value()) + ", the footer says " +
                  text_of(footer->hash) + "; chunks of two images were put together");
  }
  is_complete = true;
  return true;
}

ImageDecoder::ImageDecoder() : state_(std::make_unique<State>()) {}
ImageDecoder::ImageDecoder(ImageDecoder&&) noexcept = default;
ImageDecoder& ImageDecoder::operator=(ImageDecoder&&) noexcept = default;
ImageDecoder::~ImageDecoder() = default;

bool ImageDecoder::feed(std::string_view stored, const Sink& sink) {
  return state_->error.empty() && state_->feed(stored, sink);
}

void ImageDecoder::drop_unverified() {
  state_->partial.clear();
  if (!state_->sink_refused) state_->error.clear();
}

bool ImageDecoder::complete() const noexcept { return state_->is_complete && state_->error.empty(); }
const std::optional<ImageHeader>& ImageDecoder::header() const noexcept { return state_->header; }
std::uint64_t ImageDecoder::next_piece() const noexcept { return state_->next_piece; }
std::uint64_t ImageDecoder::verified_bytes() const noexcept { return state_->verified_bytes; }
const std::string& ImageDecoder::error() const noexcept { return state_->error; }

std::string ImageDecoder::missing() const {
  if (state_->is_complete) return {};
  return state_->at_next_piece("the image ends here: of this piece " + std::to_string(state_->partial.size()) +
                               " bytes are there, and the rest is missing");
}

}  // namespace tenon::wire
