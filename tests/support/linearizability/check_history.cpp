// SPDX-License-Identifier: MIT
// check_history FILE..: whether the histories in the files, together, are linearizable; "-" is the standard input. The
// format is at the head of support/linearizability.hpp.
// Exit codes: 0 linearizable, 1 not, 2 undecided within the limits, or a file cannot be read, 64 usage.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "support/linearizability.hpp"

namespace tenon::support {
namespace {

constexpr int kExitNotLinearizable = 1;
constexpr int kExitUndecided = 2;
constexpr int kExitUsage = 64;
constexpr std::size_t kFindingsShownMax = 3;

void read(std::istream& input, const std::string& name, Operations& history) {
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    if (line.empty()) continue;
    try {
      history.push_back(parse_operation(line));
    } catch (const std::exception& error) {
      throw std::runtime_error(name + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  if (input.bad()) throw std::runtime_error(name + " cannot be read");
}

void read(const std::string& name, Operations& history) {
  if (name == "-") return read(std::cin, "standard input", history);
  std::ifstream file(name);
  if (!file) throw std::runtime_error(name + " cannot be opened");
  read(file, name, history);
}

void report(const Operations& history, const Judgement& judgement) {
  std::size_t shown = 0;
  for (const Finding& finding : judgement.findings) {
    if (++shown > kFindingsShownMax) break;
    const bool is_undecided = finding.verdict == Verdict::undecided;
    std::cout << (is_undecided ? "UNDECIDED " : "NOT LINEARIZABLE ") << finding.keys << "\n" << finding.account;
  }
  std::size_t done = 0;
  std::size_t unknown = 0;
  for (const Operation& operation : history) {
    done += operation.outcome == Outcome::done ? 1u : 0u;
    unknown += operation.outcome == Outcome::unknown ? 1u : 0u;
  }
  constexpr const char* verdicts[] = {"linearizable", "not linearizable", "undecided"};
  std::cout << verdicts[static_cast<std::size_t>(judgement.verdict)] << ": " << history.size() << " operations, "
            << done << " done, " << unknown << " unknown, " << judgement.groups << " keys or groups of keys, "
            << judgement.undecided << " undecided" << std::endl;
}

int main(const std::vector<std::string>& arguments) {
  Limits limits;
  Operations history;
  std::size_t files = 0;
  try {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] == "--steps" && i + 1 < arguments.size()) {
        limits.steps_max = std::stoull(arguments[++i]);
        continue;
      }
      read(arguments[i], history);
      ++files;
    }
  } catch (const std::exception& error) {
    std::cerr << "check_history: " << error.what() << "\n";
    return kExitUndecided;
  }
  if (files == 0) {
    std::cerr << "usage: check_history [--steps N] FILE..\nSeveral files are one history; - is the standard input.\n";
    return kExitUsage;
  }
  const Judgement judgement = judge(history, limits);
  report(history, judgement);
  if (judgement.verdict == Verdict::linearizable) return 0;
  return judgement.verdict == Verdict::undecided ? kExitUndecided : kExitNotLinearizable;
}

}  // namespace
}  // namespace tenon::support

int main(int argument_count, char** arguments) {
  return tenon::support::main({arguments + 1, arguments + argument_count});
}
