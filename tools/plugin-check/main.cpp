// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>
#include <vector>

#include "client_api/client_api_checks.hpp"
#include "lifecycle/checks.hpp"
#include "runner/run.hpp"
#include "storage/checks.hpp"
#include "transport/transport_checks.hpp"

namespace {

tenon::plugin_check::Checks catalogue() {
  using namespace tenon::plugin_check;
  Checks all;
  for (const Checks& room : {static_checks(), option_checks(), lifecycle_checks(), storage_checks(), transport_checks(),
                             client_api_checks()}) {
    all.insert(all.end(), room.begin(), room.end());
  }
  return all;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  return tenon::plugin_check::run(catalogue(), words, std::cout, std::cerr);
}
