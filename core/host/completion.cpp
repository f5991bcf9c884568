// SPDX-License-Identifier: MIT
#include "host/completion.hpp"

#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"

namespace tenon::host {
namespace {

constexpr std::size_t kRoomBytes = std::size_t{64} * 1024;
constexpr std::size_t kRoomsKept = 16;
constexpr std::size_t kRoomAlignment = alignof(std::uint64_t);
// What is larger is not copied.
constexpr std::size_t kSharedBytesMax = std::size_t{16} * 1024;

// How every completion begins; its loan's owner.
struct Head {
  std::uint64_t mark = 0;
  tenon_completion completion{};
};

// A completion that holds the reply's own memory.
struct Block : Head {
  node::Answer answer;
  NodePort* node = nullptr;  // of a stream
  std::string message;
  std::string leader_address;
  std::vector<tenon_record> records;
  std::vector<tenon_result> results;
};

std::uint32_t outcome_of(const node::Answer& answer) noexcept {
  switch (answer.outcome) {
    case node::Outcome::done:
      return answer.reply.session_expired ? TENON_OUTCOME_SESSION_EXPIRED : TENON_OUTCOME_DONE;
    case node::Outcome::refused:
      return TENON_OUTCOME_REFUSED;
    case node::Outcome::overloaded:
      return TENON_OUTCOME_OVERLOADED;
    default:
      return TENON_OUTCOME_UNKNOWN;
  }
}

std::uint64_t flags_of(const kv::Reply& reply) noexcept {
  std::uint64_t flags = 0;
  if (reply.took_otherwise) flags |= TENON_COMPLETION_ELSE;
  if (reply.results_forgotten) flags |= TENON_COMPLETION_FORGOTTEN;
  return flags;
}

// What an answer says without its results.
void fill_head(Head& head, const node::Answer& answer) {
  const kv::Reply& reply = answer.reply;
  head.mark = answer.token.mark;
  tenon_completion& completion = head.completion;
  completion.struct_size = sizeof completion;
  completion.request = answer.token.request;
  completion.flags = flags_of(reply);
  if (answer.loan) completion.flags |= TENON_COMPLETION_MORE;
  if (answer.has_missed) completion.flags |= TENON_COMPLETION_MISSED;
  completion.outcome = outcome_of(answer);
  completion.error = answer.error;
  completion.revision = reply.revision;
  completion.cluster_time_ms = reply.cluster_time_ms;
  completion.leader = answer.leader.value();
  completion.term = answer.term.value();
}

void release(void* owner) {
  const std::unique_ptr<const Block> block(static_cast<const Block*>(static_cast<const Head*>(owner)));
  if (block->answer.loan) block->node->loan_returned(*block->answer.loan);
}

void fill_results(Block& block) {
  const std::vector<kv::Result>& results = block.answer.reply.results;
  std::size_t record_count = block.answer.messages.size();
  for (const kv::Result& result : results) record_count += result.records.size();
  block.records.reserve(record_count);  // so that the pointers below stay true
  block.results.reserve(results.size() + 1);
  const auto fill = [&](const kv::Record& record) {
    block.records.push_back({record.kind, bytes(record.key), bytes(record.value), record.created, record.modified,
                             record.version, record.expires_at_ms});
  };
  for (const kv::Result& result : results) {
    tenon_result& filled = block.results.emplace_back();
    filled.error = result.error;
    filled.record_count = static_cast<std::uint32_t>(result.records.size());
    filled.records = block.records.data() + block.records.size();
    filled.number = result.number;
    filled.cursor = bytes(result.cursor);
    for (const kv::Record& record : result.records) fill(record);
  }
  if (!block.answer.messages.empty()) {
    tenon_result& filled = block.results.emplace_back();
    filled.error = TENON_OK;
    filled.record_count = static_cast<std::uint32_t>(block.answer.messages.size());
    filled.records = block.records.data() + block.records.size();
    for (const auto& message : block.answer.messages) fill(*message);
  }
  TENON_CHECK(block.records.size() == record_count);
}

}  // namespace

void GiveBack::operator()(const tenon_completion* completion) const noexcept {
  const tenon_loan loan = completion->loan;
  loan.release(loan.owner);
}

CompletionPointer make_completion(node::Answer answer, std::string message, std::string leader_address,
                                  NodePort* node) {
  TENON_CHECK(!answer.loan || node != nullptr);
  auto block = std::make_unique<Block>();
  block->answer = std::move(answer);
  block->node = node;
  block->message = std::move(message);
  block->leader_address = std::move(leader_address);
  fill_head(*block, block->answer);
  fill_results(*block);
  tenon_completion& completion = block->completion;
  completion.leader_address = bytes(block->leader_address);
  completion.message = bytes(block->message);
  completion.results = block->results.data();
  completion.result_count = block->results.size();
  completion.loan = {release, static_cast<Head*>(block.get())};
  return CompletionPointer(&block.release()->completion);
}

struct CompletionRooms::Room {
  std::atomic<std::uint32_t> holds{1};
  std::size_t used = 0;
  alignas(kRoomAlignment) std::uint8_t bytes[kRoomBytes];

  void give_back() noexcept {
    if (holds.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

// A completion in a room. Behind it lie its results, then their records, then the bytes of those.
struct SharedBlock : Head {
  CompletionRooms::Room* room = nullptr;

  static void release(void* owner) { static_cast<SharedBlock*>(static_cast<Head*>(owner))->room->give_back(); }
};
static_assert(std::is_trivially_destructible_v<SharedBlock> && alignof(SharedBlock) <= kRoomAlignment);

CompletionRooms::~CompletionRooms() {
  for (Room* const room : rooms_) room->give_back();
}

// The next room that nobody else holds; when all are held a new one takes the place of the oldest, which goes when its
// last completion does.
void CompletionRooms::begin_room() {
  for (std::size_t i = 1; i <= rooms_.size(); ++i) {
    const std::size_t place = (current_ + i) % rooms_.size();
    if (rooms_[place]->holds.load(std::memory_order_acquire) != 1) continue;
    rooms_[place]->used = 0;
    current_ = place;
    return;
  }
  auto made = std::make_unique<Room>();
  if (rooms_.size() < kRoomsKept) {
    rooms_.push_back(made.release());
    current_ = rooms_.size() - 1;
  } else {
    current_ = (current_ + 1) % rooms_.size();
    std::exchange(rooms_[current_], made.release())->give_back();
  }
}

void* CompletionRooms::allocate(std::size_t size) {
  const std::size_t rounded = (size + kRoomAlignment - 1) / kRoomAlignment * kRoomAlignment;
  if (rooms_.empty() || kRoomBytes - rooms_[current_]->used < rounded) begin_room();
  Room& room = *rooms_[current_];
  room.holds.fetch_add(1, std::memory_order_relaxed);
  return room.bytes + std::exchange(room.used, room.used + rounded);
}

CompletionPointer CompletionRooms::try_make(const node::Answer& answer) {
  if (answer.outcome != node::Outcome::done || answer.loan) return nullptr;
  if (!answer.message.empty() || !answer.messages.empty()) return nullptr;
  const std::vector<kv::Result>& results = answer.reply.results;
  std::size_t record_count = 0;
  std::size_t byte_count = 0;
  for (const kv::Result& result : results) {
    record_count += result.records.size();
    byte_count += result.cursor.size();
    for (const kv::Record& record : result.records) byte_count += record.key.size() + record.value.size();
  }
  const std::size_t size =
      sizeof(SharedBlock) + results.size() * sizeof(tenon_result) + record_count * sizeof(tenon_record) + byte_count;
  if (size > kSharedBytesMax) return nullptr;
  auto* const block = new (allocate(size)) SharedBlock();
  block->room = rooms_[current_];
  fill_head(*block, answer);
  auto* const first_result = reinterpret_cast<tenon_result*>(block + 1);
  auto* const first_record = reinterpret_cast<tenon_record*>(first_result + results.size());
  auto* at = reinterpret_cast<std::uint8_t*>(first_record + record_count);
  const auto copied = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return tenon_bytes{std::exchange(at, at + text.size()), text.size()};
  };
  tenon_result* result_at = first_result;
  tenon_record* record_at = first_record;
  for (const kv::Result& result : results) {
    new (result_at++) tenon_result{result.error, static_cast<std::uint32_t>(result.records.size()), record_at,
                                   result.number, copied(result.cursor)};
    for (const kv::Record& record : result.records) {
      new (record_at++) tenon_record{record.kind,     copied(record.key), copied(record.value), record.created,
                                     record.modified, record.version,     record.expires_at_ms};
    }
  }
  block->completion.results = first_result;
  block->completion.result_count = results.size();
  block->completion.loan = {SharedBlock::release, static_cast<Head*>(block)};
  return CompletionPointer(&block->completion);
}

CompletionPointer make_admin_completion(node::Token token, std::string verb, std::string text) {
  node::Answer answer;
  answer.token = token;
  answer.reply.results.emplace_back().records.push_back(
      {TENON_RECORD_CURRENT, std::move(verb), std::move(text), 0, 0, 1});
  return make_completion(std::move(answer), {});
}

std::uint64_t mark_of(const tenon_completion& completion) noexcept {
  return static_cast<const Head*>(completion.loan.owner)->mark;
}

std::uint64_t held_bytes(const tenon_completion& completion) noexcept {
  std::uint64_t total = sizeof(Block) + completion.message.size + completion.leader_address.size;
  for (std::uint64_t i = 0; i < completion.result_count; ++i) {
    const tenon_result& result = completion.results[i];
    total += sizeof(tenon_result) + sizeof(kv::Result) + result.cursor.size;
    for (std::uint32_t k = 0; k < result.record_count; ++k) {
      total += sizeof(tenon_record) + sizeof(kv::Record) + result.records[k].key.size + result.records[k].value.size;
    }
  }
  return total;
}

}  // namespace tenon::host
