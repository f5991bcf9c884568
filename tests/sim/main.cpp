// SPDX-License-Identifier: MIT
// simulate: runs the whole cluster in simulation, seed by seed, until it is told to stop or a promise is broken.
// Exit codes: 0 nothing was found, 1 a promise was broken, 2 the cluster did not come to rest, 64 usage.
#include <unistd.h>

#include <algorithm>
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
  std::uint64_t step = 1;  // from one seed to the next
  bool prints_trace = false;
  bool follows = false;
  bool prints_digests = false;
  Bounds bounds;
};

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  Duration simulated{};
  std::uint64_t digest = 0;
  Trace::Counts counts;
  Trace::Counts possible;  // runs that may have had a kind of fault
};

// What an assertion of the core leaves behind must say how to see it again.
const Simulation* running = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for a signal

std::string running_bounds;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): as it was given

void say_replay(const Simulation& simulation) {
  std::cout << "seed " << simulation.options().seed << ": " << simulation.options().text() << "\n"
            << simulation.trace().text() << simulation.members_text() << "replay: tools/simulate --seed "
            << simulation.options().seed << running_bounds << std::endl;
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

// Takes what bounds a run; returns false when it is something else.
bool take_bound(const std::string& name, std::uint64_t number, Bounds& bounds) {
  if (name == "--nodes") {
    bounds.nodes_max = number;
  } else if (name == "--clients") {
    bounds.clients_max = number;
  } else if (name == "--seconds") {
    bounds.faulty_time_max = seconds(number);
  } else {
    return false;
  }
  running_bounds += " " + name + " " + std::to_string(number);
  return true;
}

bool take_number(const std::string& name, std::uint64_t number, Wanted& wanted) {
  if (number == 0 && name != "--seed" && name != "--clients") return false;
  if (name == "--minutes") {
    wanted.minutes = number;
  } else if (name == "--seed") {
    wanted.seed = number;
  } else if (name == "--runs") {
    wanted.runs = number;
  } else if (name == "--step") {
    wanted.step = number;
  } else {
    return take_bound(name, number, wanted.bounds);
  }
  return true;
}

bool take_kind(const std::string& flag, const std::string& kind, Bounds& bounds) {
  const std::vector<std::string> kinds = Options::kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return false;
  (flag == "--only" ? bounds.only : bounds.without).insert(kind);
  running_bounds += " " + flag + " '" + kind + "'";
  return true;
}

std::optional<Wanted> parse(const std::vector<std::string>& arguments) {
  Wanted wanted;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--trace") {
      wanted.prints_trace = true;
    } else if (arguments[i] == "--digest") {
      wanted.prints_digests = true;
    } else if (arguments[i] == "--follow") {
      wanted.follows = true;
    } else if (i + 1 == arguments.size()) {
      return std::nullopt;
    } else if (arguments[i] == "--without" || arguments[i] == "--only") {
      if (!take_kind(arguments[i], arguments[i + 1], wanted.bounds)) return std::nullopt;
      ++i;
    } else {
      std::uint64_t number = 0;
      const std::string& text = arguments[i + 1];
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
      if (!take_number(arguments[i], number, wanted)) return std::nullopt;
      ++i;
    }
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
  totals.digest = mixed(totals.digest, simulation.digest());
  if (wanted.prints_digests) {
    std::cout << "seed " << seed << " digest " << std::hex << simulation.digest() << std::dec << "\n";
  }
  for (const auto& [what, times] : simulation.trace().counts()) totals.counts[what] += times;
  for (const std::string& kind : simulation.options().possible()) ++totals.possible[kind];
  return exit_code;
}

void report(Totals totals) {
  const double cpu_minutes = static_cast<double>(std::clock()) / CLOCKS_PER_SEC / 60;
  const double hours = std::chrono::duration<double, std::ratio<3600>>(totals.simulated).count();
  std::cout << "runs " << totals.runs << ", events " << totals.events << ", simulated hours " << hours << ", "
            << hours / cpu_minutes << " for each minute of CPU\n";
  for (const auto& [what, times] : totals.counts) std::cout << "  " << what << " " << times << "\n";
  for (const std::string& kind : Options::kinds()) {
    std::cout << "fault: " << kind << ", possible in " << totals.possible[kind] << " runs, " << totals.counts[kind]
              << " times\n";
  }
  std::cout << "digest " << std::hex << totals.digest << std::dec << std::endl;
}

int main(const std::vector<std::string>& arguments) {
  const std::optional<Wanted> wanted = parse(arguments);
  if (!wanted) {
    std::cerr
        << "usage: simulate [--minutes N | --runs N] [--seed S] [--step N] [--trace] [--follow] [--digest]\n"
           "                [--without KIND].. [--only KIND].. [--nodes N] [--clients N] [--seconds N]\n"
           "Runs fresh seeds, or from seed S on; a failure prints how to see it again. The second line leaves a\n"
           "kind of faults out, or all others and none of it by chance, and sets bounds to the nodes, the clients\n"
           "of each sort and the time with faults.\n"
           "Kinds of faults:";
    for (const std::string& kind : Options::kinds()) std::cerr << " '" << kind << "'";
    std::cerr << "\n";
    return kExitUsage;
  }
  std::uint64_t seed = wanted->seed ? *wanted->seed : std::random_device()();
  std::cout << "first seed " << seed << std::endl;
  Totals totals;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(wanted->minutes.value_or(0));
  for (std::uint64_t run = 0; wanted->minutes ? std::chrono::steady_clock::now() < end : run < wanted->runs; ++run) {
    const int exit_code = run_one(seed, *wanted, totals);
    seed += wanted->step;
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
