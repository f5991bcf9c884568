// SPDX-License-Identifier: MIT
#include <utility>

#include "image_format.hpp"
#include "keyspace.hpp"
#include "kv/image.hpp"
#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::kv {

ImageLoader::ImageLoader() : store_(std::make_unique<Store>()) {}
ImageLoader::ImageLoader(ImageLoader&&) noexcept = default;
ImageLoader& ImageLoader::operator=(ImageLoader&&) noexcept = default;
ImageLoader::~ImageLoader() = default;

bool ImageLoader::feed(std::string_view raw) {
  if (!error_.empty()) return false;
  waiting_.append(raw);
  std::string_view rest = waiting_;
  while (true) {
    const std::size_t before = rest.size();
    if (!take_element(rest)) break;
    offset_ += before - rest.size();
    skip_empty_parts();
  }
  waiting_.erase(0, waiting_.size() - rest.size());
  return error_.empty();
}

bool ImageLoader::fail(const std::string& what) {
  error_ = "the image of the state is not good at its byte " + std::to_string(offset_) + ": " + what;
  return false;
}

void ImageLoader::skip_empty_parts() noexcept {
  if (part_ == Part::keys && keys_left_ == 0) part_ = Part::sessions;
  if (part_ == Part::sessions && sessions_left_ == 0) part_ = Part::tail;
}

bool ImageLoader::take_element(std::string_view& rest) {
  switch (part_) {
    case Part::head:
      return take_head(rest);
    case Part::keys:
      return take_key(rest);
    case Part::sessions:
      return take_session(rest);
    case Part::tail:
      return take_tail(rest);
    case Part::end:
      break;
  }
  return rest.empty() ? false : fail("bytes follow where it should end");
}

bool ImageLoader::take_head(std::string_view& rest) {
  if (rest.size() < kImageHeadBytes) return false;
  if (!rest.starts_with(kImageMagic)) {
    return fail("it does not begin as a state of format " + std::to_string(kImageMagic.back()) +
                " does; it is of another version, or no image of a state");
  }
  ByteReader reader(rest.substr(kImageMagic.size()));
  store_->revision_ = reader.u64();
  store_->cluster_time_ms_ = reader.u64();
  keys_left_ = reader.u64();
  store_->sessions_.restore_last_id(reader.u64());
  sessions_left_ = reader.u64();
  rest.remove_prefix(kImageHeadBytes);
  part_ = Part::keys;
  return true;
}

bool ImageLoader::take_key(std::string_view& rest) {
  if (rest.size() < kItemHeadBytes) return false;
  ByteReader reader(rest);
  const std::uint32_t key_bytes = reader.u32();
  const std::uint32_t value_bytes = reader.u32();
  if (key_bytes > kKeyBytesMax || value_bytes > kReplyBytesMax) {
    return fail("a key of " + std::to_string(key_bytes) + " bytes with a value of " + std::to_string(value_bytes) +
                ", at most " + std::to_string(kKeyBytesMax) + " and " + std::to_string(kReplyBytesMax) + " may be");
  }
  if (rest.size() < kItemHeadBytes + key_bytes + value_bytes) return false;
  ItemParts parts;
  parts.created = reader.u64();
  parts.modified = reader.u64();
  parts.version = reader.u64();
  parts.expires_at_ms = reader.u64();
  parts.key = reader.raw(key_bytes);
  parts.value = reader.raw(value_bytes);
  if (store_->key_count() > 0 && parts.key <= last_key_) return fail("a key is not greater than the one before it");
  const bool in_order = parts.created > 0 && parts.created <= parts.modified && parts.modified <= store_->revision_;
  if (!in_order || parts.version == 0) {
    return fail("a key has version " + std::to_string(parts.version) + ", was created at " +
                std::to_string(parts.created) + " and changed at " + std::to_string(parts.modified) +
                ", which cannot be at revision " + std::to_string(store_->revision_));
  }
  store_->keyspace_->put(make_item(parts));
  last_key_ = parts.key;
  rest.remove_prefix(kItemHeadBytes + key_bytes + value_bytes);
  --keys_left_;
  return true;
}

bool ImageLoader::take_session(std::string_view& rest) {
  ByteReader reader(rest);
  const std::uint32_t bytes = reader.u32();
  if (!reader.ok()) return false;
  if (bytes > kSessionBytesMax) {
    return fail("a session of " + std::to_string(bytes) + " bytes, at most " + std::to_string(kSessionBytesMax) +
                " may be");
  }
  if (rest.size() < sizeof bytes + bytes) return false;
  if (!store_->sessions_.restore(reader.raw(bytes))) {
    return fail("a session is malformed, out of order, or one too many");
  }
  rest.remove_prefix(sizeof bytes + bytes);
  --sessions_left_;
  return true;
}

bool ImageLoader::take_tail(std::string_view& rest) {
  if (rest.size() < kImageTailBytes) return false;
  state_hash_ = ByteReader(rest).u64();
  rest.remove_prefix(kImageTailBytes);
  part_ = Part::end;
  return true;
}

std::unique_ptr<Store> ImageLoader::finish() {
  TENON_CHECK(store_ != nullptr);
  if (!error_.empty()) return nullptr;
  if (part_ != Part::end) {
    fail("it ends there, and at least " + std::to_string(keys_left_) + " keys and " + std::to_string(sessions_left_) +
         " sessions are missing");
    return nullptr;
  }
  if (state_hash_ != store_->state_hash() && !mutant("replies-not-in-image")) {
    fail("the state has the hash " + std::to_string(store_->state_hash()) + ", and the image names " +
         std::to_string(state_hash_));
    return nullptr;
  }
  return std::move(store_);
}

}  // namespace tenon::kv
