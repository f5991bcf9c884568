// SPDX-License-Identifier: MIT
// churn --seed FIRST [--runs COUNT] [--follow]: runs clusters of bare cores whose members change, seed by seed, until
// one breaks what it promises. Exit codes: 0 none did, 1 one did, 64 usage.
#include <unistd.h>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "churn.hpp"

namespace {

using tenon::support::Churn;

std::array<char, 96> last_words{};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for a signal

// An assertion of a core.
extern "C" void on_abort(int) {
  static_cast<void>(::write(STDOUT_FILENO, last_words.data(), std::string_view(last_words.data()).size()));
  std::_Exit(1);
}

bool take_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// "I44 is broken.." and "rest: .." are of the kinds I44 and rest.
std::string_view kind_of(std::string_view what) { return what.substr(0, what.find_first_of(": ")); }

bool holds(std::uint64_t seed, bool follows) {
  std::snprintf(last_words.data(), last_words.size(), "FAIL kind=assertion: a core\nreplay: churn --seed %llu\n",
                static_cast<unsigned long long>(seed));
  Churn churn(seed);
  std::string found;
  try {
    churn.run();
  } catch (const std::logic_error& error) {
    found = error.what();
  }
  if (follows) {
    for (const std::string& line : churn.take_lines()) std::cout << line << "\n";
  }
  if (found.empty()) return true;
  std::cout << "FAIL kind=" << kind_of(found) << ": " << found << "\nreplay: churn --seed " << seed << std::endl;
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t first = 1;
  std::uint64_t runs = 1;
  bool follows = false;
  for (int place = 1; place < count; ++place) {
    const std::string_view name = arguments[place];
    const bool has_number = place + 1 < count;
    if (name == "--follow") {
      follows = true;
    } else if (name == "--seed" && has_number && take_number(arguments[place + 1], first)) {
      ++place;
    } else if (name == "--runs" && has_number && take_number(arguments[place + 1], runs)) {
      ++place;
    } else {
      std::cerr << "usage: churn --seed FIRST [--runs COUNT] [--follow]\n";
      return 64;
    }
  }
  std::signal(SIGABRT, on_abort);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    if (!holds(seed, follows)) return 1;
  }
  std::cout << runs << " seeds from " << first << " on: nothing was found" << std::endl;
  return 0;
}
