// SPDX-License-Identifier: MIT
// One client: its requests become operations, and its replies leave in the order of the requests.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "call_order.hpp"
#include "channel.hpp"
#include "client_state.hpp"
#include "command.hpp"
#include "request_parser.hpp"
#include "submissions.hpp"
#include "task.hpp"

namespace tenon::api_resp {

// Every request has one reply, but for those that Redis does not answer. What a client says one after the other happens
// in that order, also when it does not wait: reads see its earlier writes, and a write waits for its earlier reads.
// 0 <= unanswered requests <= pipelined_requests_max; at the bound, and while a task runs, nothing more is read. A
// request that must wait for something rests in the channel until that has ended, and costs nothing until then. All of
// it on the I/O thread.
class Client final : public ChannelUser, public Waiter, public std::enable_shared_from_this<Client> {
 public:
  Client(Service& service, std::uint64_t id);
  ~Client() override;

  // A client holds its channel and the channel calls it, so it ends with close() and not before.
  void start(std::shared_ptr<Channel> channel);
  // Goes on with a request that waited, when what it waited for has ended.
  void go_on();
  // Goes on, now that the queue takes requests again.
  void take_credit();
  // Counts what is kept for this client, and sends what was written.
  void flush();
  // Takes no more requests; answers those that were taken and then closes.
  void drain();
  void close(net::CloseReason reason, std::string_view detail = {}) { channel_->close(reason, detail); }
  // Sends what was written and then closes; nothing is answered any more.
  void close_after_reply(net::CloseReason reason, std::string_view detail = {});
  // Whether nothing is to be answered or sent.
  bool settled() const noexcept { return order_.empty() && task_ == nullptr && channel_->output_bytes() == 0; }

  // Writes something that is not a reply, such as a message of a channel, behind the replies that have been written.
  template <class Write>
  void push(Write&& write) {
    if (is_over_ || channel_->closed()) return;
    ReplyWriter writer(channel_->output(), state_.protocol);
    write(writer);
  }
  // Where a task writes its reply.
  ReplyWriter task_reply();
  // The task has written its reply.
  void end_task();
  // Of a task whose request was not done.
  void fail_task(const tenon_completion& completion);

  ClientState& state() noexcept { return state_; }
  const ClientState& state() const noexcept { return state_; }
  const Channel& channel() const noexcept { return *channel_; }
  // As Redis tells it: client|id for CLIENT ID.
  static std::string full_name(const Command& command, Arguments words);
  // A key that was absent when it was watched may have come, been read and gone again, and is absent as before; so what
  // is read of a watched key has to be what it was.
  void compare_watched(const tenon_completion& completion);
  // Its flags and consistency, from what the client has said and what it waits for. `decides_writes`: what it reads
  // says what will be written, so that it must not be old.
  void prepare(tenon_request& request, bool decides_writes) const noexcept;

  std::size_t on_input(std::string_view input) override;
  void on_input_end() override;
  void on_flushed() override;
  bool busy() const noexcept override;
  void on_closed(const Closing& closing) override;
  void take(std::uint64_t number, const tenon_completion& completion) override;

 private:
  friend class Server;

  // What a request waits for before it begins.
  enum class Stall {
    kNone,
    kTask,     // the task runs
    kFull,     // as many requests are unanswered as there may be
    kOutput,   // the client does not read what it has asked for
    kReplies,  // an earlier request is unanswered, and this one must be alone
    kCredit,   // the queue takes no more
    kWrites,   // an earlier write is unfinished
    kReads,    // an earlier read is unfinished
  };

  // Carries out what it can of the input; returns how much of it that was.
  std::size_t execute_all(std::string_view input);
  // Carries a request out or begins to. False when it must wait; nothing has happened then.
  bool execute(Arguments words);
  bool must_wait(const Command& command);
  // Whether there is what a request would wait for.
  bool holds(Stall stall) const noexcept;
  // Whether there is, and then it does.
  bool waits_for(Stall stall);
  void pause(Stall stall);
  void run(const Command& command, Arguments words);
  void run_plan(const Command& command, Arguments words);
  Call& push_call(const Command& command, const Plan& plan, Arguments words);
  // Makes a request of the commands that wait for more of their kind, before anything else is asked for and when no
  // more has come.
  void close_bundle();
  void run_task(std::unique_ptr<Task> task, Arguments words);
  void queue(const Command& command, Arguments words);
  // Why the request cannot be carried out, whatever it is about; empty when it can.
  std::string refusal(const Command* command, Arguments words) const;
  // Writes a reply that is known now, in its turn.
  template <class Write>
  void answer(Write&& write);
  void answer_error(std::string_view text);
  // A call has ended; `own` are the results of its operations, when they ran.
  void reply_to(std::uint64_t number, const tenon_completion& completion, std::span<const tenon_result> own);
  void write_reply(Call& call, const tenon_completion& completion, std::span<const tenon_result> own,
                   ReplyWriter& writer);
  void ask_again(Call& call, std::uint64_t number);
  void send_ready();
  bool takes_silence();
  // Of the first key, where an error may have to name it; else 0.
  std::uint16_t slot_of(Arguments words) const noexcept;
  void settle();

  Service& service_;
  std::shared_ptr<Channel> channel_;
  RequestParser parser_;
  ClientState state_;
  CallOrder order_;
  std::unique_ptr<Task> task_;
  std::uint64_t unfinished_reads_ = 0;
  std::uint64_t unfinished_writes_ = 0;
  std::uint64_t held_bytes_ = 0;        // of replies that wait for earlier ones
  std::string silence_;                 // where replies go that the client does not want
  Stall stall_ = Stall::kNone;          // of the request that waits in the channel
  bool is_waiting_for_credit_ = false;  // the service has it on its list
  bool is_over_ = false;                // nothing is answered any more
  bool is_malformed_ = false;           // what came cannot be understood; this was said
  bool task_is_silent_ = false;
  std::uint16_t task_slot_ = 0;  // of the task's command
  bool input_ended_ = false;
  bool is_draining_ = false;
  bool to_be_finished_ = false;  // the server has it on its list
};

}  // namespace tenon::api_resp
