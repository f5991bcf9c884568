// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "image_format.hpp"
#include "item_tree.hpp"
#include "kv/image.hpp"
#include "tenon/bytes.hpp"
#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

// Elements are prepared until so many bytes are ready, or more by one element.
constexpr std::size_t kPreparedBytes = 64u << 10;

void write_item(ByteWriter& writer, const Item& item) {
  writer.u32(item.key_bytes);
  writer.u32(item.value_bytes);
  writer.u64(item.created);
  writer.u64(item.modified);
  writer.u64(item.version);
  writer.u64(item.expires_at_ms);
  writer.raw(item.key());
  writer.raw(item.value());
}

}  // namespace

ImageSource::ImageSource(std::shared_ptr<const Snapshot> snapshot)
    : snapshot_(std::move(snapshot)),
      walk_(std::make_unique<TreeWalk>(TreeView(snapshot_->parts_.root))),
      sessions_(snapshot_->parts_.sessions) {
  walk_->to_first();
}
ImageSource::ImageSource(ImageSource&&) noexcept = default;
ImageSource::~ImageSource() = default;

bool ImageSource::next(std::string& output, std::size_t bytes_max) {
  TENON_CHECK(bytes_max > 0);
  while (true) {
    const std::size_t taken = std::min(bytes_max, prepared_.size() - given_);
    output.append(prepared_, given_, taken);
    given_ += taken;
    bytes_max -= taken;
    if (given_ < prepared_.size()) return true;
    prepared_.clear();
    given_ = 0;
    if (is_prepared_) return false;
    is_prepared_ = !prepare();
  }
}

// False: all is prepared.
bool ImageSource::prepare() {
  ByteWriter writer(prepared_);
  const Snapshot::Parts& parts = snapshot_->parts_;
  if (!has_head_) {
    has_head_ = true;
    writer.raw(kImageMagic);
    writer.u64(parts.revision);
    writer.u64(parts.cluster_time_ms);
    writer.u64(parts.key_count);
    writer.u64(parts.sessions.last_id());
    writer.u64(parts.sessions.size());
  }
  for (; walk_->item() != nullptr; walk_->forward()) {
    if (prepared_.size() >= kPreparedBytes) return true;
    write_item(writer, *walk_->item());
  }
  for (std::string session; sessions_.next(session); session.clear()) {
    writer.block(session);
    if (prepared_.size() >= kPreparedBytes) return true;
  }
  writer.u64(parts.state_hash);
  return false;
}

}  // namespace tenon::kv
