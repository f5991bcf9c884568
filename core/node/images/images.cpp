// SPDX-License-Identifier: MIT
#include "node/images/images.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tenon::node {

Images::Images(StoragePort storage, WorkPort& workers, PeerLinks& links, std::string cluster_id,
               const ImageSettings& settings, std::optional<ImageIdentity> newest, raft::Random random,
               raft::Instant now)
    : storage_(storage),
      workers_(workers),
      links_(links),
      settings_(settings),
      random_(random),
      newest_(newest),
      newest_since_(now),
      first_log_bytes_(settings.log_bytes / 2 + random_.below(settings.log_bytes / 2 + 1)),
      now_(now),
      sending_(storage, workers, links, settings.sending,
               [this](const std::string& why) {
                 notes_.push_back(why);
                 is_asked_ = true;  // a newer one takes its place, as soon as there is more to hold
               }),
      receiving_(
          storage, workers, std::move(cluster_id),
          [this](raft::NodeId leader, const wire::ImageAck& ack) {
            wire::ImageAck said = ack;
            said.term = term_;
            links_.send(leader, said);
          },
          [this](ReceivedImage received) {
            ++received_count_;
            newest_ = received.image.identity;
            newest_since_ = now_;
            has_news_ = true;
            received_image_ = std::move(received);
          },
          [this](const std::string& why) { notes_.push_back(why); }, [this](const std::string& why) { fatal_ = why; }) {
}

void Images::update(raft::Term term, raft::LogIndex applied, raft::Instant now) {
  term_ = term;
  now_ = now;
  receiving_.expire(applied, now);
}

bool Images::wants_to_take(raft::LogIndex applied, std::uint64_t log_bytes, raft::Instant now) const noexcept {
  if (is_taking_ || receiving_.is_busy() || received_image_ || now < not_before_) return false;
  if (newest_ ? applied <= newest_->index : applied == raft::LogIndex()) return false;
  if (is_asked_) return true;
  const std::uint64_t grown = log_bytes - log_bytes_at_newest_;
  const std::uint64_t wanted = newest_ ? std::max(settings_.log_bytes, newest_->bytes) : first_log_bytes_;
  if (settings_.log_bytes > 0 && grown >= wanted) return true;
  return settings_.interval > raft::Duration() && now - newest_since_ >= settings_.interval;
}

void Images::take(wire::ImageHeader header, std::shared_ptr<const kv::Snapshot> snapshot, std::uint64_t log_bytes) {
  is_taking_ = true;
  is_asked_ = false;
  log_bytes_at_taking_ = log_bytes;
  header.id = draw_id();
  header.chunk_raw_bytes = settings_.chunk_raw_bytes;
  workers_.start(std::make_unique<ImageTaking>(storage_, std::move(header), std::move(snapshot), settings_.zstd_level,
                                               [this](const ImageOutcome& outcome) { taken(outcome); }));
}

void Images::taken(const ImageOutcome& outcome) {
  is_taking_ = false;
  switch (outcome.kind) {
    case ImageOutcome::Kind::committed:
      ++taken_count_;
      newest_ = outcome.identity;
      newest_since_ = now_;
      log_bytes_at_newest_ = log_bytes_at_taking_;
      has_news_ = true;
      break;
    case ImageOutcome::Kind::given_up:
      not_before_ = now_ + settings_.retry_wait;
      notes_.push_back("no image could be taken, it is tried again later: " + outcome.why);
      break;
    case ImageOutcome::Kind::undecided:
      fatal_ = outcome.why;
  }
}

void Images::on_piece(raft::NodeId leader, const wire::ImagePiece& piece) {
  // The leader asks again when the image that is being taken is done.
  if (!is_taking_ && !received_image_) receiving_.on_piece(leader, piece, now_);
}

std::optional<ReceivedImage> Images::take_received() noexcept { return std::exchange(received_image_, std::nullopt); }
bool Images::take_news() noexcept { return std::exchange(has_news_, false); }
std::vector<std::string> Images::take_notes() { return std::exchange(notes_, {}); }

std::optional<raft::Instant> Images::next_deadline(raft::Instant now) const noexcept {
  std::optional<raft::Instant> deadline = sending_.next_deadline();
  const std::optional<raft::Instant> expiry = receiving_.next_expiry();
  if (expiry && (!deadline || *expiry < *deadline)) deadline = expiry;
  if (settings_.interval > raft::Duration() && !is_taking_) {
    // What is due and was not done waits for something to be applied, not for time.
    const raft::Instant wanted = std::max(newest_since_ + settings_.interval, not_before_);
    if (wanted > now && (!deadline || wanted < *deadline)) deadline = wanted;
  }
  return deadline;
}

ImageStatus Images::status() const noexcept {
  return {newest_ ? newest_->index : raft::LogIndex(),
          newest_ ? newest_->bytes : 0,
          is_taking_,
          receiving_.is_busy(),
          taken_count_,
          received_count_,
          sending_.count()};
}

void Images::close() noexcept {
  sending_.close();
  receiving_.close();
}

wire::ImageId Images::draw_id() {
  wire::ImageId id;
  for (std::size_t half = 0; half < id.size(); half += 8) {
    const std::uint64_t drawn = random_.next();
    std::memcpy(id.data() + half, &drawn, sizeof drawn);
  }
  return id;
}

}  // namespace tenon::node
