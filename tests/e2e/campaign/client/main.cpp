// SPDX-License-Identifier: MIT
// The clients of a campaign, in one process and on one clock. It prints `done N` each second, N operations so far. The
// line `finish` at its input ends the load: then every key that was ever written is read, and the last line is a JSON
// object with what was counted and what is wrong. The end of its input ends it at once.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "keys.hpp"
#include "record.hpp"
#include "session.hpp"
#include "tenon_client/endpoint.hpp"

namespace tenon::campaign {
namespace {

constexpr std::size_t kGroup = 8;    // sessions that share their keys
constexpr std::size_t kCareful = 3;  // one session in so many repeats its writes
constexpr std::chrono::seconds kProgress(1);

struct Load {
  std::vector<client::Endpoint> endpoints;
  std::size_t sessions = 0;
  std::uint64_t operations_per_second = 0;  // at most
  std::uint64_t seed = 0;
  std::string history;
};

class Clients {
 public:
  explicit Clients(const Load& load) : record_(load.history) {
    for (std::size_t group = 0; group * kGroup < load.sessions; ++group)
      keys_.emplace_back("g" + std::to_string(group) + "k");
    const std::chrono::microseconds interval(1'000'000 * load.sessions / load.operations_per_second);
    for (std::size_t number = 0; number < load.sessions; ++number) {
      const Manner manner = number % kCareful == 0 ? Manner::careful : Manner::plain;
      sessions_.emplace_back(SessionOptions{load.endpoints, number, load.seed, interval, manner},
                             keys_[number / kGroup], record_);
    }
  }

  void run() {
    for (Session& session : sessions_) {
      threads_.emplace_back([this, &session] { work(session); });
    }
    threads_.emplace_back([this] { tell_progress(); });
  }

  // Reads everything, and returns when all threads have ended.
  void finish() {
    is_finishing_ = true;
    for (std::thread& thread : threads_) thread.join();
    record_.write_out();
  }

  std::string summary() {
    std::string faults;
    for (const std::string& fault : faults_) faults += (faults.empty() ? "\"" : ", \"") + fault + "\"";
    return "{\"faults\": [" + faults + "], \"counts\": " + record_.counts() + "}";
  }

 private:
  void work(Session& session) {
    session.work(is_finishing_);
    ++at_rest_;
    while (at_rest_ < sessions_.size()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::vector<std::string> faults;
    try {
      faults = session.read_everything();
    } catch (const std::exception& error) {
      faults.push_back(error.what());
    }
    ++at_end_;
    const std::lock_guard lock(mutex_);
    faults_.insert(faults_.end(), faults.begin(), faults.end());
  }

  void tell_progress() {
    while (at_end_ < sessions_.size()) {
      std::cout << "done " << record_.done() << std::endl;
      std::this_thread::sleep_for(kProgress);
    }
  }

  std::deque<Keys> keys_;
  Record record_;
  std::deque<Session> sessions_;
  std::vector<std::thread> threads_;
  std::atomic<bool> is_finishing_ = false;
  std::atomic<std::size_t> at_rest_ = 0;  // sessions without load
  std::atomic<std::size_t> at_end_ = 0;   // sessions that have read everything
  std::mutex mutex_;
  std::vector<std::string> faults_;
};

}  // namespace
}  // namespace tenon::campaign

int main(int argument_count, char** arguments) {
  using namespace tenon::campaign;
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  if (words.size() != 5) {
    std::cerr << "usage: campaign_client ENDPOINTS SESSIONS OPERATIONS_PER_SECOND SEED HISTORY\n";
    return 64;
  }
  try {
    Clients clients({tenon::client::parse_endpoints(words[0]), std::stoul(words[1]), std::stoul(words[2]),
                     std::stoul(words[3]), words[4]});
    clients.run();
    std::string line;
    while (std::getline(std::cin, line) && line != "finish") {
    }
    if (!std::cin) std::_Exit(1);
    clients.finish();
    std::cout << clients.summary() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "campaign_client: " << error.what() << "\n";
    std::_Exit(1);
  }
}
