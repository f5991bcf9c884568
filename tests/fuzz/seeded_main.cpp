// SPDX-License-Identifier: MIT
// Drives a fuzz target without a fuzzer: `TARGET FILE..` runs inputs that a fuzzer has found, `TARGET --random SEED N`
// runs N inputs of a seeded generator, of up to 2 KiB. Prints the seed of the input that is run when the target aborts.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "raft/random.hpp"
#include "tenon/option.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

volatile std::uint64_t running_seed = 0;

extern "C" void say_seed(int) {
  std::fprintf(stderr, "the input was: --random %llu 1\n", static_cast<unsigned long long>(running_seed));
}

void run_random(std::uint64_t seed, std::uint64_t count) {
  constexpr std::uint64_t kBytesMax = 2'048;
  std::vector<std::uint8_t> input;
  for (std::uint64_t i = 0; i < count; ++i) {
    running_seed = seed + i;
    tenon::raft::Random random(seed + i);
    input.resize(random.below(kBytesMax));
    for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random.below(256));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string_view> given(arguments + 1, arguments + count);
  if (given.size() == 3 && given[0] == "--random") {
    const auto seed = tenon::parse_integer(given[1]);
    const auto runs = tenon::parse_integer(given[2]);
    if (seed && runs && *seed >= 0 && *runs > 0) {
      std::signal(SIGABRT, say_seed);
      run_random(static_cast<std::uint64_t>(*seed), static_cast<std::uint64_t>(*runs));
      return 0;
    }
  } else if (!given.empty() && !given[0].starts_with("--")) {
    for (const std::string_view name : given) {
      std::ifstream file{std::string(name), std::ios::binary};
      if (!file) {
        std::fprintf(stderr, "cannot read %s\n", std::string(name).c_str());
        return 1;
      }
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    return 0;
  }
  std::fprintf(stderr, "usage: %s FILE.. | --random SEED COUNT\n", arguments[0]);
  return 64;
}
