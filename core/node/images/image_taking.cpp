// SPDX-License-Identifier: MIT
#include "node/images/image_taking.hpp"

#include <string_view>
#include <utility>

#include "tenon/host.hpp"

namespace tenon::node {
namespace {

wire::ImageHeader with_size(wire::ImageHeader header, const kv::Snapshot& snapshot) {
  header.raw_bytes = snapshot.image_bytes();
  return header;
}

}  // namespace

ImageTaking::ImageTaking(StoragePort storage, wire::ImageHeader header, std::shared_ptr<const kv::Snapshot> snapshot,
                         int zstd_level, Done done)
    : storage_(storage),
      header_(with_size(std::move(header), *snapshot)),
      done_(std::move(done)),
      source_(std::move(snapshot)),
      encoder_(header_, zstd_level) {
  outcome_.identity = {header_.id, header_.index, 0};
}

bool ImageTaking::step() {
  try {
    return advance();
  } catch (const Error& error) {
    outcome_.kind = phase_ == Phase::commit && error.code() != TENON_ERROR_INVALID ? ImageOutcome::Kind::undecided
                                                                                   : ImageOutcome::Kind::given_up;
    outcome_.why = error.what();
    file_.reset();
    return false;
  }
}

bool ImageTaking::advance() {
  switch (phase_) {
    case Phase::begin:
      file_.emplace(ImageFile::create(storage_, header_.id, header_.index));
      encoder_.begin(stored_);
      flush();
      phase_ = Phase::encode;
      return true;
    case Phase::encode:
      if (!encode()) phase_ = Phase::verify;
      return true;
    case Phase::verify:
      if (!verify()) phase_ = Phase::commit;
      return true;
    case Phase::commit:
      break;
  }
  outcome_.identity.bytes = offset_;
  file_->commit();
  outcome_.kind = ImageOutcome::Kind::committed;
  file_.reset();
  return false;
}

std::uint64_t ImageTaking::unhurried_bytes() const noexcept {
  const bool is_read = phase_ == Phase::commit;
  return encoded_bytes_ + (is_read ? offset_ : reading_ ? reading_->decoder().verified_bytes() : 0);
}

bool ImageTaking::encode() {
  raw_.clear();
  const bool has_more = source_.next(raw_, header_.chunk_raw_bytes);
  encoder_.add(raw_, stored_);
  encoded_bytes_ += raw_.size();
  if (!has_more) encoder_.finish(stored_);
  flush();
  return has_more;
}

// What was written is read back before anything rests on it: the log that it replaces is still there.
bool ImageTaking::verify() {
  if (!reading_) reading_.emplace(*file_, [](std::string_view) { return true; });
  if (reading_->step()) return true;
  if (!reading_->error().empty())
    throw Error(TENON_ERROR_CORRUPT, "an image was not read as it was written: " + reading_->error());
  if (!reading_->decoder().complete())
    throw Error(TENON_ERROR_CORRUPT, "an image was not read to the end that was written");
  reading_.reset();
  return false;
}

void ImageTaking::flush() {
  if (stored_.empty()) return;
  file_->write(offset_, stored_);
  offset_ += stored_.size();
  stored_.clear();
}

}  // namespace tenon::node
