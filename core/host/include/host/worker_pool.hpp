// SPDX-License-Identifier: MIT
// Threads for what a node hands away: images are encoded, read and written here. They run at the lowest priority, so
// that on a busy machine they take what is left over; the few that there are bound how much goes on at once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "node/work.hpp"

namespace tenon::host {

class WorkerPool final : public node::WorkPort {
 public:
  static constexpr std::size_t kThreads = 2;

  // `done` takes work that has made its last step; it is called on a worker.
  explicit WorkerPool(std::function<void(std::unique_ptr<node::Work>)> done);
  // Needs: stopped, or never started.
  ~WorkerPool() override;

  // Once. Work that nobody waits for rests between its steps so long that it moves at most so many bytes in a second;
  // 0: no bound. Control thread.
  void start(std::uint64_t unhurried_bytes_per_second);
  // Ends the threads after the step that each is making, and destroys what is left. Control thread.
  void stop();

  // Any thread; also after stop(), which destroys the work at once.
  void start(std::unique_ptr<node::Work> work) override;

 private:
  void run();
  // False: the pool is stopping, and the work has more to do.
  bool run_to_end(node::Work& work);

  const std::function<void(std::unique_ptr<node::Work>)> done_;
  std::uint64_t unhurried_bytes_per_second_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<node::Work>> waiting_;  // guarded by mutex_; bounded by what a node begins at once
  bool stopping_ = false;                            // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tenon::host
