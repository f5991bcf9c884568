// SPDX-License-Identifier: MIT
#include "transaction_task.hpp"

#include <algorithm>
#include <utility>

#include "client.hpp"
#include "command_table.hpp"
#include "failure.hpp"
#include "key_slot.hpp"
#include "replies.hpp"
#include "service.hpp"

namespace tenon::api_resp {

namespace {

// A key that others change all the time lets one of them through each time, so this is not reached by bad luck alone.
constexpr int kAttemptsMax = 1000;

Planned plan_of(const QueuedCommand& command, Plan& plan) {
  plan.begin(false);
  if (command.command->plan == nullptr) return Planned::kNeedsView;
  return command.command->plan(views_of(command.words), plan);
}

// A message is no part of the transaction: it leaves when that has taken effect.
bool is_of_data(const Command& command) noexcept {
  return (command.plan != nullptr || command.compute != nullptr) && !command.publishes;
}

}  // namespace

std::vector<std::string_view> views_of(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

TransactionTask::TransactionTask(Service& service, Client& client, Form form, std::vector<QueuedCommand> commands,
                                 Watched watched, std::uint64_t kept_bytes)
    : Task(service, client),
      form_(form),
      commands_(std::move(commands)),
      watched_(std::move(watched)),
      kept_bytes_(kept_bytes),
      view_(service.settings().request.bulk_bytes_max) {}

bool TransactionTask::decides_writes() const noexcept {
  return std::any_of(commands_.begin(), commands_.end(),
                     [](const QueuedCommand& queued) { return (queued.command->flags & kWrite) != 0; });
}

void TransactionTask::begin() {
  if (find_keys()) return write();
  read();
}

bool TransactionTask::find_keys() {
  Plan& plan = service().plan();
  bool changes_or_reads = false;
  for (const QueuedCommand& command : commands_) {
    if (!is_of_data(*command.command)) continue;
    const Planned planned = plan_of(command, plan);
    changes_or_reads = changes_or_reads || planned != Planned::kRefused;
    if (planned != Planned::kNeedsView) continue;
    needs_view_ = true;
    for_each_key(*command.command, views_of(command.words), [&](std::string_view key) { keys_.emplace_back(key); });
  }
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  // Without an operation there is nothing that a compare could stop.
  if (!changes_or_reads && !watched_.empty()) needs_view_ = true;
  return !needs_view_;
}

// First the keys that must be seen, then the watched ones, of which the revision is enough.
void TransactionTask::add_reads(std::vector<tenon_operation>& operations) {
  RequestBatch& batch = service().submissions().batch();
  for (const std::string& key : keys_) {
    operations.push_back(operation(TENON_GET, {}));
    operations.back().key = batch.keep(key);
  }
  for (const auto& [key, revision] : watched_) {
    operations.push_back(operation(TENON_SCAN, {}));
    operations.back().key = batch.keep(key);
    operations.back().flags = TENON_RANGE_ONE | TENON_SCAN_KEYS;
    operations.back().limit = 1;
  }
}

void TransactionTask::read() {
  stage_ = Stage::kReading;
  std::vector<tenon_operation> operations;
  add_reads(operations);
  RequestBatch& batch = service().submissions().batch();
  tenon_request request{};
  request.struct_size = sizeof request;
  request.operations = batch.copy(std::span<const tenon_operation>(operations));
  request.operation_count = operations.size();
  ask(request);
}

void TransactionTask::see(const tenon_completion& completion) {
  const std::span<const tenon_result> all = results(completion);
  TENON_CHECK(all.size() == keys_.size() + watched_.size());
  std::size_t at = 0;
  view_.set_cluster_time(completion.cluster_time_ms);
  for (const std::string& key : keys_) {
    const tenon_result& result = all[at++];
    view_.set(key, result.record_count == 0 ? nullptr : result.records);
  }
  for (const auto& [key, revision] : watched_) {
    const tenon_result& result = all[at++];
    seen_revisions_[key] = result.record_count == 0 ? 0 : result.records[0].modified;
  }
}

bool TransactionTask::watched_keys_have_changed() const {
  return std::any_of(seen_revisions_.begin(), seen_revisions_.end(),
                     [this](const auto& seen) { return watched_.find(seen.first)->second != seen.second; });
}

void TransactionTask::make_part(const QueuedCommand& command, std::vector<tenon_operation>& operations) {
  Part& part = parts_.emplace_back();
  if (!is_of_data(*command.command)) {
    part.source = command.command->publishes ? Source::kPublish : Source::kImmediate;
    return;
  }
  Plan& plan = service().plan();
  ReplyWriter text(part.text, client().state().protocol);
  switch (plan_of(command, plan)) {
    case Planned::kRefused:
      return text.error(plan.error());
    case Planned::kNeedsView:
      command.command->compute(views_of(command.words), view_, plan, text);
      break;
    case Planned::kOperations:
      part.source = Source::kResults;
      part.shape = plan.reply;
      part.first_result = operations.size();
      part.result_count = plan.operations().size();
      break;
  }
  for (const tenon_operation& operation : plan.operations()) {
    view_.apply(operation);
    operations.push_back(operation);
  }
}

std::vector<tenon_compare> TransactionTask::compares() {
  RequestBatch& batch = service().submissions().batch();
  std::vector<tenon_compare> made;
  const auto require = [&](std::string_view key, std::uint64_t revision) {
    made.push_back(compare_number({}, TENON_COMPARE_MODIFIED, TENON_EQUAL, revision));
    made.back().key = batch.keep(key);
  };
  for (const std::string& key : keys_) require(key, view_.at(key).modified);
  for (const auto& [key, revision] : watched_) require(key, revision);
  return made;
}

void TransactionTask::write() {
  stage_ = Stage::kWriting;
  parts_.clear();
  std::vector<tenon_operation> operations;
  for (const QueuedCommand& command : commands_) make_part(command, operations);
  // What was seen was true at one revision, so that replies without an operation are true too.
  if (operations.empty()) return collect(nullptr);
  ask_for(operations);
}

void TransactionTask::ask_for(const std::vector<tenon_operation>& operations) {
  RequestBatch& batch = service().submissions().batch();
  const std::vector<tenon_compare> conditions = compares();
  std::vector<tenon_operation> otherwise;
  if (needs_view_) add_reads(otherwise);
  tenon_request request{};
  request.struct_size = sizeof request;
  request.flags = TENON_REQUEST_INDEPENDENT;
  request.compares = batch.copy(std::span<const tenon_compare>(conditions));
  request.compare_count = conditions.size();
  request.operations = batch.copy(std::span<const tenon_operation>(operations));
  request.operation_count = operations.size();
  request.otherwise = batch.copy(std::span<const tenon_operation>(otherwise));
  request.otherwise_count = otherwise.size();
  ask(request);
}

void TransactionTask::advance(const tenon_completion& completion) {
  if (stage_ == Stage::kPublishing) {
    ReplyWriter text(parts_[published_].text, client().state().protocol);
    text.integer(service().subscriptions().count_receivers(commands_[published_].words[1]));
    ++published_;
    return publish_next();
  }
  const bool has_seen = stage_ == Stage::kReading || (completion.flags & TENON_COMPLETION_ELSE) != 0;
  if (!has_seen) return collect(&completion);
  if (!needs_view_) return end_with_null();
  if (failed(completion)) return;
  see(completion);
  if (watched_keys_have_changed()) return end_with_null();
  if (++attempts_ > kAttemptsMax) {
    reply().error("TRYAGAIN the keys change faster than they can be read; nothing was changed");
    return end();
  }
  write();
}

void TransactionTask::fail(const tenon_completion& completion) {
  if (stage_ != Stage::kPublishing) return Task::fail(completion);
  service().count_error();
  ReplyWriter text(parts_[published_].text, client().state().protocol);
  text.error(failure_text(completion, service().settings().redirect, key_slot(commands_[published_].words[1])));
  ++published_;
  publish_next();
}

void TransactionTask::collect(const tenon_completion* completion) {
  for (Part& part : parts_) {
    if (part.source != Source::kResults) continue;
    ReplyWriter text(part.text, client().state().protocol);
    write_answer(text, part.shape,
                 {results(*completion).subspan(part.first_result, part.result_count), completion->cluster_time_ms,
                  false, part.shape.first, part.shape.second});
  }
  stage_ = Stage::kPublishing;
  publish_next();
}

void TransactionTask::publish_next() {
  while (published_ < parts_.size() && parts_[published_].source != Source::kPublish) ++published_;
  if (published_ == parts_.size()) return end_with_replies();
  const std::vector<std::string>& words = commands_[published_].words;
  RequestBatch& batch = service().submissions().batch();
  tenon_operation publish = operation(TENON_PUBLISH, {});
  publish.key = batch.keep(words[1]);
  publish.value = batch.keep(words[2]);
  ask(service().request_of(publish));
}

void TransactionTask::end_with_null() {
  reply().null_array();
  end();
}

void TransactionTask::end_with_replies() {
  ReplyWriter writer = reply();
  if (form_ == Form::kExec) writer.array(parts_.size());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].source != Source::kImmediate) {
      writer.raw(parts_[i].text);
      continue;
    }
    const std::vector<std::string_view> words = views_of(commands_[i].words);
    commands_[i].command->immediate({service(), client(), words, writer});
  }
  end();
}

}  // namespace tenon::api_resp
