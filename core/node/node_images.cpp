// SPDX-License-Identifier: MIT
// What a node does with images: taking them, shortening the log behind them, and passing them on.
#include <algorithm>
#include <utility>

#include "node/discarding.hpp"
#include "node/node.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

constexpr std::chrono::milliseconds kCompactionInterval(100);

}  // namespace

void Node::on_work_done(std::unique_ptr<Work> work) {
  // What has failed does nothing more, and handles on images are not for this thread to close.
  if (failed_) return left_work_.push_back(std::move(work));
  work->finished();
  more_to_do_ = true;
}

void Node::take_image() {
  if (!failed_) images_.ask(applied_index_);
}

void Node::ask(OperatorRequest request) {
  if (failed_) return;
  if (const auto* part = std::get_if<ImagePartWanted>(&request.wanted)) return readings_.ask(request.token, *part);
  if (const auto* part = std::get_if<LogPartWanted>(&request.wanted)) return begin_log_part(request.token, *part);
  if (auto* change = std::get_if<MemberChangeWanted>(&request.wanted))
    return members_.ask(request.token, std::move(*change));
  begin_compaction(request.token);
}

void Node::close_images() noexcept {
  left_work_.clear();
  images_.close();
  readings_.close();
}

void Node::handle_images() {
  readings_.expire(now_.steady);
  images_.update(raft_.term(), applied_index_, now_.steady);
  if (images_.fatal()) return fail(*images_.fatal());
  for (const std::string& note : images_.take_notes()) surroundings_.image_trouble(note);
  if (std::optional<ReceivedImage> received = images_.take_received()) install(*std::move(received));
  if (images_.take_news()) {
    next_compaction_ = now_.steady;
    surroundings_.image_committed(images_.status());
  }
}

// The image is durable, and holds what is committed: it may be installed whoever leads by now. What this node has
// applied meanwhile, perhaps because the log came after all, is never undone.
void Node::install(ReceivedImage received) {
  LoadedImage& image = received.image;
  const raft::LogIndex index = image.identity.index;
  if (index > applied_index_ || mutant("older-image-installed")) {
    kept_states_.clear();
    discard(workers_, std::exchange(store_, std::move(*image.store)));
    discard(workers_, watches_.reset(store_.revision()));
    store_.set_change_sink(watches_.sink());
    applied_membership_ = image.membership;
    applied_index_ = index;
    clock_.applied(now_.steady, store_.cluster_time_ms());
    states_.replaced();
    state_age_.applied(index);
    log_marks_.reset(index);
    if (!mutant("installed-writes-refused")) requests_.installed(index, raft_.leader());
  }
  images_.installed(log_marks_.bytes());
  step(raft::ImageReceived{index, image.term, std::make_shared<const raft::Membership>(std::move(image.membership)),
                           received.leader});
  perform();
}

void Node::receive(raft::NodeId peer, const wire::ImagePiece& piece) {
  if (piece.term != raft_.term() || peer != raft_.leader()) return surroundings_.message_dropped(raft::Drop::old_term);
  if (piece.index > applied_index_) return images_.on_piece(peer, piece);
  // It has come while this node was behind, or the answer that it is there was lost: said anew.
  if (mutant("late-piece-unanswered")) return;
  happened_.emplace_back(raft::ImageReceived{piece.index, raft::Term(), nullptr, peer});
}

void Node::receive(raft::NodeId peer, const wire::ImageAck& ack) {
  if (ack.term != raft_.term() || raft_.role() != raft::RoleName::leader) {
    return surroundings_.message_dropped(raft::Drop::stale);
  }
  images_.sending().on_ack(peer, ack, now_.steady);
}

void Node::send_images(const std::vector<raft::ImageWanted>& wanted) {
  ImageSending& sending = images_.sending();
  if (wanted.empty() && sending.count() == 0) return;
  const raft::LogIndex newest = images_.newest() ? images_.newest()->index : raft::LogIndex();
  std::vector<raft::NodeId> waiting;
  for (const raft::PeerStatus& peer : raft_.peers()) {
    if (peer.state != raft::ProgressState::snapshot) continue;
    waiting.push_back(peer.id);
    const bool is_wanted =
        std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) { return one.peer == peer.id; });
    if (is_wanted) sending.begin(peer.id, peer.match_index, newest, now_.steady);
  }
  sending.keep(waiting);
  sending.run(raft_.term(), now_.steady);
}

void Node::begin_image() {
  if (!images_.wants_to_take(applied_index_, log_marks_.bytes(), now_.steady)) return;
  const std::optional<raft::Term> term = raft_.log().term(applied_index_);
  TENON_CHECK(term.has_value());
  wire::ImageHeader header;
  header.cluster_id = settings_.cluster_id;
  header.index = applied_index_;
  header.term = *term;
  header.membership = applied_membership_;
  log_marks_.mark(applied_index_);
  images_.take(std::move(header), store_.pin(), log_marks_.bytes());
}

void Node::begin_compaction(Token token) {
  if (images_.status().is_being_received) {
    return surroundings_.answer_operator(
        {token, OperatorRefusal{Outcome::refused, TENON_ERROR_BUSY,
                                "this node is receiving an image from the leader; ask again when it is there"}});
  }
  compaction_wanted_ = applied_index_;
  more_to_do_ = true;
  surroundings_.answer_operator(
      {token, CompactionBegun{applied_index_, raft_.log().boundary().next(), log_marks_.held_bytes()}});
}

// Of what a member does not have yet: the entries behind its match, and the image when the log does not reach so far
// back any more. Near the end of the log to the byte, else to a mark.
std::uint64_t Node::missing_bytes(raft::LogIndex match) const {
  const raft::Log& log = raft_.log();
  std::uint64_t bytes = 0;
  raft::LogIndex index = log.last_index();
  while (index > match) {
    const raft::Entry* entry = log.cached(index);
    if (entry == nullptr) break;
    bytes += entry->data.bytes.size();
    if (bytes > MemberChanges::kNearBytes) break;
    index = index.previous();
  }
  if (index <= match) return bytes;
  const std::uint64_t image = match < log.boundary() ? images_.status().bytes : 0;
  return std::max(bytes, log_marks_.bytes_behind(match)) + image;
}

// As far as an image holds what goes.
void Node::compact_log() {
  const raft::LogIndex boundary = raft_.log().boundary();
  if (compaction_wanted_ <= boundary) compaction_wanted_ = raft::LogIndex();
  const bool is_demanded = compaction_wanted_ != raft::LogIndex();
  const std::optional<ImageIdentity>& newest = images_.newest();
  // Asked for in every round: an image that could not be taken is forgotten.
  if (is_demanded) images_.ask(compaction_wanted_);
  if (!newest || images_.is_damaged() || newest->index <= boundary) return;
  const bool is_due = is_demanded ? newest->index >= compaction_wanted_ : now_.steady >= next_compaction_;
  if (!is_due) return;
  next_compaction_ = now_.steady + kCompactionInterval;
  const raft::LogIndex wanted = mutant("log-cut-without-image") ? applied_index_ : compaction_point(*newest);
  if (wanted > raft_.log().durable_index()) return;
  compaction_wanted_ = raft::LogIndex();
  if (wanted <= boundary) return;
  log_marks_.compacted(wanted);
  step(raft::Compact{wanted});
}

raft::LogIndex Node::compaction_point(const ImageIdentity& newest) const {
  const ImageSettings& settings = settings_.images;
  const raft::LogIndex under_way = images_.sending().oldest_index().value_or(newest.index);
  if (compaction_wanted_ != raft::LogIndex()) return std::min(newest.index, under_way);
  raft::LogIndex wanted = std::min(newest.index, under_way);
  for (const raft::PeerStatus& peer : raft_.peers()) {
    if (peer.state != raft::ProgressState::snapshot) wanted = std::min(wanted, peer.match_index);
  }
  wanted = log_marks_.last_before(wanted, settings.log_tail_bytes);
  return std::max(wanted, log_marks_.last_before(newest.index, settings.log_held_bytes_max));
}

// What only older snapshots could see is given back to the system elsewhere.
void Node::collect_memory() {
  kept_states_.expire(now_.steady);
  kv::Retired retired = store_.collect();
  if (!retired.empty()) discard(workers_, std::move(retired));
}

}  // namespace tenon::node
