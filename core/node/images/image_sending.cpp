// SPDX-License-Identifier: MIT
#include "node/images/image_sending.hpp"

#include <algorithm>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "wire/image.hpp"

namespace tenon::node {

// Reads the pieces that come next, on a worker.
class ImageSending::Pieces final : public Work {
 public:
  Pieces(ImageSending& owner, raft::NodeId peer, const Transfer& transfer, std::uint64_t count_max)
      : owner_(owner),
        storage_(owner.storage_),
        peer_(peer),
        reading_(transfer.reading),
        file_(transfer.file),
        next_(transfer.next),
        reached_(transfer.reached),
        count_max_(count_max) {}

  bool step() override {
    try {
      return read_one();
    } catch (const Error& error) {
      error_ = error.code();
      why_ = error.what();
      return false;
    }
  }
  void finished() override { owner_.has_read(*this); }

 private:
  friend ImageSending;

  bool read_one() {
    if (!file_) {
      std::optional<ImageFile> newest = ImageFile::open_newest(storage_);
      if (!newest) throw Error(TENON_ERROR_NOT_FOUND, "a peer needs an image, and this node holds none");
      file_ = std::make_shared<ImageFile>(*std::move(newest));
    }
    const std::uint64_t end = file_->identity().bytes;
    if (next_.offset == end || pieces_.size() == count_max_) return false;
    const std::string head = read(next_.offset, wire::kPieceHeadBytes);
    const std::optional<std::uint32_t> size = wire::piece_bytes(head);
    if (!size || wire::piece_number(head) != next_.piece) {
      if (next_ == reached_ || next_.offset == 0) throw damaged();
      // What the peer says that it holds leads to no piece of this image: it starts anew.
      next_ = Place();
      return true;
    }
    auto piece = std::make_shared<const std::string>(read(next_.offset, *size));
    if (!wire::is_sound_piece(*piece)) throw damaged();
    pieces_.push_back({next_, {piece, *piece}});
    const bool goes_on = next_ == reached_;
    next_ = {next_.piece + 1, next_.offset + piece->size()};
    if (goes_on) reached_ = next_;
    return pieces_.size() < count_max_;
  }

  Error damaged() const {
    return Error(TENON_ERROR_CORRUPT,
                 "this node's image of index " + std::to_string(file_->identity().index.value()) +
                     " is damaged in piece " + std::to_string(next_.piece) + ", at byte " +
                     std::to_string(next_.offset) +
                     "; the next takes its place as soon as an entry is applied; look at the disk");
  }

  std::string read(std::uint64_t offset, std::uint64_t size) const {
    std::string text(static_cast<std::size_t>(size), '\0');
    const std::size_t found = file_->read(offset, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    text.resize(found);
    return text;
  }

  ImageSending& owner_;
  const StoragePort storage_;
  const raft::NodeId peer_;
  const std::uint64_t reading_;
  std::shared_ptr<ImageFile> file_;
  Place next_;
  Place reached_;
  const std::uint64_t count_max_;
  std::vector<Piece> pieces_;
  tenon_error error_ = TENON_OK;
  std::string why_;  // of an error
};

class ImageSending::Closing final : public Work {
 public:
  Closing(ImageSending& owner, std::shared_ptr<ImageFile> file) : owner_(owner), file_(std::move(file)) {}
  bool step() override {
    file_.reset();
    return false;
  }
  void finished() override { owner_.has_closed(); }

 private:
  ImageSending& owner_;
  std::shared_ptr<ImageFile> file_;
};

ImageSending::ImageSending(StoragePort storage, WorkPort& workers, PeerLinks& links, const SendingSettings& settings,
                           Failed failed)
    : storage_(storage), workers_(workers), links_(links), settings_(settings), failed_(std::move(failed)) {
  TENON_CHECK(settings_.window_pieces > 0);
  TENON_CHECK(settings_.closing_files_max > 0);
}

ImageSending::~ImageSending() = default;

void ImageSending::begin(raft::NodeId peer, raft::LogIndex match, raft::LogIndex newest, raft::Instant now) {
  const auto found = transfers_.find(peer);
  if (found != transfers_.end()) {
    const std::shared_ptr<ImageFile>& file = found->second.file;
    if (!file || file->identity().index > match) return;
    end(found->second);
    transfers_.erase(found);
  }
  Transfer& transfer = transfers_[peer];
  transfer.index = newest;
  transfer.wait = settings_.answer_wait_min;
  transfer.wait_until = now + transfer.wait;
}

void ImageSending::on_ack(raft::NodeId peer, const wire::ImageAck& ack, raft::Instant now) {
  const auto found = transfers_.find(peer);
  if (found == transfers_.end() || !found->second.file) return;
  Transfer& transfer = found->second;
  if (transfer.file->identity().id != ack.image || ack.offset > transfer.file->identity().bytes) return;
  if (ack.status == wire::ImageAck::Status::refused) return;  // it cannot take it now; the next probe asks again
  const Place wanted{ack.next_piece, ack.offset};
  const bool goes_on = wanted.piece > transfer.acknowledged.piece;
  const bool has_lost = wanted.piece < transfer.acknowledged.piece;
  transfer.acknowledged = wanted;
  if (transfer.state == State::probe || has_lost || wanted.piece > transfer.next.piece) {
    probe(transfer);
    if (!has_lost) transfer.state = State::stream;
  }
  if (goes_on) transfer.wait = settings_.answer_wait_min;
  transfer.wait_until = now + transfer.wait;
}

void ImageSending::on_lane(raft::NodeId peer, LaneEvent event, raft::Instant now) {
  const auto found = transfers_.find(peer);
  if (found == transfers_.end()) return;
  Transfer& transfer = found->second;
  transfer.is_blocked = event == LaneEvent::down;
  if (event == LaneEvent::writable) return;
  probe(transfer);
  transfer.wait = settings_.answer_wait_min;
  transfer.wait_until = now + transfer.wait;
}

void ImageSending::probe(Transfer& transfer) {
  transfer.state = State::probe;
  transfer.next = transfer.acknowledged;
  transfer.is_void = transfer.is_reading;
}

void ImageSending::keep(const std::vector<raft::NodeId>& peers) {
  // Not by erase_if(), which shows what it erases as const, so that the file would be copied and not moved away.
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    if (std::find(peers.begin(), peers.end(), at->first) != peers.end()) {
      ++at;
      continue;
    }
    end(at->second);
    at = transfers_.erase(at);
  }
}

// What reads the file closes it as well, when it comes back.
void ImageSending::end(Transfer& transfer) {
  if (transfer.file && !transfer.is_reading) close_later(std::move(transfer.file));
}

void ImageSending::close_later(std::shared_ptr<ImageFile> file) {
  workers_.start(std::make_unique<Closing>(*this, std::move(file)));
}

void ImageSending::has_closed() noexcept {
  TENON_CHECK(open_files_ > 0);
  --open_files_;
}

std::size_t ImageSending::closing_files() const noexcept {
  const auto used = std::count_if(transfers_.begin(), transfers_.end(),
                                  [](const auto& one) { return one.second.file != nullptr || one.second.is_reading; });
  return open_files_ - static_cast<std::size_t>(used);
}

void ImageSending::run(raft::Term term, raft::Instant now) {
  term_ = term;
  now_ = now;
  if (transfers_.empty()) return;
  refill(now);
  for (auto& [peer, transfer] : transfers_) {
    if (now >= transfer.wait_until) {
      probe(transfer);
      // A peer that holds all of it answers to any piece that it has installed it.
      const bool holds_all = transfer.file && transfer.next.offset == transfer.file->identity().bytes;
      if (holds_all) transfer.acknowledged = transfer.next = Place();
      transfer.is_blocked = false;
      transfer.wait = std::min(transfer.wait * 2, settings_.answer_wait_max);
      transfer.wait_until = now + transfer.wait;
    }
    read_on(peer, transfer);
  }
}

void ImageSending::read_on(raft::NodeId peer, Transfer& transfer) {
  const std::uint64_t window = transfer.state == State::probe ? 1 : settings_.window_pieces;
  const std::uint64_t sent = transfer.next.piece - transfer.acknowledged.piece;
  if (transfer.is_reading || transfer.is_blocked || sent >= window) return;
  if (transfer.file && transfer.next.offset == transfer.file->identity().bytes) return;
  if (settings_.bytes_per_second > 0 && allowance_bytes_ <= 0) return;
  if (!transfer.file) {
    if (closing_files() >= settings_.closing_files_max) return;
    ++open_files_;
  }
  transfer.is_reading = true;
  transfer.reading = ++last_reading_;
  workers_.start(std::make_unique<Pieces>(*this, peer, transfer, window - sent));
}

void ImageSending::has_read(Pieces& read) {
  if (!read.file_) has_closed();  // it could not be opened
  const auto found = transfers_.find(read.peer_);
  if (found == transfers_.end() || found->second.reading != read.reading_) {
    if (read.file_) close_later(std::move(read.file_));
    return;
  }
  Transfer& transfer = found->second;
  transfer.is_reading = false;
  if (!transfer.file && read.file_) {
    transfer.file = std::move(read.file_);
    TENON_CHECK(transfer.file->identity().index >= transfer.index);
    transfer.index = transfer.file->identity().index;
  }
  transfer.reached = read.reached_;
  if (read.error_ == TENON_ERROR_CORRUPT && transfer.file) {
    read.file_.reset();
    close_later(std::exchange(transfer.file, nullptr));
    transfer.acknowledged = transfer.next = transfer.reached = Place();
  }
  const bool is_wanted = !std::exchange(transfer.is_void, false);
  if (read.error_ != TENON_OK) {
    transfer.is_blocked = true;  // until the wait is over
    return failed_(read.error_, read.why_);
  }
  if (!is_wanted) return;
  send(read.peer_, transfer, read.pieces_);
}

void ImageSending::send(raft::NodeId peer, Transfer& transfer, const std::vector<Piece>& pieces) {
  const ImageIdentity& image = transfer.file->identity();
  for (const Piece& piece : pieces) {
    transfer.next = piece.place;
    if (!links_.send(peer,
                     wire::ImagePiece{term_, image.id, image.index, piece.place.piece, image.bytes, piece.bytes})) {
      transfer.is_blocked = true;
      return;
    }
    allowance_bytes_ -= static_cast<std::int64_t>(piece.bytes.bytes.size());
    transfer.next = {piece.place.piece + 1, piece.place.offset + piece.bytes.bytes.size()};
  }
}

void ImageSending::refill(raft::Instant now) {
  constexpr std::int64_t burst_parts = 10;  // of a second that may be saved up
  const auto rate = static_cast<std::int64_t>(settings_.bytes_per_second);
  const std::int64_t passed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_at_).count();
  if (passed_ms <= 0) return;
  refilled_at_ = now;
  constexpr std::int64_t passed_ms_max = 1000;
  allowance_bytes_ =
      std::min(allowance_bytes_ + rate * std::min(passed_ms, passed_ms_max) / 1000, rate / burst_parts + 1);
}

std::optional<raft::Instant> ImageSending::next_deadline() const noexcept {
  std::optional<raft::Instant> deadline;
  const bool waits_for_allowance = settings_.bytes_per_second > 0 && allowance_bytes_ <= 0;
  for (const auto& [peer, transfer] : transfers_) {
    raft::Instant wanted = transfer.wait_until;
    if (waits_for_allowance) wanted = std::min(wanted, now_ + std::chrono::milliseconds(5));
    if (!deadline || wanted < *deadline) deadline = wanted;
  }
  return deadline;
}

std::optional<raft::LogIndex> ImageSending::oldest_index() const noexcept {
  std::optional<raft::LogIndex> oldest;
  for (const auto& [peer, transfer] : transfers_) {
    if (!oldest || transfer.index < *oldest) oldest = transfer.index;
  }
  return oldest;
}

}  // namespace tenon::node
