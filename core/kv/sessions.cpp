// SPDX-License-Identifier: MIT
#include "kv/sessions.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "state_hash.hpp"
#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::kv {

struct KeptReply {
  std::uint64_t sequence;
  std::uint64_t request;                     // its hash
  std::shared_ptr<const std::string> bytes;  // never null
  std::uint64_t hash;
};

struct Session {
  std::uint64_t generation = 0;  // of the sessions when this copy was made
  std::uint64_t id = 0;          // >= 1
  std::uint64_t duration_ms = 0;
  std::uint64_t deadline_ms = 0;
  std::uint64_t lowest = 1;        // >= 1
  std::vector<KeptReply> replies;  // ascending; each sequence within [lowest, lowest + kSequencesMax)
};

namespace {

constexpr std::size_t kSlotsPerBlock = 128;
constexpr std::size_t kBlocksMax = (kSessionsMax + kSlotsPerBlock - 1) / kSlotsPerBlock;
constexpr std::size_t kSessionHeadBytes = 4 * 8 + 4;
constexpr std::size_t kReplyHeadBytes = 8 + 8 + 4;
// What small replies can add when there is no room for others.
constexpr std::size_t kKeptSmallBytesTotal = kSessionsMax * kSequencesMax * kKeptSmallBytesMax;

constexpr std::uint64_t kHashOfCounter = 101;
constexpr std::uint64_t kHashOfSession = 102;
constexpr std::uint64_t kHashOfReply = 103;

std::uint64_t deadline(std::uint64_t now_ms, std::uint64_t duration_ms) noexcept {
  return duration_ms > std::numeric_limits<std::uint64_t>::max() - now_ms ? std::numeric_limits<std::uint64_t>::max()
                                                                          : now_ms + duration_ms;
}

std::uint64_t head_hash(const Session& session) noexcept {
  return StateHash(kHashOfSession)
      .number(session.id)
      .number(session.duration_ms)
      .number(session.deadline_ms)
      .number(session.lowest)
      .value();
}

std::uint64_t reply_hash(std::uint64_t id, std::uint64_t sequence, std::uint64_t request,
                         std::string_view bytes) noexcept {
  return StateHash(kHashOfReply).number(id).number(sequence).number(request).block(bytes).value();
}

bool before(const KeptReply& reply, std::uint64_t sequence) noexcept { return reply.sequence < sequence; }

}  // namespace

// A block or a session that is of an earlier generation than the sessions may be seen by a snapshot, and is copied
// before it is changed; so a snapshot costs the same whatever is in it, and a change copies one path.
struct SessionBlock {
  std::uint64_t generation = 0;
  std::array<std::shared_ptr<Session>, kSlotsPerBlock> sessions;  // null: the slot is free
};
struct SessionSlots {
  std::uint64_t generation = 0;
  std::array<std::shared_ptr<SessionBlock>, kBlocksMax> blocks;  // null: no slot of it was ever taken
};

Sessions::Sessions() : slots_(std::make_shared<SessionSlots>()) {}
Sessions::~Sessions() = default;
Sessions::Sessions(Sessions&&) noexcept = default;
Sessions& Sessions::operator=(Sessions&&) noexcept = default;

std::optional<std::uint64_t> Sessions::open(std::uint64_t duration_ms, std::uint64_t now_ms) {
  TENON_CHECK(duration_ms > 0);
  if (size() == kSessionsMax) return std::nullopt;
  auto session = std::make_shared<Session>();
  session->id = ++last_id_;
  session->duration_ms = duration_ms;
  session->deadline_ms = deadline(now_ms, duration_ms);
  add(std::move(session));
  return last_id_;
}

Admitted Sessions::admit(std::uint64_t id, std::uint64_t sequence, std::uint64_t request, std::uint64_t outstanding,
                         std::uint64_t now_ms) {
  TENON_CHECK(sequence > 0);
  if (!keep_alive(id, outstanding, now_ms)) return {Admission::expired, {}};
  const Session& session = at(slot_of_.at(id));
  if (sequence < session.lowest) return {Admission::forgotten, {}};
  if (sequence - session.lowest >= kSequencesMax) return {Admission::too_far, {}};
  const auto found = std::lower_bound(session.replies.begin(), session.replies.end(), sequence, before);
  if (found == session.replies.end() || found->sequence != sequence) return {Admission::execute, {}};
  if (found->request != request) return {Admission::reused, {}};
  return {Admission::repeated, *found->bytes};
}

bool Sessions::keeps_whole(std::size_t reply_bytes) const noexcept {
  if (reply_bytes <= kKeptSmallBytesMax) return true;
  return reply_bytes <= kKeptReplyBytesMax && kept_bytes_ + reply_bytes <= kKeptBytesMax;
}

void Sessions::keep(std::uint64_t id, std::uint64_t sequence, std::uint64_t request, std::string reply) {
  TENON_CHECK(keeps_whole(reply.size()));
  const auto slot = slot_of_.find(id);
  TENON_CHECK(slot != slot_of_.end());
  Session& session = change(slot->second);
  TENON_CHECK(sequence >= session.lowest && sequence - session.lowest < kSequencesMax);
  const auto place = std::lower_bound(session.replies.begin(), session.replies.end(), sequence, before);
  TENON_CHECK(place == session.replies.end() || place->sequence != sequence);
  const std::uint64_t hash = reply_hash(id, sequence, request, reply);
  const auto inserted =
      session.replies.insert(place, {sequence, request, std::make_shared<const std::string>(std::move(reply)), hash});
  count(*inserted);
}

bool Sessions::keep_alive(std::uint64_t id, std::uint64_t outstanding, std::uint64_t now_ms) {
  const auto slot = slot_of_.find(id);
  if (slot == slot_of_.end() || at(slot->second).deadline_ms <= now_ms) return false;
  Session& session = change(slot->second);
  hash_ -= head_hash(session);
  auto entry = deadlines_.extract({session.deadline_ms, id});
  session.deadline_ms = deadline(now_ms, session.duration_ms);
  entry.value() = {session.deadline_ms, id};
  deadlines_.insert(std::move(entry));
  session.lowest = std::max(session.lowest, outstanding);
  hash_ += head_hash(session);
  const auto kept = std::lower_bound(session.replies.begin(), session.replies.end(), session.lowest, before);
  std::for_each(session.replies.begin(), kept, [this](const KeptReply& reply) { discount(reply); });
  session.replies.erase(session.replies.begin(), kept);
  return true;
}

bool Sessions::close(std::uint64_t id, std::uint64_t now_ms) {
  const auto slot = slot_of_.find(id);
  if (slot == slot_of_.end() || at(slot->second).deadline_ms <= now_ms) return false;
  remove(id);
  return true;
}

void Sessions::sweep(std::uint64_t now_ms) {
  for (std::size_t removed = 0; removed < kSessionSweepMax; ++removed) {
    if (deadlines_.empty() || deadlines_.begin()->first > now_ms) return;
    remove(deadlines_.begin()->second);
  }
}

std::optional<std::uint64_t> Sessions::next_expiry_ms() const noexcept {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

std::uint64_t Sessions::hash() const noexcept { return hash_ + StateHash(kHashOfCounter).number(last_id_).value(); }

SessionsSnapshot Sessions::pin() {
  SessionsSnapshot snapshot;
  snapshot.slots_ = slots_;
  snapshot.last_id_ = last_id_;
  snapshot.size_ = size();
  snapshot.encoded_bytes_ = encoded_bytes_;
  snapshot.hash_ = hash();
  ++generation_;
  return snapshot;
}

bool Sessions::restore(std::string_view encoded) {
  ByteReader reader(encoded);
  auto session = std::make_shared<Session>();
  session->id = reader.u64();
  session->duration_ms = reader.u64();
  session->deadline_ms = reader.u64();
  session->lowest = reader.u64();
  const std::uint32_t reply_count = reader.u32();
  if (!reader.ok() || session->duration_ms == 0 || session->lowest == 0 || reply_count > kSequencesMax) return false;
  const std::uint64_t previous_id = slot_of_.empty() ? 0 : slot_of_.rbegin()->first;
  if (session->id <= previous_id || session->id > last_id_ || size() == kSessionsMax) return false;
  std::size_t bytes_total = kept_bytes_;
  for (std::uint32_t i = 0; i < reply_count; ++i) {
    const std::uint64_t sequence = reader.u64();
    const std::uint64_t request = reader.u64();
    const std::string_view bytes = reader.block();
    bytes_total += bytes.size();
    const bool ascending = session->replies.empty() || session->replies.back().sequence < sequence;
    const bool kept = sequence >= session->lowest && sequence - session->lowest < kSequencesMax;
    const bool fits = bytes.size() <= kKeptReplyBytesMax && bytes_total <= kKeptBytesMax + kKeptSmallBytesTotal;
    if (!reader.ok() || !ascending || !kept || !fits) return false;
    if (mutant("replies-not-in-image")) continue;
    session->replies.push_back({sequence, request, std::make_shared<const std::string>(bytes),
                                reply_hash(session->id, sequence, request, bytes)});
  }
  if (!reader.done()) return false;
  add(std::move(session));
  return true;
}

const Session& Sessions::at(Slot slot) const noexcept {
  return *slots_->blocks[slot / kSlotsPerBlock]->sessions[slot % kSlotsPerBlock];
}

std::shared_ptr<Session>& Sessions::own_place(Slot slot) {
  if (slots_->generation != generation_) {
    slots_ = std::make_shared<SessionSlots>(*slots_);
    slots_->generation = generation_;
  }
  std::shared_ptr<SessionBlock>& block = slots_->blocks[slot / kSlotsPerBlock];
  if (block == nullptr || block->generation != generation_) {
    block = block == nullptr ? std::make_shared<SessionBlock>() : std::make_shared<SessionBlock>(*block);
    block->generation = generation_;
  }
  return block->sessions[slot % kSlotsPerBlock];
}

Session& Sessions::change(Slot slot) {
  std::shared_ptr<Session>& session = own_place(slot);
  if (session->generation != generation_) {
    session = std::make_shared<Session>(*session);
    session->generation = generation_;
  }
  return *session;
}

void Sessions::add(std::shared_ptr<Session> session) {
  session->generation = generation_;
  auto slot = static_cast<Slot>(slot_of_.size());  // without free slots those in use are the first
  if (!free_slots_.empty()) {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slot_of_.emplace_hint(slot_of_.end(), session->id, slot);
  deadlines_.emplace(session->deadline_ms, session->id);
  encoded_bytes_ += kSessionHeadBytes;
  hash_ += head_hash(*session);
  for (const KeptReply& reply : session->replies) count(reply);
  own_place(slot) = std::move(session);
}

void Sessions::remove(std::uint64_t id) {
  const auto found = slot_of_.find(id);
  const Slot slot = found->second;
  const Session& session = at(slot);
  deadlines_.erase({session.deadline_ms, id});
  encoded_bytes_ -= kSessionHeadBytes;
  hash_ -= head_hash(session);
  for (const KeptReply& reply : session.replies) discount(reply);
  slot_of_.erase(found);
  free_slots_.push_back(slot);
  own_place(slot).reset();
}

void Sessions::count(const KeptReply& reply) noexcept {
  kept_bytes_ += reply.bytes->size();
  encoded_bytes_ += kReplyHeadBytes + reply.bytes->size();
  hash_ += reply.hash;
}

void Sessions::discount(const KeptReply& reply) noexcept {
  kept_bytes_ -= reply.bytes->size();
  encoded_bytes_ -= kReplyHeadBytes + reply.bytes->size();
  hash_ -= reply.hash;
}

SessionsEncoder::SessionsEncoder(const SessionsSnapshot& snapshot) : slots_(snapshot.slots_) {
  order_.reserve(snapshot.size());
  for (const std::shared_ptr<SessionBlock>& block : slots_->blocks) {
    if (block == nullptr) continue;
    for (const std::shared_ptr<Session>& session : block->sessions) {
      if (session != nullptr) order_.push_back(session.get());
    }
  }
  std::sort(order_.begin(), order_.end(),
            [](const Session* left, const Session* right) { return left->id < right->id; });
  TENON_CHECK(order_.size() == snapshot.size());
}

bool SessionsEncoder::next(std::string& output) {
  if (position_ == order_.size()) return false;
  const Session& session = *order_[position_++];
  ByteWriter writer(output);
  writer.u64(session.id);
  writer.u64(session.duration_ms);
  writer.u64(session.deadline_ms);
  writer.u64(session.lowest);
  writer.u32(static_cast<std::uint32_t>(session.replies.size()));
  for (const KeptReply& reply : session.replies) {
    writer.u64(reply.sequence);
    writer.u64(reply.request);
    writer.block(*reply.bytes);
  }
  return true;
}

}  // namespace tenon::kv
