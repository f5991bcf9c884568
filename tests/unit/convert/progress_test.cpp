// SPDX-License-Identifier: MIT
#include "convert/progress.hpp"

#include "host/fake_logger.hpp"
#include "support/catch.hpp"

namespace tenon::server {
namespace {

TEST_CASE("without a terminal the logger says how far a conversion is, and not at every step") {
  host::FakeLogger logger;
  ConversionProgress progress(ProgressDevice::kLogger, logger);
  progress.show("copying the log", ProgressUnit::kEntries, 0, 0);
  for (std::uint64_t done = 700; done < 900; ++done) {
    progress.show("copying the log", ProgressUnit::kEntries, done, 1000);
  }
  CHECK(logger.lines() == std::vector<std::string>{"server: copying the log: 700 of 1000 entries"});
}

}  // namespace
}  // namespace tenon::server
