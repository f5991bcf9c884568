// SPDX-License-Identifier: MIT
#include "client.hpp"

#include <algorithm>
#include <utility>

#include "command_table.hpp"
#include "failure.hpp"
#include "key_slot.hpp"
#include "replies.hpp"
#include "service.hpp"
#include "tenon/check.hpp"
#include "text.hpp"

namespace tenon::api_resp {

namespace {

// Output that waits to be sent; beyond it a client's next requests wait.
constexpr std::uint64_t kOutputAheadMax = std::uint64_t{4} * 1024 * 1024;

// Of the second word of a command that a client has sent last.
constexpr std::size_t kSubcommandBytesShown = 32;

// What a browser sends that a page has talked into asking this port.
bool is_of_browser(std::string_view word) noexcept { return equals(word, "post") || equals(word, "host:"); }

}  // namespace

Client::Client(Service& service, std::uint64_t id) : service_(service), parser_(service.settings().request) {
  state_.id = id;
  state_.connected_at = state_.last_request_at = Service::Clock::now();
}

Client::~Client() { TENON_CHECK(!is_waiting_for_credit_); }

void Client::start(std::shared_ptr<Channel> channel) {
  channel_ = std::move(channel);
  channel_->start();
}

void Client::go_on() {
  if (stall_ == Stall::kNone || holds(stall_) || channel_->closed()) return;
  stall_ = Stall::kNone;
  channel_->resume_reading();
}

void Client::take_credit() {
  is_waiting_for_credit_ = false;
  go_on();
}

void Client::flush() {
  channel_->count_kept(state_.kept_bytes() + held_bytes_ + (task_ == nullptr ? 0 : task_->kept_bytes()));
  channel_->flush();
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
  TENON_CHECK(service_.bundle().empty());
  const std::size_t taken = execute_all(input);
  close_bundle();
  return taken;
}

std::size_t Client::execute_all(std::string_view input) {
  std::size_t at = 0;
  std::uint64_t requests = 0;
  while (stall_ == Stall::kNone && !is_over_ && !channel_->closed()) {
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
    if (status == RequestParser::Status::kRequest && !execute(parser_.arguments())) break;
    at += parser_.size();
    ++requests;
    if (!service_.submissions().is_large()) continue;
    close_bundle();
    service_.submissions().submit();
  }
  if (requests == 0) return at;
  parser_.trim();
  service_.count_requests(requests);
  state_.last_request_at = Service::Clock::now();
  service_.finish_later(*this);
  return at;
}

std::string Client::full_name(const Command& command, Arguments words) {
  std::string name(command.name);
  if ((command.flags & kContainer) != 0 && words.size() > 1) name += "|" + lower(words[1]);
  return name;
}

bool Client::holds(Stall stall) const noexcept {
  switch (stall) {
    case Stall::kNone:
      break;
    case Stall::kTask:
      return task_ != nullptr;
    case Stall::kFull:
      return order_.size() >= service_.settings().pipelined_requests_max;
    case Stall::kOutput:
      return channel_->is_backlogged() && channel_->output_bytes() > kOutputAheadMax;
    case Stall::kReplies:
      return !order_.empty();
    case Stall::kCredit:
      return !service_.submissions().has_credit(service_.bundle().empty() ? 0 : 1);
    case Stall::kWrites:
      return unfinished_writes_ != 0;
    case Stall::kReads:
      return unfinished_reads_ != 0;
  }
  return false;
}

bool Client::must_wait(const Command& command) {
  const bool is_alone = (command.flags & kAlone) != 0 || command.task != nullptr;
  const bool asks_node = command.plan != nullptr || command.compute != nullptr || command.task != nullptr;
  if (is_alone && waits_for(Stall::kReplies)) return true;
  if (asks_node && waits_for(Stall::kCredit)) return true;
  // Whoever hears a message may look for what was written before it.
  if (command.publishes && waits_for(Stall::kWrites)) return true;
  return (command.flags & kWrite) != 0 && waits_for(Stall::kReads);
}

bool Client::waits_for(Stall stall) {
  if (!holds(stall)) return false;
  pause(stall);
  return true;
}

void Client::pause(Stall stall) {
  stall_ = stall;
  channel_->pause_reading();
  if (stall != Stall::kCredit || is_waiting_for_credit_) return;
  is_waiting_for_credit_ = true;
  service_.wait_for_credit(*this);
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
  if (waits_for(Stall::kFull) || waits_for(Stall::kOutput)) return false;
  if (const std::string why = refusal(command, words); !why.empty()) {
    if (state_.transaction.is_open) state_.transaction.has_failed = true;
    answer_error(why);
    return true;
  }
  if (state_.transaction.is_open && (command->flags & kControlsTransaction) == 0) {
    queue(*command, words);
    return true;
  }
  if (must_wait(*command)) return false;
  const bool has_subcommand = (command->flags & kContainer) != 0 && words.size() > 1;
  state_.last_command = command;
  state_.last_subcommand = has_subcommand ? lower(words[1].substr(0, kSubcommandBytesShown)) : std::string();
  run(*command, words);
  return true;
}

void Client::run(const Command& command, Arguments words) {
  if (command.immediate != nullptr) {
    return answer([&](ReplyWriter& writer) { command.immediate({service_, *this, words, writer}); });
  }
  if (command.plan != nullptr) return run_plan(command, words);
  close_bundle();
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

std::uint16_t Client::slot_of(Arguments words) const noexcept {
  const bool is_named = service_.settings().redirect == Redirect::kMoved && words.size() > 1;
  return is_named ? key_slot(words[1]) : std::uint16_t{0};
}

void Client::run_task(std::unique_ptr<Task> task, Arguments words) {
  task_ = std::move(task);
  task_slot_ = slot_of(words);
  pause(Stall::kTask);
  task_->begin();
}

void Client::queue(const Command& command, Arguments words) {
  Transaction& transaction = state_.transaction;
  const std::uint64_t bytes = bytes_kept_for(words);
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

void Client::prepare(tenon_request& request, bool decides_writes) const noexcept {
  const Settings& settings = service_.settings();
  request.consistency = settings.consistency;
  if (unfinished_writes_ != 0) request.flags |= TENON_REQUEST_AFTER_WRITES;
  if (settings.redirect != Redirect::kMoved) return;
  if (state_.is_read_only && !decides_writes) {
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
  close_bundle();
  const bool was_off = state_.reply_mode == ReplyMode::kOff;
  const bool is_silent = takes_silence();
  const bool is_direct = order_.empty() && !is_silent;
  if (!is_direct) order_.push().is_ready = true;
  ReplyWriter writer(is_direct ? channel_->output() : order_.back().held, state_.protocol);
  write(writer);
  if (is_direct) return;
  held_bytes_ += order_.back().held.size();
  // What turns replies on is answered itself.
  order_.back().is_silent = is_silent && !(was_off && state_.reply_mode == ReplyMode::kOn);
  send_ready();
}

void Client::answer_error(std::string_view text) {
  service_.count_error();
  answer([&](ReplyWriter& writer) { writer.error(text); });
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
  if (input_ended_ && stall_ == Stall::kNone) close_after_reply(net::CloseReason::kPeer);
}

void Client::on_input_end() {
  input_ended_ = true;
  settle();
}

void Client::on_flushed() {
  if (stall_ == Stall::kOutput) service_.finish_later(*this);
  if (settled()) service_.settled();
}

bool Client::busy() const noexcept { return !order_.empty() || stall_ != Stall::kNone || state_.is_subscribed(); }

void Client::on_closed(const Closing& closing) {
  const std::shared_ptr<Client> self = shared_from_this();
  task_.reset();
  if (std::exchange(is_waiting_for_credit_, false)) service_.forget_waiting(*this);
  while (!order_.empty()) {
    if (order_.front().request != 0) service_.submissions().abandon(order_.front().request);
    order_.pop();
  }
  service_.closed(*this, closing);
}

}  // namespace tenon::api_resp
