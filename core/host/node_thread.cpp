// SPDX-License-Identifier: MIT
#include "host/node_thread.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "tenon/host.hpp"

namespace tenon::host {
namespace {

// That wait for the node; above it a request to cancel is ignored, and what it names ends by itself.
constexpr std::size_t kCancelsMax = kQueueDepthMax;

// Signals are the control thread's.
void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

NodeThread::NodeThread(Identity identity, Logger& logger, Metrics& metrics,
                       std::function<void(const std::string&)> on_failed)
    : identity_(std::move(identity)),
      logger_(logger),
      metrics_(metrics),
      on_failed_(std::move(on_failed)),
      started_(steady_now()) {
  answered_metric_ = metrics_.create(MetricKind::counter, "tenon_requests_answered_total", "",
                                     "Requests that the node has answered, whatever the outcome.");
  leader_changes_metric_ = metrics_.create(MetricKind::counter, "tenon_raft_leader_changes_total", "",
                                           "How often this node has seen a new leader.");
}

NodeThread::~NodeThread() { TENON_CHECK(!thread_.joinable()); }

void NodeThread::start(const node::Settings& settings, raft::Recovered recovered, std::uint64_t seed,
                       node::StoragePort storage, ClientHost& clients) {
  TENON_CHECK(!node_);
  inbox_bytes_max_ = settings.inbox_bytes_max;
  clients_ = &clients;
  node_.emplace(settings, std::move(recovered), raft::Random(seed), storage, static_cast<node::Surroundings&>(*this),
                now());
  publish();
  thread_ = std::thread([this] {
    block_signals();
    run();
  });
}

void NodeThread::stop() {
  if (!thread_.joinable()) return;
  post([](Mail& mail) { mail.stop = true; });
  thread_.join();
}

template <class Append>
void NodeThread::post(Append append) {
  bool wake = false;
  {
    const std::lock_guard lock(mail_mutex_);
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
      const std::uint64_t size = submission.command.size();
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

std::optional<std::string> NodeThread::admin(const std::string& verb, const std::string&) {
  if (verb != "status") return std::nullopt;
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - started_);
  return status_text(identity_, status(), static_cast<std::uint64_t>(uptime.count()));
}

void NodeThread::durable(std::uint64_t sequence) {
  post([&](Mail& mail) { mail.durable = sequence; });
}

void NodeThread::read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                           tenon_loan loan) {
  post([&](Mail& mail) { mail.log_reads.push_back({request, error, entries, count, loan}); });
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
    send_answers();
    publish();
    sleep(node_->next_deadline());
    mail = Mail{};
    const std::lock_guard lock(mail_mutex_);
    std::swap(mail, mail_);
  }
  give_back_reads(mail);
}

void NodeThread::give_back_reads(Mail& mail) {
  for (const LogRead& read : mail.log_reads) give_back(read.loan);
  mail.log_reads.clear();
}

void NodeThread::deliver(Mail& mail) {
  if (mail.durable != 0) node_->on_durable(raft::WriteSequence(mail.durable));
  for (const LogRead& read : mail.log_reads) {
    node_->on_entries_read(read.request, read.error, {read.entries, static_cast<std::size_t>(read.count)});
    give_back(read.loan);
  }
  // In the order of posting: a request that has the id of one that was cancelled and ended must not be cancelled for
  // it.
  auto cancel = mail.cancels.begin();
  for (std::size_t submitted = 0;; ++submitted) {
    for (; cancel != mail.cancels.end() && cancel->after == submitted; ++cancel) node_->cancel(cancel->token);
    if (submitted == mail.submissions.size()) return;
    node_->submit(std::move(mail.submissions[submitted]));
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
  metrics_.record(answered_metric_, 1);
  const std::uint64_t queue = answer.token.queue;
  auto at = std::find_if(answers_.begin(), answers_.end(), [&](const auto& group) { return group.first == queue; });
  if (at == answers_.end()) {
    answers_.emplace_back(queue, std::vector<CompletionPointer>());
    at = std::prev(answers_.end());
  }
  std::string message(answer.message);
  at->second.push_back(make_completion(std::move(answer), std::move(message)));
}

void NodeThread::send_answers() {
  for (auto& [queue, completions] : answers_) {
    if (halted_.load()) completions.clear();
    if (!completions.empty()) clients_->complete(queue, completions);
  }
  if (answers_.size() > kQueuesMax) answers_.clear();  // queues that are gone leave their empty place behind
}

void NodeThread::publish() {
  const node::Status status = node_->status();
  const std::lock_guard lock(status_mutex_);
  status_ = status;
}

void NodeThread::role_changed(const raft::RoleChanged& role) {
  std::string line = "became " + std::string(role_name(role.role)) + " of term " + std::to_string(role.term.value());
  if (role.leader != raft::NodeId()) {
    metrics_.record(leader_changes_metric_, 1);
    if (role.leader != identity_.node_id) line += ", the leader is node " + std::to_string(role.leader.value());
  }
  logger_.write(TENON_SEVERITY_INFO, "raft", line);
}

void NodeThread::failed(const std::string& why) {
  halt();
  on_failed_(why);
}

}  // namespace tenon::host
