// SPDX-License-Identifier: MIT
#include "host/node_thread.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::host {
namespace {

// That wait for the node: as many as there can be unfinished requests. What comes beyond is ignored, for there is one
// that names the same request, or one that has ended.
constexpr std::size_t kCancelsMax = kQueueDepthMax * kQueuesMax;

// Of submissions that a mail keeps room for; what a burst needed beyond goes back.
constexpr std::size_t kSubmissionsKept = 4096;

// A mail with nothing in it, and the memory that the next one will need as well.
Mail emptied(Mail mail) {
  Mail next;
  mail.submissions.clear();
  if (mail.submissions.capacity() <= kSubmissionsKept) next.submissions = std::move(mail.submissions);
  return next;
}

// Signals are the control thread's.
void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

NodeThread::NodeThread(Identity identity, const PeerDirectory& directory, Logger& logger, Metrics& metrics,
                       std::function<void(const std::string&)> on_failed)
    : identity_(std::move(identity)),
      directory_(directory),
      metrics_(metrics),
      on_failed_(std::move(on_failed)),
      started_(steady_now()),
      events_(logger, metrics),
      workers_([this](std::unique_ptr<node::Work> work) {
        post([&](Mail& mail) { mail.done.push_back(std::move(work)); });
      }) {}

NodeThread::~NodeThread() { TENON_CHECK(!thread_.joinable()); }

void NodeThread::start(const node::Settings& settings, node::Recovered recovered, std::uint64_t seed,
                       node::StoragePort storage, node::PeerPort& peers, ClientHost& clients) {
  TENON_CHECK(!node_);
  inbox_bytes_max_ = settings.inbox_bytes_max;
  clients_ = &clients;
  node_.emplace(settings, std::move(recovered), raft::Random(seed), storage, peers, workers_,
                static_cast<node::Surroundings&>(*this), now());
  publish();
  workers_.start(settings.images.take_bytes_per_second);
  thread_ = std::thread([this] {
    block_signals();
    run();
  });
}

void NodeThread::stop() {
  if (!thread_.joinable()) return;
  post([](Mail& mail) { mail.stop = true; });
  thread_.join();
  workers_.stop();
  mail_.done.clear();
  node_->close_images();
}

template <class Append>
void NodeThread::post(Append append) {
  bool wake = false;
  {
    const std::lock_guard lock(mail_mutex_);
    if (mail_.empty()) mail_since_ = host::steady_now();
    append(mail_);
    wake = std::exchange(sleeping_, false);
  }
  if (wake) wake_.raise();
}

std::vector<node::Token> NodeThread::submit(std::vector<node::Submission>& submissions) {
  std::vector<node::Token> refused;
  if (submissions.empty()) return refused;
  post([&](Mail& mail) {
    for (node::Submission& submission : submissions) {
      const std::uint64_t size = node::held_bytes(submission);
      if (mail.submission_bytes > 0 && mail.submission_bytes + size > inbox_bytes_max_) {
        refused.push_back(submission.token);
        continue;
      }
      mail.submission_bytes += size;
      mail.submissions.push_back(std::move(submission));
    }
  });
  submissions.clear();
  return refused;
}

void NodeThread::cancel(node::Token token) {
  post([&](Mail& mail) {
    if (mail.cancels.size() < kCancelsMax) mail.cancels.push_back({mail.submissions.size(), token});
  });
}

void NodeThread::loan_returned(const node::StreamLoan& loan) {
  post([&](Mail& mail) {
    if (!mail.loans.empty() && mail.loans.back().stream == loan.stream) {
      mail.loans.back().records += loan.records;
      mail.loans.back().bytes += loan.bytes;
    } else {
      mail.loans.push_back(loan);
    }
  });
}

void NodeThread::end_queue(std::uint64_t queue) {
  post([&](Mail& mail) { mail.ended_queues.push_back(queue); });
}

void NodeThread::nudge() {
  post([](Mail& mail) { mail.nudge = true; });
}

void NodeThread::plugin_loaded(LoadedPart part) {
  const std::lock_guard lock(parts_mutex_);
  parts_.push_back(std::move(part));
}

void NodeThread::transfer_leadership(raft::NodeId target) {
  post([&](Mail& mail) { mail.transfer = target; });
}

void NodeThread::take_image() {
  post([](Mail& mail) { mail.image = true; });
}

bool NodeThread::ask(node::OperatorRequest request) {
  bool fits = true;
  post([&](Mail& mail) {
    fits = mail.asked.size() < kOperatorRequestsMax;
    if (fits) mail.asked.push_back(std::move(request));
  });
  return fits;
}

void NodeThread::receive(raft::NodeId peer, std::span<const tenon_bytes> frames) {
  std::vector<Mail::FromPeer> taken;
  taken.reserve(frames.size());
  for (const tenon_bytes& frame : frames) {
    if (frame_room_.take(peer, frame.size)) {
      taken.push_back({peer, std::make_shared<const std::string>(view(frame)), {}, {}});
    } else {
      events_.no_room_for_frame();
    }
  }
  if (taken.empty()) return;
  post([&](Mail& mail) { std::move(taken.begin(), taken.end(), std::back_inserter(mail.from_peers)); });
}

void NodeThread::on_lane(raft::NodeId peer, node::Lane lane, node::LaneEvent event) {
  bool fits = true;
  post([&](Mail& mail) {
    fits = mail.lane_events < kLaneEventsMax;
    if (!fits) return;
    ++mail.lane_events;
    mail.from_peers.push_back({peer, nullptr, lane, event});
  });
  // The node's idea of its lanes would be wrong from now on.
  if (!fits) failed("a transport reports more events of lanes than a connection can have");
}

void NodeThread::on_dial_failed(raft::NodeId peer, const std::string& why) {
  post([&](Mail& mail) {
    if (mail.dial_failures.size() < kDialFailuresMax) mail.dial_failures.push_back({peer, why});
  });
}

void NodeThread::durable(std::uint64_t sequence) {
  post([&](Mail& mail) { mail.durable = sequence; });
}

void NodeThread::read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                           tenon_loan loan) {
  post([&](Mail& mail) { mail.log_reads.push_back({request, error, entries, count, loan}); });
}

void NodeThread::space(bool is_short) {
  post([&](Mail& mail) { mail.space_is_short = is_short; });
}

void NodeThread::closed() {
  TENON_CHECK(!thread_.joinable());
  const std::lock_guard lock(mail_mutex_);
  give_back_reads(mail_);
}

node::Status NodeThread::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void NodeThread::run() {
  Mail mail;
  while (!mail.stop) {
    deliver(mail);
    node_->run(now());
    rounds_.fetch_add(1, std::memory_order_relaxed);
    publish();  // before the answers: whoever has one finds in status() what it rests on
    send_answers();
    sleep(node_->next_deadline());
    mail = emptied(std::move(mail));
    const std::lock_guard lock(mail_mutex_);
    std::swap(mail, mail_);
  }
  give_back_reads(mail);
  // Handles on images that came back with it are not for this thread to close.
  const std::lock_guard lock(mail_mutex_);
  std::move(mail.done.begin(), mail.done.end(), std::back_inserter(mail_.done));
}

void NodeThread::give_back_reads(Mail& mail) {
  for (const Mail::LogRead& read : mail.log_reads) give_back(read.loan);
  mail.log_reads.clear();
}

void NodeThread::deliver(Mail& mail) {
  if (mail.space_is_short) node_->on_space(*mail.space_is_short);
  if (mail.durable != 0) node_->on_durable(raft::WriteSequence(mail.durable));
  for (const Mail::LogRead& read : mail.log_reads) {
    node_->on_entries_read(read.request, read.error, {read.entries, static_cast<std::size_t>(read.count)});
    give_back(read.loan);
  }
  for (std::unique_ptr<node::Work>& work : mail.done) node_->on_work_done(std::move(work));
  deliver_from_peers(mail);
  for (const node::StreamLoan& loan : mail.loans) node_->give_back(loan);
  if (mail.image) node_->take_image();
  for (node::OperatorRequest& request : mail.asked) node_->ask(std::move(request));
  if (mail.transfer) node_->transfer_leadership(*mail.transfer);
  // In the order of posting: a request that has the id of one that was cancelled and ended must not be cancelled for
  // it.
  auto cancel = mail.cancels.begin();
  for (std::size_t submitted = 0;; ++submitted) {
    for (; cancel != mail.cancels.end() && cancel->after == submitted; ++cancel) node_->cancel(cancel->token);
    if (submitted == mail.submissions.size()) break;
    node_->submit(std::move(mail.submissions[submitted]));
  }
  for (const std::uint64_t queue : mail.ended_queues) node_->end_queue(queue);
}

void NodeThread::deliver_from_peers(Mail& mail) {
  for (const Mail::DialFailure& failure : mail.dial_failures) node_->on_dial_failed(failure.peer, failure.why);
  for (Mail::FromPeer& one : mail.from_peers) {
    if (!one.frame) {
      node_->on_lane(one.peer, one.lane, one.event);
      continue;
    }
    frame_room_.give_back(one.peer, one.frame->size());
    node_->receive(one.peer, one.frame);
  }
}

void NodeThread::sleep(std::optional<raft::Instant> deadline) {
  {
    const std::lock_guard lock(mail_mutex_);
    if (!mail_.empty()) return;
    sleeping_ = true;
  }
  timespec wait{};
  if (deadline) {
    const auto left = std::max(*deadline - steady_now(), raft::Duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    wait.tv_sec = seconds.count();
    wait.tv_nsec = (left - seconds).count();
  }
  pollfd descriptor{wake_.descriptor(), POLLIN, 0};
  ::ppoll(&descriptor, 1, deadline ? &wait : nullptr, nullptr);
  const std::lock_guard lock(mail_mutex_);
  // Whoever took `sleeping_` away has raised the signal, or is about to: it must not be left for the next sleep, where
  // it would only cost a round.
  sleeping_ = false;
  if ((descriptor.revents & POLLIN) != 0) wake_.lower();
}

void NodeThread::answer(node::Answer answer) {
  if (!answer.loan) events_.answered();
  const std::uint64_t queue = answer.token.queue;
  answer.term = node_->term();
  if (answer.outcome == node::Outcome::done && answer.message.empty()) {
    answer.message = clients_->bound_text(answer.reply);
  }
  if (CompletionPointer made = completion_rooms_.try_make(answer)) return queue_completion(queue, std::move(made));
  std::string message = std::move(answer.message);
  std::string leader_address;
  if (answer.outcome != node::Outcome::done) leader_address = clients_->leader_address(queue, answer.leader);
  queue_completion(queue, make_completion(std::move(answer), std::move(message), std::move(leader_address), this));
}

void NodeThread::queue_completion(std::uint64_t queue, CompletionPointer completion) {
  auto at = std::find_if(answers_.begin(), answers_.end(), [&](const auto& group) { return group.first == queue; });
  if (at == answers_.end()) {
    answers_.emplace_back(queue, std::vector<CompletionPointer>());
    at = std::prev(answers_.end());
  }
  at->second.push_back(std::move(completion));
}

void NodeThread::send_answers() {
  for (auto& [queue, completions] : answers_) {
    if (halted_.load()) completions.clear();
    if (!completions.empty()) clients_->complete(queue, completions);
  }
  if (answers_.size() > kQueuesMax) answers_.clear();  // queues that are gone leave their empty place behind
}

void NodeThread::publish() {
  node::Status status = node_->status(std::move(spare_status_));
  events_.membership_is(status.membership);
  events_.round_ended();
  {
    const std::lock_guard lock(status_mutex_);
    std::swap(status_, status);
  }
  spare_status_ = std::move(status);
}

raft::Instant NodeThread::steady_now() { return host::steady_now(); }

void NodeThread::read_answered(const node::ServedRead& read) { events_.read_answered(read); }
void NodeThread::role_changed(const raft::RoleChanged& role) { events_.role_changed(role); }
void NodeThread::vote_decided(const raft::VoteDecided& vote) { events_.vote_decided(vote); }
void NodeThread::heartbeat_answered(const raft::HeartbeatAnswered& answered) { events_.heartbeat_answered(answered); }

void NodeThread::proposal_applied(raft::Duration waited) { events_.proposal_applied(waited); }
void NodeThread::image_committed(const node::ImageStatus& images) { events_.image_committed(images); }
void NodeThread::image_trouble(const std::string& what) { events_.image_trouble(what); }
void NodeThread::member_note(const std::string& what) { events_.member_note(what); }
void NodeThread::own_standing_changed(const node::OwnStanding& standing) { events_.own_standing_changed(standing); }
void NodeThread::states_compared(std::uint64_t count) { events_.states_compared(count); }
void NodeThread::states_differ(const std::string& what) { events_.states_differ(what); }
void NodeThread::frame_dropped(node::FrameDrop why, raft::NodeId) { events_.frame_dropped(why); }
void NodeThread::message_dropped(raft::Drop why) { events_.message_dropped(why); }

void NodeThread::failed(const std::string& why) {
  halt();
  on_failed_(why);
}

}  // namespace tenon::host
