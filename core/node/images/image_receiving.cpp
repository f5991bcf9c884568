// SPDX-License-Identifier: MIT
#include "node/images/image_receiving.hpp"

#include <utility>
#include <vector>

#include "kv/image.hpp"
#include "tenon/host.hpp"

namespace tenon::node {

// What a worker and the node's thread hand to each other: the file, and what was made of the pieces in it.
struct ImageReceiving::Stage {
  enum class State { receiving, committed, given_up, undecided };

  StoragePort storage;
  std::string cluster_id;
  Target target;
  raft::Term leader_term;         // when its first piece came
  std::optional<ImageFile> file;  // nullopt: not opened yet
  wire::ImageDecoder decoder;
  kv::ImageLoader loader;
  std::unique_ptr<kv::Store> store;
  ImageIdentity identity;  // once it is committed
  State state = State::receiving;
  std::string why;
};

// Takes pieces that have come into the stage.
class ImageReceiving::Storing final : public Work {
 public:
  Storing(ImageReceiving& owner, std::unique_ptr<Stage> stage, std::deque<raft::Payload> pieces)
      : owner_(owner), stage_(std::move(stage)), pieces_(std::move(pieces)) {}

  bool step() override {
    try {
      return advance();
    } catch (const Error& error) {
      stage_->state =
          is_committing_ && error.code() != TENON_ERROR_INVALID ? Stage::State::undecided : Stage::State::given_up;
      stage_->why = error.what();
      stage_->file.reset();
      return false;
    }
  }
  void finished() override { owner_.stored(std::move(stage_)); }

 private:
  ImageReading::Sink into_store() {
    return [this](std::string_view raw) { return stage_->loader.feed(raw); };
  }

  bool advance() {
    if (!stage_->file) {
      stage_->file.emplace(ImageFile::create(stage_->storage, stage_->target.id, stage_->target.index));
      reading_.emplace(*stage_->file, into_store());
      return true;
    }
    if (reading_) return go_on_after_restart();
    if (verifying_) return verify();
    if (!pieces_.empty()) {
      take(pieces_.front().bytes);
      pieces_.pop_front();
      if (!pieces_.empty() || stage_->decoder.complete()) return true;
      return false;
    }
    if (!stage_->decoder.complete()) return false;
    verifying_.emplace(*stage_->file, [](std::string_view) { return true; });
    return true;
  }

  // What an earlier start of this node has stored of the image is read again, as far as a crash has left it good.
  bool go_on_after_restart() {
    if (reading_->step()) return true;
    stage_->decoder = std::move(reading_->decoder());
    reading_.reset();
    stage_->decoder.drop_unverified();
    if (!stage_->decoder.error().empty()) {
      stage_->decoder = wire::ImageDecoder();
      stage_->loader = kv::ImageLoader();
    }
    check_header();
    stage_->file->write(stage_->decoder.verified_bytes(), {});
    return !pieces_.empty() || stage_->decoder.complete();
  }

  void take(std::string_view piece) {
    const std::uint64_t offset = stage_->decoder.verified_bytes();
    if (!stage_->decoder.feed(piece, into_store()) || stage_->decoder.verified_bytes() != offset + piece.size()) {
      const std::string& why = stage_->decoder.error().empty() ? stage_->loader.error() : stage_->decoder.error();
      throw Error(TENON_ERROR_CORRUPT, "the leader sent a piece of an image that is not good: " + why);
    }
    check_header();
    stage_->file->write(offset, piece);
  }

  void check_header() const {
    const std::optional<wire::ImageHeader>& header = stage_->decoder.header();
    if (!header) return;
    if (header->id != stage_->target.id || header->index != stage_->target.index ||
        header->cluster_id != stage_->cluster_id) {
      throw Error(TENON_ERROR_CORRUPT, "the leader sent an image that is not the one it announced: it is of index " +
                                           std::to_string(header->index.value()) + " of the cluster " +
                                           header->cluster_id);
    }
    // What a leader holds was committed in its term or before.
    if (header->term > stage_->leader_term) {
      throw Error(TENON_ERROR_CORRUPT, "the leader sent an image of term " + std::to_string(header->term.value()) +
                                           ", which is later than its own, " +
                                           std::to_string(stage_->leader_term.value()));
    }
  }

  // The bytes were good as they came; now those that storage holds are.
  bool verify() {
    if (verifying_->step()) return true;
    const bool is_good = verifying_->error().empty() && verifying_->decoder().complete();
    verifying_.reset();
    if (!is_good) throw Error(TENON_ERROR_CORRUPT, "a received image was not read as it was written");
    stage_->store = stage_->loader.finish();
    if (!stage_->store) throw Error(TENON_ERROR_CORRUPT, "a received image holds no state: " + stage_->loader.error());
    is_committing_ = true;
    stage_->file->commit();
    stage_->identity = stage_->file->identity();
    stage_->file.reset();
    stage_->state = Stage::State::committed;
    return false;
  }

  ImageReceiving& owner_;
  std::unique_ptr<Stage> stage_;
  std::deque<raft::Payload> pieces_;
  std::optional<ImageReading> reading_;    // of what an earlier start has left
  std::optional<ImageReading> verifying_;  // of the whole, before the commit
  bool is_committing_ = false;
};

// Closes the file of a stage that is not wanted any more.
class ImageReceiving::Closing final : public Work {
 public:
  Closing(ImageReceiving& owner, std::unique_ptr<Stage> stage) : owner_(owner), stage_(std::move(stage)) {}
  bool step() override {
    stage_.reset();
    return false;
  }
  void finished() override { owner_.is_closing_ = false; }

 private:
  ImageReceiving& owner_;
  std::unique_ptr<Stage> stage_;
};

ImageReceiving::ImageReceiving(StoragePort storage, WorkPort& workers, std::string cluster_id, Answer answer,
                               Received received, Failed given_up, Failed undecided)
    : storage_(storage),
      workers_(workers),
      cluster_id_(std::move(cluster_id)),
      answer_(std::move(answer)),
      received_(std::move(received)),
      given_up_(std::move(given_up)),
      undecided_(std::move(undecided)) {}

ImageReceiving::~ImageReceiving() = default;

void ImageReceiving::close() noexcept { stage_.reset(); }

void ImageReceiving::on_piece(raft::NodeId leader, const wire::ImagePiece& piece, raft::Instant now) {
  const Target target{leader, piece.image, piece.index};
  // Until the file of what nobody wants is closed: the image that begins now may be the same. The leader asks again.
  if (is_closing_) return;
  if (target_ != target) {
    if (is_storing_) return;
    if (target_) return abandon();
    target_ = target;
    heard_ = now;
    stage_ = std::make_unique<Stage>(
        Stage{storage_, cluster_id_, target, piece.term, {}, {}, {}, {}, {}, Stage::State::receiving, {}});
    return store();  // opens it; the answer says which piece is wanted
  }
  heard_ = now;
  if (piece.number != next_piece_ || waiting_.size() >= kWaitingMax) {
    if (!is_storing_) say(wire::ImageAck::Status::receiving);
    return;
  }
  ++next_piece_;
  waiting_.push_back(piece.piece);
  if (!is_storing_) store();
}

void ImageReceiving::store() {
  is_storing_ = true;
  workers_.start(std::make_unique<Storing>(*this, std::move(stage_), std::exchange(waiting_, {})));
}

void ImageReceiving::stored(std::unique_ptr<Stage> stage) {
  is_storing_ = false;
  if (stage->state == Stage::State::undecided) return undecided_(stage->why);
  if (stage->state == Stage::State::committed) {
    const wire::ImageHeader& header = *stage->decoder.header();
    const Target target = *target_;
    abandon();
    return received_({{stage->identity, header.term, header.membership, std::move(stage->store)}, target.leader});
  }
  if (stage->state == Stage::State::given_up) {
    say(wire::ImageAck::Status::refused);
    given_up_(stage->why);
    stage_ = std::move(stage);
    return abandon();
  }
  offset_ = stage->decoder.verified_bytes();
  // While the file was opened pieces have come that it holds from before a restart.
  const std::uint64_t next = stage->decoder.next_piece();
  for (std::uint64_t first = next_piece_ - waiting_.size(); first < next && !waiting_.empty(); ++first) {
    waiting_.pop_front();
  }
  next_piece_ = next + waiting_.size();
  stage_ = std::move(stage);
  say(wire::ImageAck::Status::receiving);
  if (!waiting_.empty()) store();
}

void ImageReceiving::abandon() {
  TENON_CHECK(!is_storing_);
  waiting_.clear();
  if (stage_) close_later(std::exchange(stage_, nullptr));
  target_.reset();
  next_piece_ = 0;
  offset_ = 0;
}

void ImageReceiving::close_later(std::unique_ptr<Stage> stage) {
  is_closing_ = true;
  workers_.start(std::make_unique<Closing>(*this, std::move(stage)));
}

// What a worker has is waited for: it may be committing.
void ImageReceiving::expire(raft::LogIndex applied, raft::Instant now) {
  if (!target_ || is_storing_) return;
  if (target_->index <= applied || now - heard_ >= kIdleMax) abandon();
}

std::optional<raft::Instant> ImageReceiving::next_expiry() const noexcept {
  if (!target_ || is_storing_) return std::nullopt;
  return heard_ + kIdleMax;
}

void ImageReceiving::say(wire::ImageAck::Status status) const {
  answer_(target_->leader, {{}, target_->id, target_->index, next_piece_ - waiting_.size(), offset_, status});
}

}  // namespace tenon::node
