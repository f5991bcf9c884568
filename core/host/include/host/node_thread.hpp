// SPDX-License-Identifier: MIT
// A node with a thread and a clock. Everything reaches the node through one mailbox: whoever posts takes a lock for as
// long as it takes to append, and wakes the thread only when it sleeps. What waits is drained at once, then acted on
// once.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "host/client_host.hpp"
#include "host/clock.hpp"
#include "host/event_signal.hpp"
#include "host/logger.hpp"
#include "host/metrics.hpp"
#include "host/status_text.hpp"
#include "host/storage_events.hpp"
#include "node/node.hpp"

namespace tenon::host {

class NodeThread final : public NodePort, public StorageEvents, private node::Surroundings {
 public:
  // Keeps: logger and metrics. `on_failed` is called at most once, on any thread, when the node cannot go on.
  NodeThread(Identity identity, Logger& logger, Metrics& metrics, std::function<void(const std::string&)> on_failed);
  // Needs: stopped, or never started.
  ~NodeThread() override;

  // Starts the thread. Keeps: clients and storage, until stop() returns. Once.
  void start(const node::Settings& settings, raft::Recovered recovered, std::uint64_t seed, node::StoragePort storage,
             ClientHost& clients);
  // Ends the thread; requests that were not answered never are. SETUP thread.
  void stop();
  // Answers nothing from now on: what it would say may rest on storage that has failed. Any thread.
  void halt() noexcept { halted_.store(true); }

  node::Status status() const;

  // NodePort, any thread
  std::vector<node::Token> submit(std::vector<node::Submission>& submissions) override;
  void cancel(node::Token token) override;
  std::optional<std::string> admin(const std::string& verb, const std::string& argument) override;
  // StorageEvents, any thread
  void durable(std::uint64_t sequence) override;
  void read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                 tenon_loan loan) override;
  // Needs: stopped, or never started.
  void closed() override;

 private:
  struct LogRead {
    std::uint64_t request;
    tenon_error error;
    const tenon_entry* entries;
    std::uint64_t count;
    tenon_loan loan;
  };
  struct Cancel {
    std::size_t after;  // the submissions of the same mail that came before it
    node::Token token;
  };
  struct Mail {
    std::vector<node::Submission> submissions;
    std::uint64_t submission_bytes = 0;  // <= inbox_bytes_max_, or one request alone
    std::vector<Cancel> cancels;         // ascending in `after`
    std::uint64_t durable = 0;           // 0: nothing new
    std::vector<LogRead> log_reads;
    bool stop = false;
    bool empty() const noexcept {
      return submissions.empty() && cancels.empty() && durable == 0 && log_reads.empty() && !stop;
    }
  };

  // node::Surroundings, node thread
  void answer(node::Answer answer) override;
  void role_changed(const raft::RoleChanged& role) override;
  void failed(const std::string& why) override;

  template <class Append>
  void post(Append append);
  void run();
  void deliver(Mail& mail);
  static void give_back_reads(Mail& mail);
  void send_answers();
  void publish();
  // Sleeps until there is mail or the deadline; at once when there is either.
  void sleep(std::optional<raft::Instant> deadline);

  const Identity identity_;
  Logger& logger_;
  Metrics& metrics_;
  const std::function<void(const std::string&)> on_failed_;
  const raft::Instant started_;
  const EventSignal wake_;
  std::uint64_t inbox_bytes_max_ = 0;
  ClientHost* clients_ = nullptr;
  std::optional<node::Node> node_;  // the thread's alone once it runs
  std::thread thread_;
  std::atomic<bool> halted_{false};

  std::mutex mail_mutex_;
  Mail mail_;
  bool sleeping_ = false;  // guarded by mail_mutex_: the thread waits for wake_

  mutable std::mutex status_mutex_;
  node::Status status_;

  std::vector<std::pair<std::uint64_t, std::vector<CompletionPointer>>> answers_;  // of this round, by queue
  std::uint32_t answered_metric_ = 0;
  std::uint32_t leader_changes_metric_ = 0;
};

}  // namespace tenon::host
