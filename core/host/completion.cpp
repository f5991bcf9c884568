// SPDX-License-Identifier: MIT
#include "host/completion.hpp"

#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"

namespace tenon::host {
namespace {

struct Block {
  node::Answer answer;
  NodePort* node = nullptr;  // of a stream
  std::string message;
  std::string leader_address;
  std::vector<tenon_record> records;
  std::vector<tenon_result> results;
  tenon_completion completion{};
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

void release(void* owner) {
  const std::unique_ptr<const Block> block(static_cast<const Block*>(owner));
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
  fill_results(*block);
  const kv::Reply& reply = block->answer.reply;
  tenon_completion& completion = block->completion;
  completion.struct_size = sizeof completion;
  completion.request = block->answer.token.request;
  completion.flags = flags_of(reply);
  if (block->answer.loan) completion.flags |= TENON_COMPLETION_MORE;
  if (block->answer.has_missed) completion.flags |= TENON_COMPLETION_MISSED;
  completion.outcome = outcome_of(block->answer);
  completion.error = block->answer.error;
  completion.revision = reply.revision;
  completion.cluster_time_ms = reply.cluster_time_ms;
  completion.leader = block->answer.leader.value();
  completion.leader_address = bytes(block->leader_address);
  completion.message = bytes(block->message);
  completion.results = block->results.data();
  completion.result_count = block->results.size();
  completion.term = block->answer.term.value();
  completion.loan = {release, block.get()};
  return CompletionPointer(&block.release()->completion);
}

CompletionPointer make_admin_completion(node::Token token, std::string verb, std::string text) {
  node::Answer answer;
  answer.token = token;
  answer.reply.results.emplace_back().records.push_back(
      {TENON_RECORD_CURRENT, std::move(verb), std::move(text), 0, 0, 1});
  return make_completion(std::move(answer), {});
}

std::uint64_t mark_of(const tenon_completion& completion) noexcept {
  return static_cast<const Block*>(completion.loan.owner)->answer.token.mark;
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
