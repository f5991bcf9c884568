// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "options.hpp"
#include "report.hpp"
#include "tenon_client/error.hpp"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;

}  // namespace

int main(int argument_count, char** arguments) {
  using namespace tenon::bench;
  const char* const given = std::getenv("TENONCTL_ENDPOINTS");
  try {
    const std::vector<std::string> words(arguments + 1, arguments + argument_count);
    const std::optional<Options> options = parse_options(words, given != nullptr ? given : "127.0.0.1:7101");
    if (!options) {
      std::cout << help_text();
      return 0;
    }
    const LoadResult result = run_load(options->load);
    print_report(std::cout, *options, result);
    const bool only_fills = options->load.duration.count() == 0;
    return only_fills || result.puts.count() + result.gets.count() > 0 ? 0 : kExitFailed;
  } catch (const UsageError& error) {
    std::cerr << "tenon-bench: " << error.what() << "; --help lists the flags\n";
    return kExitUsage;
  } catch (const tenon::client::Error& error) {
    std::cerr << "tenon-bench: " << error.what() << "\n";
    return kExitFailed;
  }
}
