// SPDX-License-Identifier: MIT
// simulate: runs the whole cluster in simulation, seed by seed, until it is told to stop or a promise is broken.
// Exit codes: 0 nothing was found, 1 a promise was broken, 2 the cluster did not come to rest, 64 usage.
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simulation.hpp"

namespace tenon::sim {
namespace {

constexpr int kExitViolation = 1;
constexpr int kExitLiveness = 2;
constexpr int kExitUsage = 64;

struct Wanted {
  std::optional<std::uint64_t> minutes;
  std::optional<std::uint64_t> seed;
  std::uint64_t runs = 1;
  bool prints_trace = false;
  bool follows = false;
  Bounds bounds;
};

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  Duration simulated{};
  std::uint64_t digest = 0;
  std::map<std::string, std::uint64_t> counts;
};

// What an assertion of the core leaves behind must say how to see it again.
const Simulation* running = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for a signal

void say_replay(const Simulation& simulation) {
  std::cout << "seed " << simulation.options().seed << ": " << simulation.options().text() << "\n"
            << simulation.trace().text() << "replay: tools/simulate --seed " << simulation.options().seed << std::endl;
}

extern "C" void on_abort(int) {
  std::signal(SIGABRT, SIG_DFL);
  if (running != nullptr) {
    // First without memory, of which there may be none left.
    std::array<char, 64> line{};
    const int size = std::snprintf(line.data(), line.size(), "FAIL kind=assertion seed=%llu\n",
                                   static_cast<unsigned long long>(running->options().seed));
    if (::write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(size)) > 0) say_replay(*running);
  }
  std::_Exit(kExitViolation);
}

std::optional<Wanted> parse(const std::vector<std::string>& arguments) {
  Wanted wanted;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--trace") {
      wanted.prints_trace = true;
      continue;
    }
    if (arguments[i] == "--follow") {
      wanted.follows = true;
      continue;
    }
    if (i + 1 == arguments.size()) return std::nullopt;
    std::uint64_t number = 0;
    const std::string& text = arguments[i + 1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (arguments[i] == "--minutes") {
      wanted.minutes = number;
    } else if (arguments[i] == "--seed") {
      wanted.seed = number;
    } else if (arguments[i] == "--runs") {
      wanted.runs = number;
    } else {
      return std::nullopt;
    }
    ++i;
  }
  return wanted;
}

int run_one(std::uint64_t seed, const Wanted& wanted, Totals& totals) {
  Simulation simulation(Options(seed, wanted.bounds));
  running = &simulation;
  if (wanted.follows) simulation.follow();
  int exit_code = 0;
  try {
    simulation.run();
  } catch (const Violation& violation) {
    std::cout << "FAIL kind=" << violation.kind
              << " t=" << std::chrono::duration_cast<microseconds>(simulation.trace().time()).count()
              << "us: " << violation.what() << "\n";
    say_replay(simulation);
    exit_code = violation.kind == "liveness" ? kExitLiveness : kExitViolation;
  } catch (const std::bad_alloc&) {
    std::cout << "FAIL kind=memory: a run has used up all memory\n";
    say_replay(simulation);
    exit_code = kExitViolation;
  }
  if (wanted.prints_trace && exit_code == 0) say_replay(simulation);
  running = nullptr;
  ++totals.runs;
  totals.events += simulation.events();
  totals.simulated += simulation.trace().time();
  totals.digest = mixed(totals.digest, simulation.trace().digest());
  for (const auto& [what, times] : simulation.trace().counts()) totals.counts[what] += times;
  return exit_code;
}

void report(const Totals& totals) {
  const double cpu_minutes = static_cast<double>(std::clock()) / CLOCKS_PER_SEC / 60;
  const double hours = std::chrono::duration<double, std::ratio<3600>>(totals.simulated).count();
  std::cout << "runs " << totals.runs << ", events " << totals.events << ", simulated hours " << hours << ", "
            << hours / cpu_minutes << " an hour of CPU minute\n";
  for (const auto& [what, times] : totals.counts) std::cout << "  " << what << " " << times << "\n";
  std::cout << "digest " << std::hex << totals.digest << std::dec << std::endl;
}

int main(const std::vector<std::string>& arguments) {
  const std::optional<Wanted> wanted = parse(arguments);
  if (!wanted) {
    std::cerr << "usage: simulate [--minutes N | --runs N] [--seed S] [--trace]\n"
                 "Runs fresh seeds, or from seed S on; a failure prints how to see it again.\n";
    return kExitUsage;
  }
  std::uint64_t seed = wanted->seed ? *wanted->seed : std::random_device()();
  std::cout << "first seed " << seed << std::endl;
  Totals totals;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(wanted->minutes.value_or(0));
  for (std::uint64_t run = 0; wanted->minutes ? std::chrono::steady_clock::now() < end : run < wanted->runs; ++run) {
    const int exit_code = run_one(seed++, *wanted, totals);
    if (exit_code != 0) return exit_code;
  }
  report(totals);
  return 0;
}

}  // namespace
}  // namespace tenon::sim

int main(int argument_count, char** arguments) {
  std::signal(SIGABRT, tenon::sim::on_abort);
  return tenon::sim::main({arguments + 1, arguments + argument_count});
}
