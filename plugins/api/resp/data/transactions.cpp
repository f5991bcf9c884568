// SPDX-License-Identifier: MIT
// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
#include <utility>

#include "client.hpp"
#include "command_groups.hpp"
#include "service.hpp"
#include "transaction_task.hpp"

namespace tenon::api_resp {

namespace {

void forget(ClientState& state) {
  state.transaction = {};
  state.forget_watched();
}

void multi(const Execution& execution) {
  Transaction& transaction = execution.client.state().transaction;
  if (transaction.is_open) return execution.reply.error("ERR MULTI calls can not be nested");
  transaction.is_open = true;
  execution.reply.ok();
}

void discard(const Execution& execution) {
  ClientState& state = execution.client.state();
  if (!state.transaction.is_open) return execution.reply.error("ERR DISCARD without MULTI");
  forget(state);
  execution.reply.ok();
}

void unwatch(const Execution& execution) {
  execution.client.state().forget_watched();
  execution.reply.ok();
}

std::unique_ptr<Task> exec(const Execution& execution) {
  ClientState& state = execution.client.state();
  if (!state.transaction.is_open) {
    execution.reply.error("ERR EXEC without MULTI");
    return nullptr;
  }
  const std::uint64_t bytes = state.transaction.queued_bytes + state.watched_bytes;
  Transaction transaction = std::move(state.transaction);
  TransactionTask::Watched watched = std::move(state.watched);
  const bool watch_is_broken = state.watch_is_broken;
  forget(state);
  if (transaction.has_failed) {
    execution.reply.error("EXECABORT Transaction discarded because of previous errors.");
    return nullptr;
  }
  if (watch_is_broken) {
    execution.reply.null_array();
    return nullptr;
  }
  return std::make_unique<TransactionTask>(execution.service, execution.client, TransactionTask::Form::kExec,
                                           std::move(transaction.queued), std::move(watched), bytes);
}

// About what a watched key takes beside its bytes.
constexpr std::uint64_t kWatchBytes = 96;

// Learns the revisions that last changed some keys.
class WatchTask final : public Task {
 public:
  WatchTask(const Execution& execution, std::vector<std::string> keys)
      : Task(execution.service, execution.client), keys_(std::move(keys)) {}

  void begin() override {
    RequestBatch& batch = service().submissions().batch();
    std::vector<tenon_operation> looks;
    for (const std::string& key : keys_) {
      looks.push_back(operation(TENON_SCAN, {}));
      looks.back().key = batch.keep(key);
      looks.back().flags = TENON_RANGE_ONE | TENON_SCAN_KEYS;
      looks.back().limit = 1;
    }
    tenon_request request{};
    request.struct_size = sizeof request;
    request.operations = batch.copy(std::span<const tenon_operation>(looks));
    request.operation_count = looks.size();
    ask(request);
  }

 protected:
  void advance(const tenon_completion& completion) override {
    if (failed(completion)) return;
    const std::span<const tenon_result> all = results(completion);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const std::uint64_t modified = all[i].record_count == 0 ? 0 : all[i].records[0].modified;
      // A key that is watched already keeps the revision of then.
      const bool is_new = client().state().watched.try_emplace(keys_[i], modified).second;
      if (is_new) client().state().watched_bytes += keys_[i].size() + kWatchBytes;
    }
    reply().ok();
    end();
  }

 private:
  const std::vector<std::string> keys_;
};

std::unique_ptr<Task> watch(const Execution& execution) {
  ClientState& state = execution.client.state();
  if (state.transaction.is_open) {
    execution.reply.error("ERR WATCH inside MULTI is not allowed");
    return nullptr;
  }
  std::vector<std::string> keys(execution.arguments.begin() + 1, execution.arguments.end());
  if (state.watched.size() + keys.size() > execution.service.settings().watched_keys_max) {
    execution.reply.error("ERR more keys would be watched than watched_keys_max");
    return nullptr;
  }
  return std::make_unique<WatchTask>(execution, std::move(keys));
}

constexpr std::uint32_t kAnytime = kNoScript | kLoading | kStale | kFast | kAllowBusy;

constexpr Command immediate(std::string_view name, std::uint32_t flags, std::string_view since,
                            std::string_view summary, ImmediateFunction function) {
  return {name, 1, flags, 0, 0, 0, Group::kTransactions, since, summary, nullptr, nullptr, function, nullptr};
}

constexpr Command kCommands[] = {
    immediate("discard", kAnytime | kControlsTransaction, "2.0.0", "Forgets the commands since MULTI", discard),
    {"exec", 1, kNoScript | kLoading | kStale | kControlsTransaction, 0, 0, 0, Group::kTransactions, "1.2.0",
     "Does the commands since MULTI, all together", nullptr, nullptr, nullptr, exec},
    immediate("multi", kAnytime | kControlsTransaction, "1.2.0", "Begins a transaction", multi),
    immediate("unwatch", kAnytime | kAlone, "2.2.0", "Forgets the watched keys", unwatch),
    {"watch", -2, kAnytime | kControlsTransaction, 1, -1, 1, Group::kTransactions, "2.2.0",
     "Has EXEC do nothing when one of the keys has changed by then", nullptr, nullptr, nullptr, watch},
};

}  // namespace

std::span<const Command> transaction_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
