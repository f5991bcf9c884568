// SPDX-License-Identifier: MIT
#include "host/worker_pool.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "support/catch.hpp"

namespace tenon::host {
namespace {

template <class Ready>
bool eventually(Ready&& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Makes `steps` steps, each of which moves so many bytes, of work that nobody waits for unless they are 0.
class CountedWork final : public node::Work {
 public:
  CountedWork(std::atomic<int>& made, int steps, std::uint64_t bytes_a_step)
      : made_(made), steps_(steps), bytes_a_step_(bytes_a_step) {}
  bool step() override { return ++made_ < steps_; }
  void finished() override {}
  std::uint64_t unhurried_bytes() const noexcept override {
    return bytes_a_step_ * static_cast<std::uint64_t>(made_.load());
  }

 private:
  std::atomic<int>& made_;
  const int steps_;
  const std::uint64_t bytes_a_step_;
};

constexpr std::uint64_t kBytesPerSecond = 1'000;

}  // namespace

TEST_CASE("work that nobody waits for rests between its steps, other work does not, and a stop waits for neither") {
  std::atomic<int> slow = 0;
  std::atomic<int> quick = 0;
  std::atomic<int> done = 0;
  WorkerPool pool([&](std::unique_ptr<node::Work>) { ++done; });
  pool.start(kBytesPerSecond);
  // After a step of a day's worth of bytes.
  pool.start(std::make_unique<CountedWork>(slow, 1'000'000, 86'400 * kBytesPerSecond));
  pool.start(std::make_unique<CountedWork>(quick, 1'000, 0));
  CHECK(eventually([&] { return done == 1 && slow == 1; }));
  CHECK(quick == 1'000);
  pool.stop();
  CHECK(slow == 1);
  CHECK(done == 1);
}

TEST_CASE("without a bound no work rests") {
  std::atomic<int> made = 0;
  std::atomic<int> done = 0;
  WorkerPool pool([&](std::unique_ptr<node::Work>) { ++done; });
  pool.start(0);
  pool.start(std::make_unique<CountedWork>(made, 1'000, std::uint64_t{1} << 40));
  CHECK(eventually([&] { return done == 1; }));
  CHECK(made == 1'000);
  pool.stop();
}

}  // namespace tenon::host
