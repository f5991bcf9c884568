// SPDX-License-Identifier: MIT
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "image_piece.hpp"
#include "tenon/bytes.hpp"
#include "wire/image.hpp"

namespace tenon::wire {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

enum class Stage { created, begun, finished };

}  // namespace

struct ImageEncoder::State {
  const ImageHeader header;
  const int zstd_level;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context;
  StreamHash hash = {};
  std::string pending = {};     // raw bytes that are not in a piece yet; < header.chunk_raw_bytes
  std::uint64_t raw_bytes = 0;  // that were added; <= header.raw_bytes
  std::uint64_t number = 1;     // of the next chunk
  Stage stage = Stage::created;

  // Needs: as many bytes as a chunk has there.
  void append_chunk(std::string_view raw, std::string& output) {
    const std::size_t start = begin_piece(output);
    ByteWriter(output).u32(static_cast<std::uint32_t>(raw.size()));
    const std::size_t body = output.size();
    // zstd gets one byte less than the raw bytes are, so that it refuses where it would save nothing.
    output.resize(body + raw.size() - 1);
    const std::size_t size =
        ZSTD_compressCCtx(context.get(), output.data() + body, raw.size() - 1, raw.data(), raw.size(), zstd_level);
    const bool is_smaller = ZSTD_isError(size) == 0;
    output.resize(is_smaller ? body + size : body);
    if (!is_smaller) output.append(raw);
    seal_piece(output, start, PieceKind::chunk, is_smaller ? Coding::zstd : Coding::raw, number, header.id);
    ++number;
  }
};

ImageEncoder::ImageEncoder(const ImageHeader& header, int zstd_level)
    : state_(new State{header, zstd_level, std::unique_ptr<ZSTD_CCtx, FreeContext>(ZSTD_createCCtx())}) {
  TENON_CHECK(state_->context != nullptr);
  TENON_CHECK(broken_bound(header) == nullptr);
  TENON_CHECK(zstd_level >= 1 && zstd_level <= kZstdLevelMax);
}
ImageEncoder::ImageEncoder(ImageEncoder&&) noexcept = default;
ImageEncoder& ImageEncoder::operator=(ImageEncoder&&) noexcept = default;
ImageEncoder::~ImageEncoder() = default;

void ImageEncoder::begin(std::string& output) {
  TENON_CHECK(std::exchange(state_->stage, Stage::begun) == Stage::created);
  const std::size_t start = begin_piece(output);
  write_header_body(output, state_->header);
  seal_piece(output, start, PieceKind::header, Coding::raw, 0, state_->header.id);
}

void ImageEncoder::add(std::string_view raw, std::string& output) {
  State& state = *state_;
  TENON_CHECK(state.stage == Stage::begun);
  TENON_CHECK(raw.size() <= state.header.raw_bytes - state.raw_bytes);
  state.raw_bytes += raw.size();
  state.hash.add(raw);
  const std::size_t chunk_bytes = state.header.chunk_raw_bytes;
  while (state.pending.size() + raw.size() >= chunk_bytes) {
    const std::size_t missing = chunk_bytes - state.pending.size();
    if (state.pending.empty()) {
      state.append_chunk(raw.substr(0, missing), output);
    } else {
      state.pending.append(raw.substr(0, missing));
      state.append_chunk(state.pending, output);
      state.pending.clear();
    }
    raw.remove_prefix(missing);
  }
  state.pending.append(raw);
}

void ImageEncoder::finish(std::string& output) {
  State& state = *state_;
  TENON_CHECK(std::exchange(state.stage, Stage::finished) == Stage::begun);
  TENON_CHECK(state.raw_bytes == state.header.raw_bytes);
  if (!state.pending.empty()) state.append_chunk(std::exchange(state.pending, {}), output);
  const std::size_t start = begin_piece(output);
  write_footer_body(output, {state.number - 1, state.raw_bytes, state.hash.value()});
  seal_piece(output, start, PieceKind::footer, Coding::raw, state.number, state.header.id);
}

}  // namespace tenon::wire
