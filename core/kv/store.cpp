// SPDX-License-Identifier: MIT
#include "kv/store.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "image_format.hpp"
#include "kept_reply.hpp"
#include "keyspace.hpp"
#include "look_ahead.hpp"
#include "request_hash.hpp"
#include "tenon/check.hpp"
#include "tenon/operation.hpp"
#include "tenon/testing/mutant.hpp"
#include "transaction.hpp"

namespace tenon::kv {
namespace {

bool is_of_sessions(const Command& command) noexcept {
  return command.operations.size() == 1 && command.operations.front().kind >= TENON_SESSION_OPEN;
}

// Hashes can be alike where requests are not; what nobody can be given is a result for each operation of another.
bool answers(const Reply& reply, const Command& command) noexcept {
  const std::vector<Operation>& ran = reply.took_otherwise ? command.otherwise : command.operations;
  return reply.results_forgotten || reply.results.size() == ran.size();
}

}  // namespace

Store::Store() : keyspace_(std::make_shared<Keyspace>()) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

void Store::begin_entry(std::uint64_t cluster_time_ms) {
  TENON_CHECK(cluster_time_ms >= cluster_time_ms_);
  cluster_time_ms_ = cluster_time_ms;
  Transaction expiry(*keyspace_, revision_, cluster_time_ms_);
  expiry.sweep(kSweepKeysMax);
  revision_ = expiry.commit(sink_);
  sessions_.sweep(cluster_time_ms_);
}

// What has several operations looks ahead when it is its turn.
void Store::look_ahead(std::span<const Command> commands) noexcept {
  static_assert(kCommandsAhead <= kKeysAhead);
  TENON_CHECK(commands.size() <= kCommandsAhead);
  std::array<std::string_view, kKeysAhead> keys;
  std::size_t count = 0;
  for (const Command& command : commands) {
    if (command.operations.size() == 1) keys[count++] = command.operations.front().key;
  }
  if (count > 1) keyspace_->look_ahead(std::span(keys).first(count));
}

Reply Store::apply(const Command& command) {
  if (is_of_sessions(command)) return execute_for_sessions(command);
  if (command.session != 0) return execute_once(command);
  return execute(command);
}

Reply Store::read(const Command& command) const {
  return read_all({keyspace_->tree(), revision_, cluster_time_ms_}, command);
}

Reply Store::answer() const noexcept {
  Reply reply;
  reply.revision = revision_;
  reply.cluster_time_ms = cluster_time_ms_;
  return reply;
}

Reply Store::execute(const Command& command) {
  Reply reply;
  Budget budget;
  Transaction transaction(*keyspace_, revision_, cluster_time_ms_);
  const std::vector<Operation>& operations = choose_branch(transaction.view(), command, reply);
  reply.results.reserve(operations.size());
  for (const Operation& operation : operations) {
    look_ahead_from(operation, operations,
                    [this](std::span<const std::string_view> keys) { keyspace_->look_ahead(keys); });
    Result& result = reply.results.emplace_back();
    if (changes(operation)) {
      transaction.run(operation, budget, result);
    } else {
      read_one(transaction.view(), operation, budget, result);
    }
    if (command.independent) {
      transaction.settle(sink_);
      continue;
    }
    if (result.error == TENON_OK) continue;
    transaction.undo();
    fail_all(result.error, operations.size(), reply);
    break;
  }
  revision_ = transaction.commit(sink_);
  reply.revision = revision_;
  reply.cluster_time_ms = cluster_time_ms_;
  reply.bytes = budget.taken();
  return reply;
}

Reply Store::execute_once(const Command& command) {
  Reply reply = answer();
  if (command.session_sequence == 0) {
    reply.refusal = TENON_ERROR_INVALID;
    return reply;
  }
  const std::uint64_t request = request_hash(command);
  const Admitted admitted = sessions_.admit(command.session, command.session_sequence, request,
                                            command.session_outstanding, cluster_time_ms_);
  switch (admitted.admission) {
    case Admission::execute: {
      reply = execute(command);
      std::string kept = encode_kept(reply);
      if (!sessions_.keeps_whole(kept.size())) kept = encode_outcome(reply);
      sessions_.keep(command.session, command.session_sequence, request, std::move(kept));
      return reply;
    }
    case Admission::repeated:
      if (mutant("retry-executed")) return execute(command);
      if (std::optional<Reply> kept = decode_kept(admitted.reply)) {
        if (answers(*kept, command)) return *std::move(kept);
        reply.refusal = TENON_ERROR_REUSED;
        return reply;
      }
      break;
    case Admission::reused:
      reply.refusal = TENON_ERROR_REUSED;
      return reply;
    case Admission::too_far:
      reply.refusal = TENON_ERROR_BUSY;
      return reply;
    case Admission::forgotten:
    case Admission::expired:
      break;
  }
  reply.session_expired = true;
  return reply;
}

Reply Store::execute_for_sessions(const Command& command) {
  Reply reply = answer();
  const Operation& operation = command.operations.front();
  Result result;
  if (operation.kind == TENON_SESSION_OPEN) {
    const std::optional<std::uint64_t> id = sessions_.open(operation.expiry_ms, cluster_time_ms_);
    result.error = id ? TENON_OK : TENON_ERROR_BUSY;
    result.number = static_cast<std::int64_t>(id.value_or(0));
  } else if (operation.kind == TENON_SESSION_KEEP_ALIVE) {
    reply.session_expired = !sessions_.keep_alive(command.session, command.session_outstanding, cluster_time_ms_);
  } else {
    TENON_CHECK(operation.kind == TENON_SESSION_CLOSE);
    reply.session_expired = !sessions_.close(command.session, cluster_time_ms_);
  }
  if (!reply.session_expired) reply.results.push_back(std::move(result));
  return reply;
}

std::shared_ptr<const Snapshot> Store::pin() {
  Snapshot::Parts parts;
  parts.keyspace = keyspace_;
  parts.sessions = sessions_.pin();
  parts.root = keyspace_->tree().root();
  parts.revision = revision_;
  parts.cluster_time_ms = cluster_time_ms_;
  parts.key_count = keyspace_->size();
  parts.image_bytes = image_bytes(keyspace_->encoded_bytes(), parts.sessions.encoded_bytes(), parts.sessions.size());
  parts.state_hash = state_hash();
  parts.pin = keyspace_->pin(revision_);
  return std::make_shared<const Snapshot>(std::move(parts));
}

Retired Store::collect() { return keyspace_->collect(); }

std::optional<std::uint64_t> Store::next_expiry_ms() const noexcept {
  const std::optional<std::uint64_t> session = sessions_.next_expiry_ms();
  const Item* const item = keyspace_->first_to_expire();
  if (item == nullptr) return session;
  return session ? std::min(*session, item->expires_at_ms) : item->expires_at_ms;
}

std::uint64_t Store::state_hash() const noexcept {
  return kv::state_hash(keyspace_->hash(), sessions_.hash(), revision_, cluster_time_ms_);
}

std::size_t Store::key_count() const noexcept { return keyspace_->size(); }

}  // namespace tenon::kv
