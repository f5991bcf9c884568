// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <string>

#include "churn.hpp"
#include "support/catch.hpp"

namespace tenon::support {
namespace {

constexpr std::uint64_t kSeeds = 2000;  // in full

std::uint64_t seeds_wanted() {
  const char* percent = std::getenv("TENON_CAMPAIGN_PERCENT");
  return kSeeds * (percent == nullptr ? 5 : std::strtoull(percent, nullptr, 10)) / 100;
}

TEST_CASE("whatever is lost, late and restarted while members change, what is decided stays decided") {
  const std::uint64_t seeds = seeds_wanted();
  REQUIRE(seeds > 0);
  Churn::Reached reached;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Churn churn(seed);
    try {
      churn.run();
    } catch (const std::logic_error& error) {
      FAIL(error.what() << "; to see it again: tests/paper/churn --seed " << seed << " --follow");
    }
    reached.changes += churn.reached().changes;
    reached.joint += churn.reached().joint;
    reached.reads += churn.reached().reads;
    reached.images += churn.reached().images;
    reached.behind += churn.reached().behind;
  }
  INFO("seeds " << seeds << ", changes " << reached.changes << ", joint " << reached.joint << ", reads "
                << reached.reads << ", images " << reached.images << ", behind " << reached.behind);
  CHECK(reached.changes > 10 * seeds);
  CHECK(reached.joint > 3 * seeds);
  CHECK(reached.reads > 10 * seeds);
  CHECK(reached.images > seeds);
  CHECK(reached.behind > seeds / 10);
}

}  // namespace
}  // namespace tenon::support
