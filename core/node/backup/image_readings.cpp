// SPDX-License-Identifier: MIT
#include "node/backup/image_readings.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "node/discarding.hpp"
#include "tenon/host.hpp"

namespace tenon::node {

// Opens the newest image unless it has a file already, and reads one part of it.
class ImageReadings::PartReading final : public Work {
 public:
  PartReading(ImageReadings& readings, Asked asked, std::unique_ptr<ImageFile> file)
      : readings_(readings),
        asked_(std::move(asked)),
        storage_(readings.storage_),
        file_(std::move(file)),
        is_opening_(file_ == nullptr) {}

  bool step() override {
    try {
      if (!file_) open_newest();
      if (file_ && answers_wanted_id()) read();
    } catch (const Error& error) {
      refusal_ = OperatorRefusal{Outcome::refused, error.code(), error.what()};
    }
    return false;
  }
  void finished() override { readings_.finished(*this); }

  Asked& asked() noexcept { return asked_; }
  bool is_opening() const noexcept { return is_opening_; }
  // Null: it could not be opened.
  std::unique_ptr<ImageFile> take_file() noexcept { return std::move(file_); }
  const std::optional<OperatorRefusal>& refusal() const noexcept { return refusal_; }
  ImagePart take_part() noexcept { return std::move(part_); }

 private:
  void open_newest() {
    std::optional<ImageFile> newest = ImageFile::open_newest(storage_);
    if (newest) {
      file_ = std::make_unique<ImageFile>(*std::move(newest));
    } else {
      refuse(TENON_ERROR_NOT_FOUND, "this node has no image; ask it for one first (snapshot create)");
    }
  }
  bool answers_wanted_id() {
    if (!asked_.wanted.id || *asked_.wanted.id == file_->identity().id) return true;
    refuse(TENON_ERROR_NOT_FOUND,
           "that image is not kept any more: a newer one has taken its place, and nobody has read it for a while; "
           "begin the backup anew");
    return false;
  }
  void read() {
    const ImageIdentity& image = file_->identity();
    const std::uint64_t offset = asked_.wanted.offset;
    if (offset > image.bytes) {
      return refuse(TENON_ERROR_INVALID, "found offset " + std::to_string(offset) + ", expected at most " +
                                             std::to_string(image.bytes) + ", the size of the image");
    }
    part_ = {image.id, image.index, image.bytes, offset, {}};
    part_.data.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPartBytes, image.bytes - offset)));
    if (part_.data.empty()) return;
    const std::size_t size =
        file_->read(offset, {reinterpret_cast<std::uint8_t*>(part_.data.data()), part_.data.size()});
    if (size != part_.data.size()) {
      refuse(TENON_ERROR_CORRUPT, "the image ends at offset " + std::to_string(offset + size) + ", expected " +
                                      std::to_string(image.bytes) + "; take another (snapshot create)");
    }
  }
  void refuse(tenon_error error, std::string why) {
    refusal_ = OperatorRefusal{Outcome::refused, error, std::move(why)};
  }

  ImageReadings& readings_;  // for finished() only
  Asked asked_;
  const StoragePort storage_;
  std::unique_ptr<ImageFile> file_;
  const bool is_opening_;
  std::optional<OperatorRefusal> refusal_;
  ImagePart part_;
};

ImageReadings::ImageReadings(StoragePort storage, WorkPort& workers, Answer answer)
    : storage_(storage), workers_(workers), answer_(std::move(answer)) {}

ImageReadings::~ImageReadings() = default;

void ImageReadings::ask(Token token, const ImagePartWanted& wanted) {
  if (under_way_ + waiting_.size() >= kAskedMax) {
    return answer_({token, OperatorRefusal{Outcome::overloaded, TENON_ERROR_BUSY,
                                           "this node reads as many parts of images as it does at once; try later"}});
  }
  waiting_.push_back({token, wanted});
  begin_waiting();
}

void ImageReadings::begin_waiting() {
  std::deque<Asked> still_waiting;
  while (!waiting_.empty()) {
    const Asked asked = waiting_.front();
    waiting_.pop_front();
    if (!begin(asked)) still_waiting.push_back(asked);
  }
  waiting_ = std::move(still_waiting);
}

bool ImageReadings::begin(const Asked& asked) {
  std::unique_ptr<ImageFile> file;
  if (Reading* reading = asked.wanted.id ? find(*asked.wanted.id) : nullptr) {
    if (!reading->file) return false;
    file = std::move(reading->file);
  } else if (readings_.size() + opening_ < kReadingsMax || make_room()) {
    ++opening_;
  } else {
    answer_({asked.token,
             OperatorRefusal{Outcome::overloaded, TENON_ERROR_BUSY,
                             std::to_string(kReadingsMax) + " images of this node are being read; try again when one " +
                                 "of them is done, or take the backup from another node"}});
    return true;
  }
  ++under_way_;
  workers_.start(std::make_unique<PartReading>(*this, asked, std::move(file)));
  return true;
}

// Takes a reading away that has come to its end. False: there is none.
bool ImageReadings::make_room() {
  const auto found = std::find_if(readings_.begin(), readings_.end(),
                                  [](const Reading& reading) { return reading.file && reading.has_ended; });
  if (found == readings_.end()) return false;
  close_later(std::move(found->file));
  readings_.erase(found);
  return true;
}

void ImageReadings::finished(PartReading& part) {
  --under_way_;
  if (part.is_opening()) --opening_;
  std::unique_ptr<ImageFile> file = part.take_file();
  ImagePart read = part.take_part();
  if (part.refusal()) {
    if (file && part.is_opening()) close_later(std::move(file));
    if (file) find(file->identity().id)->file = std::move(file);
    answer_({part.asked().token, *part.refusal()});
    return begin_waiting();
  }
  const wire::ImageId id = file->identity().id;
  Reading* reading = find(id);
  if (reading == nullptr) {
    reading = &readings_.emplace_back();
    reading->id = id;
  } else if (part.is_opening()) {
    close_later(std::move(file));  // another has opened it meanwhile
  }
  if (file) reading->file = std::move(file);
  reading->used.reset();
  reading->has_ended = read.offset + read.data.size() == read.image_bytes;
  answer_({part.asked().token, std::move(read)});
  begin_waiting();
}

void ImageReadings::expire(raft::Instant now) {
  std::erase_if(readings_, [&](Reading& reading) {
    if (!reading.used) reading.used = now;
    if (!reading.file || now - *reading.used < kIdleMax) return false;
    close_later(std::move(reading.file));
    return true;
  });
}

std::optional<raft::Instant> ImageReadings::next_expiry() const noexcept {
  std::optional<raft::Instant> earliest;
  for (const Reading& reading : readings_) {
    if (!reading.file || !reading.used) continue;
    const raft::Instant expiry = *reading.used + kIdleMax;
    if (!earliest || expiry < *earliest) earliest = expiry;
  }
  return earliest;
}

void ImageReadings::close() noexcept { readings_.clear(); }

ImageReadings::Reading* ImageReadings::find(const wire::ImageId& id) noexcept {
  const auto found =
      std::find_if(readings_.begin(), readings_.end(), [&](const Reading& reading) { return reading.id == id; });
  return found == readings_.end() ? nullptr : &*found;
}

void ImageReadings::close_later(std::unique_ptr<ImageFile> file) { discard(workers_, std::move(file)); }

}  // namespace tenon::node
