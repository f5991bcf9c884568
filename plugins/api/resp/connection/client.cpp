// SPDX-License-Identifier: MIT
#include "client.hpp"

#include <algorithm>
#include <utility>

#include "command_table.hpp"
#include "failure.hpp"
#include "key_slot.hpp"
#include "service.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

// Output that waits to be sent; beyond it a client's next requests wait.
constexpr std::uint64_t kOutputAheadMax = std::uint64_t{4} * 1024 * 1024;

// What a browser sends that a page has talked into asking this port.
bool is_of_browser(std::string_view word) noexcept { return equals(word, "post") || equals(word, "host:"); }

}  // namespace

Client::Client(Service& service, std::uint64_t id) : service_(service), parser_(service.settings().request) {
  state_.id = id;
  state_.connected_at = state_.last_request_at = Service::Clock::now();
}

Client::~Client() = default;

void Client::start(std::shared_ptr<Channel> channel) {
  channel_ = std::move(channel);
  channel_->start();
}

void Client::go_on() {
  if (!is_stalled_ || task_ != nullptr || channel_->closed()) return;
  is_stalled_ = false;
  channel_->resume_reading();
}

void Client::drain() {
  is_draining_ = true;
  channel_->stop_reading();
  service_.finish_later(*this);
}

void Client::close_after_reply(net::CloseReason reason, std::string_view detail) {
  is_over_ = true;
  channel_->close_when_flushed(reason, detail);
  service_.finish_later(*this);
}

std::size_t Client::on_input(std::string_view input) {
  const std::shared_ptr<Client> self = shared_from_this();
  std::size_t at = 0;
  std::uint64_t requests = 0;
  while (!is_over_ && task_ == nullptr && !channel_->closed()) {
    const RequestParser::Status status = parser_.parse(input.substr(at));
    if (status == RequestParser::Status::kIncomplete) break;
    if (status == RequestParser::Status::kMalformed) {
      service_.count_malformed();
      answer_error("ERR " + parser_.error());
      // What was asked before is still answered, in its turn before this error.
      channel_->stop_reading();
      is_malformed_ = true;
      settle();
      return input.size();
    }
    if (status == RequestParser::Status::kRequest && !execute(parser_.arguments())) {
      is_stalled_ = true;
      channel_->pause_reading();
      break;
    }
    at += parser_.size();
    ++requests;
  }
  // Without one there is nothing to finish: who waits is called when what it waits for has ended, and must not ask for
  // another turn before.
  if (requests != 0) {
    service_.count_requests(requests);
    state_.last_request_at = Service::Clock::now();
    service_.finish_later(*this);
  }
  return at;
}

std::string Client::full_name(const Command& command, Arguments words) {
  std::string name(command.name);
  if ((command.flags & kContainer) != 0 && words.size() > 1) name += "|" + lower(words[1]);
  return name;
}

bool Client::has_output_ahead() noexcept {
  if (!channel_->is_backlogged() || channel_->output_bytes() <= kOutputAheadMax) return false;
  waits_for_output_ = true;
  return true;
}

bool Client::may_begin(const Command& command) {
  if (order_.size() >= service_.settings().pipelined_requests_max) return false;
  if (has_output_ahead()) return false;
  const bool is_alone = (command.flags & kAlone) != 0 || command.task != nullptr;
  if (is_alone && !order_.empty()) return false;
  const bool asks_node = command.plan != nullptr || command.compute != nullptr || command.task != nullptr;
  if (asks_node && !service_.submissions().has_credit()) {
    service_.wait_for_credit(shared_from_this());
    return false;
  }
  // Whoever hears a message may look for what was written before it.
  if (command.publishes && unfinished_writes_ != 0) return false;
  return (command.flags & kWrite) == 0 || unfinished_reads_ == 0;
}

std::string Client::refusal(const Command* command, Arguments words) const {
  if (command == nullptr) return unknown_command_text(words);
  if (!accepts(*command, words.size())) {
    return "ERR wrong number of arguments for '" + std::string(command->name) + "' command";
  }
  if (state_.transaction.is_open && (command->flags & kNotInTransaction) != 0) {
    return "ERR Command not allowed inside a transaction";
  }
  if (state_.protocol < 3 && state_.is_subscribed() && (command->flags & kInSubscription) == 0) {
    return "ERR Can't execute '" + full_name(*command, words) +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  }
  return {};
}

bool Client::execute(Arguments words) {
  const Command* const command = service_.command_table().find(words[0]);
  if (command == nullptr && is_of_browser(words[0])) {
    service_.count_malformed();
    channel_->close(net::CloseReason::kMalformed, "it sent a request of HTTP, as a browser does");
    return true;
  }
  if (const std::string why = refusal(command, words); !why.empty()) {
    if (state_.transaction.is_open) state_.transaction.has_failed = true;
    answer_error(why);
    return true;
  }
  if (state_.transaction.is_open && (command->flags & kControlsTransaction) == 0) {
    queue(*command, words);
    return true;
  }
  if (!may_begin(*command)) return false;
  note_command(*command, words);
  run(*command, words);
  return true;
}

void Client::run(const Command& command, Arguments words) {
  if (command.immediate != nullptr) {
    return answer([&](ReplyWriter& writer) { command.immediate({service_, *this, words, writer}); });
  }
  if (command.plan != nullptr) return run_plan(command, words);
  std::unique_ptr<Task> task;
  task_is_silent_ = takes_silence();
  if (command.task != nullptr) {
    ReplyWriter writer = task_reply();
    task = command.task({service_, *this, words, writer});
  } else {
    task = service_.compute_later(*this, command, words);
  }
  if (task != nullptr) return run_task(std::move(task), words);
  silence_.clear();
  settle();
}

void Client::run_plan(const Command& command, Arguments words) {
  Plan& plan = service_.plan();
  plan.begin(true);
  switch (command.plan(words, plan)) {
    case Planned::kRefused:
      return answer_error(plan.error());
    case Planned::kNeedsView:
      // Its keys are read, and what is done to them follows from what they are.
      task_is_silent_ = takes_silence();
      return run_task(service_.compute_later(*this, command, words), words);
    case Planned::kOperations:
      break;
  }
  tenon_request request = service_.request_of(plan);
  prepare(request);
  const std::uint64_t number = order_.next_number();
  Call& call = order_.push();
  call.shape = plan.reply;
  call.is_write = plan.is_write();
  call.is_silent = takes_silence();
  call.slot = slot_of(words);
  if (command.publishes) call.shape.first = service_.subscriptions().count_receivers(words[1]);
  if (call.shape.explain != nullptr) call.held = words[1];
  ++(call.is_write ? unfinished_writes_ : unfinished_reads_);
  call.request = service_.submissions().add(request, *this, number);
}

void Client::note_command(const Command& command, Arguments words) {
  state_.last_command = &command;
  if ((command.flags & kContainer) != 0) state_.last_subcommand = words.size() > 1 ? lower(words[1]) : std::string();
}

std::uint16_t Client::slot_of(Arguments words) const noexcept {
  const bool is_named = service_.settings().redirect == Redirect::kMoved && words.size() > 1;
  return is_named ? key_slot(words[1]) : std::uint16_t{0};
}

void Client::run_task(std::unique_ptr<Task> task, Arguments words) {
  task_ = std::move(task);
  task_slot_ = slot_of(words);
  is_stalled_ = true;
  channel_->pause_reading();
  task_->begin();
}

void Client::queue(const Command& command, Arguments words) {
  Transaction& transaction = state_.transaction;
  std::uint64_t bytes = 0;
  for (const std::string_view word : words) bytes += word.size() + sizeof(std::string);
  const Settings& settings = service_.settings();
  if (transaction.queued.size() >= settings.transaction_commands_max ||
      transaction.queued_bytes + bytes > settings.transaction_bytes_max) {
    transaction.has_failed = true;
    return answer_error("ERR the transaction is larger than transaction_commands_max or transaction_bytes_max");
  }
  transaction.queued_bytes += bytes;
  transaction.queued.push_back({&command, {words.begin(), words.end()}});
  answer([](ReplyWriter& writer) { writer.simple("QUEUED"); });
}

void Client::prepare(tenon_request& request) const noexcept {
  const Settings& settings = service_.settings();
  request.consistency = settings.consistency;
  if (unfinished_writes_ != 0) request.flags |= TENON_REQUEST_AFTER_WRITES;
  if (settings.redirect != Redirect::kMoved) return;
  const auto is_write = [](const tenon_operation& one) { return changes_keyspace(one.kind); };
  const std::span<const tenon_operation> operations(request.operations, request.operation_count);
  if (state_.is_read_only && std::none_of(operations.begin(), operations.end(), is_write)) {
    request.consistency = TENON_READ_STALE;
  } else {
    request.flags |= TENON_REQUEST_NO_FORWARD;
  }
}

void Client::compare_watched(const tenon_completion& completion) {
  if (state_.watched.empty() || completion.outcome != TENON_OUTCOME_DONE || completion.error != TENON_OK) return;
  for (const tenon_result& result : results(completion)) {
    for (const tenon_record& record : std::span(result.records, result.record_count)) {
      const auto found = state_.watched.find(view(record.key));
      if (found != state_.watched.end() && found->second != record.modified) state_.watch_is_broken = true;
    }
  }
}

bool Client::takes_silence() {
  if (state_.reply_mode != ReplyMode::kSkipNext) return state_.reply_mode == ReplyMode::kOff;
  state_.reply_mode = ReplyMode::kOn;
  return true;
}

template <class Write>
void Client::answer(Write&& write) {
  const bool was_off = state_.reply_mode == ReplyMode::kOff;
  const bool is_silent = takes_silence();
  const bool is_direct = order_.empty() && !is_silent;
  if (!is_direct) order_.push().is_ready = true;
  ReplyWriter writer(is_direct ? channel_->output() : order_.back().held, state_.protocol);
  write(writer);
  if (is_direct) return;
  // What turns replies on is answered itself.
  order_.back().is_silent = is_silent && !(was_off && state_.reply_mode == ReplyMode::kOn);
  send_ready();
}

void Client::answer_error(std::string_view text) {
  service_.count_error();
  answer([&](ReplyWriter& writer) { writer.error(text); });
}

void Client::take(std::uint64_t number, const tenon_completion& completion) {
  Call& call = order_.at(number);
  --(call.is_write ? unfinished_writes_ : unfinished_reads_);
  call.request = 0;
  if (is_over_ || channel_->closed()) return;
  compare_watched(completion);
  if (call.shape.explain != nullptr) {
    const bool is_done = completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK;
    if (is_done && results(completion)[0].error == TENON_ERROR_WRONG_TYPE) return ask_what_was_wrong(call, number);
    call.held.clear();
  }
  const bool is_front = order_.is_front(number);
  const bool is_direct = is_front && !call.is_silent;
  ReplyWriter writer(is_direct ? channel_->output() : call.held, state_.protocol);
  write_reply(call, completion, writer);
  call.is_ready = true;
  if (is_front) {
    send_ready();
    settle();
  } else if (is_stalled_) {
    service_.finish_later(*this);
  }
}

void Client::ask_what_was_wrong(Call& call, std::uint64_t number) {
  Plan& plan = service_.plan();
  plan.begin(false);
  plan.add(TENON_GET, call.held);
  tenon_request request = service_.request_of(plan);
  prepare(request);
  call.held.clear();
  call.shape.write = std::exchange(call.shape.explain, nullptr);
  call.is_write = false;
  ++unfinished_reads_;
  call.request = service_.submissions().add(request, *this, number);
  service_.finish_later(*this);
}

void Client::send_ready() {
  while (!order_.empty() && order_.front().is_ready && !is_over_) {
    Call& call = order_.front();
    if (!call.is_silent && !call.held.empty()) channel_->output().append(call.held);
    const bool is_unknown = call.is_unknown;
    order_.pop();
    if (is_unknown) close_after_reply(net::CloseReason::kRefused);
  }
}

void Client::write_reply(Call& call, const tenon_completion& completion, ReplyWriter& writer) {
  if (completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK) {
    return call.shape.write(
        writer, {results(completion), completion.cluster_time_ms, (completion.flags & TENON_COMPLETION_ELSE) != 0,
                 call.shape.first, call.shape.second});
  }
  service_.count_error();
  writer.error(failure_text(completion, service_.settings().redirect, call.slot));
  call.is_unknown = is_unknown(completion);
}

ReplyWriter Client::task_reply() { return {task_is_silent_ ? silence_ : channel_->output(), state_.protocol}; }

void Client::end_task() {
  task_.reset();
  silence_.clear();
  settle();
}

void Client::fail_task(const tenon_completion& completion) {
  service_.count_error();
  task_reply().error(failure_text(completion, service_.settings().redirect, task_slot_));
  const bool is_last_word = is_unknown(completion);
  end_task();
  if (is_last_word) close_after_reply(net::CloseReason::kRefused);
}

// What ends, begins or goes on when a reply has left.
void Client::settle() {
  service_.finish_later(*this);
  if (!order_.empty() || task_ != nullptr) return;
  if (is_malformed_) close_after_reply(net::CloseReason::kMalformed, parser_.error());
  if (input_ended_ && !is_stalled_) close_after_reply(net::CloseReason::kPeer);
}

void Client::on_input_end() {
  input_ended_ = true;
  settle();
}

void Client::on_flushed() {
  if (waits_for_output_) service_.finish_later(*this);
  waits_for_output_ = false;
  if (settled()) service_.settled();
}

bool Client::busy() const noexcept { return !order_.empty() || task_ != nullptr || state_.is_subscribed(); }

void Client::on_closed(const Closing& closing) {
  const std::shared_ptr<Client> self = shared_from_this();
  task_.reset();
  while (!order_.empty()) {
    if (order_.front().request != 0) service_.submissions().abandon(order_.front().request);
    order_.pop();
  }
  service_.closed(*this, closing);
}

}  // namespace tenon::api_resp
