// SPDX-License-Identifier: MIT
// From the requests of a client to the node, and from its answers to the replies.
#include <utility>

#include "client.hpp"
#include "failure.hpp"
#include "replies.hpp"
#include "service.hpp"

namespace tenon::api_resp {

void Client::run_plan(const Command& command, Arguments words) {
  Plan& plan = service_.plan();
  plan.begin(true);
  switch (command.plan(words, plan)) {
    case Planned::kRefused:
      return answer_error(plan.error());
    case Planned::kNeedsView:
      // Its keys are read, and what is done to them follows from what they are.
      close_bundle();
      task_is_silent_ = takes_silence();
      return run_task(service_.compute_later(*this, command, words), words);
    case Planned::kOperations:
      break;
  }
  Bundle& bundle = service_.bundle();
  if (!bundle.takes(plan)) close_bundle();
  if (bundle.takes(plan)) {
    if (bundle.empty()) prepare(bundle.open(), plan.is_write());
    bundle.add(plan, order_.next_number());
    push_call(command, plan, words);
    return;
  }
  tenon_request request = service_.request_of(plan);
  prepare(request, plan.is_write());
  const std::uint64_t number = order_.next_number();
  push_call(command, plan, words).request = service_.submissions().add(request, *this, number);
}

Call& Client::push_call(const Command& command, const Plan& plan, Arguments words) {
  Call& call = order_.push();
  call.shape = plan.reply;
  call.is_write = plan.is_write();
  call.is_silent = takes_silence();
  call.slot = slot_of(words);
  if (command.publishes) call.shape.first = service_.subscriptions().count_receivers(words[1]);
  ++(call.is_write ? unfinished_writes_ : unfinished_reads_);
  return call;
}

void Client::close_bundle() {
  Bundle& bundle = service_.bundle();
  if (bundle.empty()) return;
  const std::span<const tenon_operation> operations = bundle.operations();
  const std::uint64_t first = bundle.first_call();
  const std::uint64_t id = service_.submissions().add(bundle.close(service_.submissions().batch()), *this, first);
  if (channel_->closed()) {
    // It happens all the same, like what was asked for before it.
    service_.submissions().abandon(id);
  } else {
    order_.at(first).request = id;
    order_.at(first).shared_by = operations.size();
    if (operations.size() > 1 && operations.front().kind == TENON_GET) {
      for (std::size_t i = 0; i < operations.size(); ++i) order_.at(first + i).key = view(operations[i].key);
    }
  }
  bundle.clear();
}

void Client::take(std::uint64_t number, const tenon_completion& completion) {
  Call& first = order_.at(number);
  const std::uint64_t count = std::exchange(first.shared_by, 1);
  (first.is_write ? unfinished_writes_ : unfinished_reads_) -= count;
  first.request = 0;
  if (is_over_ || channel_->closed()) return;
  compare_watched(completion);
  const bool is_front = order_.is_front(number);
  const bool is_done = completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK;
  for (std::uint64_t i = 0; i < count && !is_over_ && !channel_->closed(); ++i) {
    const auto own = is_done && count > 1 ? results(completion).subspan(i, 1) : results(completion);
    Call& call = order_.at(number + i);
    if (is_done && !call.key.empty() && own[0].error == TENON_ERROR_TOO_LARGE) {
      ask_again(call, number + i);
    } else {
      reply_to(number + i, completion, own);
    }
  }
  if (is_front || stall_ != Stall::kNone) settle();
}

// The reads that shared its request have filled the answer.
void Client::ask_again(Call& call, std::uint64_t number) {
  Submissions& submissions = service_.submissions();
  tenon_operation get = operation(TENON_GET, {});
  get.key = submissions.batch().keep(std::exchange(call.key, {}));
  tenon_request request = service_.request_of(get);
  request.flags = TENON_REQUEST_INDEPENDENT;
  prepare(request, false);
  ++unfinished_reads_;
  call.request = submissions.add(request, *this, number);
}

void Client::reply_to(std::uint64_t number, const tenon_completion& completion, std::span<const tenon_result> own) {
  Call& call = order_.at(number);
  const bool is_front = order_.is_front(number);
  const bool is_direct = is_front && !call.is_silent;
  ReplyWriter writer(is_direct ? channel_->output() : call.held, state_.protocol);
  write_reply(call, completion, own, writer);
  call.is_ready = true;
  held_bytes_ += call.held.size();
  if (is_front) send_ready();
}

void Client::send_ready() {
  while (!order_.empty() && order_.front().is_ready && !is_over_) {
    Call& call = order_.front();
    if (!call.is_silent && !call.held.empty()) channel_->output().append(call.held);
    const bool is_unknown = call.is_unknown;
    held_bytes_ -= call.held.size();
    order_.pop();
    if (is_unknown) close_after_reply(net::CloseReason::kRefused);
  }
}

void Client::write_reply(Call& call, const tenon_completion& completion, std::span<const tenon_result> own,
                         ReplyWriter& writer) {
  if (completion.outcome == TENON_OUTCOME_DONE && completion.error == TENON_OK) {
    return write_answer(writer, call.shape,
                        {own, completion.cluster_time_ms, (completion.flags & TENON_COMPLETION_ELSE) != 0,
                         call.shape.first, call.shape.second});
  }
  service_.count_error();
  writer.error(failure_text(completion, service_.settings().redirect, call.slot));
  call.is_unknown = is_unknown(completion);
}

}  // namespace tenon::api_resp
