// SPDX-License-Identifier: MIT
// A campaign over the disks that a power cut can leave. Each is recovered, twice, and compared with the model: it holds
// the effect of a prefix of the writes, with all that was acknowledged. Of some the recovery itself, and the life after
// it, is cut again.
//
// TENON_SEED is the first story's seed. With TENON_CRASH_CALL and TENON_CRASH_STATE too, that one disk is looked at.
#include <cstdlib>
#include <iostream>
#include <set>

#include "story.hpp"
#include "support/catch.hpp"

namespace tenon::crash {
namespace {

constexpr std::size_t kStatesInFull = 100'000;
constexpr int kSteps = 60;
constexpr int kStepsAfterCut = 6;
constexpr std::uint64_t kStatesPerCall = 4;
constexpr std::uint64_t kStatesAfterCut = 4;
constexpr std::uint64_t kGoesOnEvery = 30;  // one of so many disks lives on and is cut again

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

std::size_t wanted_states() {
  const char* percent = std::getenv("TENON_CAMPAIGN_PERCENT");
  return static_cast<std::size_t>(static_cast<double>(kStatesInFull) * (percent == nullptr ? 5 : std::atof(percent)) /
                                  100);
}

// Where a disk stands in a campaign, from which it follows.
struct Place {
  std::uint64_t seed;
  std::uint64_t call;
  std::uint64_t state;

  std::mt19937_64 generator() const {
    std::seed_seq mixed{seed, seed >> 32, call, state};
    return std::mt19937_64(mixed);
  }
  std::string text() const {
    return "seed " + std::to_string(seed) + ", call " + std::to_string(call) + ", state " + std::to_string(state) +
           "; this one alone: TENON_SEED=" + std::to_string(seed) + " TENON_CRASH_CALL=" + std::to_string(call) +
           " TENON_CRASH_STATE=" + std::to_string(state) + " crash_test";
  }
};

class Campaign {
 public:
  std::size_t distinct_states() const { return disks_.size(); }
  std::uint64_t count(Kept kept) const { return kinds_[static_cast<std::size_t>(kept)]; }
  std::uint64_t cut_recoveries() const { return cut_recoveries_; }

  void look_at_story(std::uint64_t seed) {
    const std::unique_ptr<Story> told_story = told(seed);
    const Story& story = *told_story;
    DiskHistory history(story.disk().start());
    const auto& calls = story.disk().calls();
    for (std::size_t call = 0; call <= calls.size(); ++call) {
      if (call > 0) history.make(calls[call - 1]);
      const std::uint64_t states = history.has_unsynced() ? kStatesPerCall : 1;
      for (std::uint64_t state = 0; state < states; ++state) look_at(story, history, {seed, call, state});
    }
  }

  void look_at_place(const Place& place) {
    const std::unique_ptr<Story> told_story = told(place.seed);
    const Story& story = *told_story;
    DiskHistory history(story.disk().start());
    for (std::size_t call = 0; call < place.call; ++call) history.make(story.disk().calls().at(call));
    look_at(story, history, place);
  }

 private:
  static std::unique_ptr<Story> told(std::uint64_t seed) {
    INFO("seed " << seed << ", while the story itself is told");
    auto story = std::make_unique<Story>(seed, Contents(), Expectation{{LogModel{}}, {}});
    story->live(kSteps);
    return story;
  }

  // Of the states of a call the first two are the least and the most that can be left.
  static Kept kept_of(std::uint64_t state, std::mt19937_64& generator) {
    if (state < 2) return static_cast<Kept>(state);
    return static_cast<Kept>(2 + generator() % (kKeptKinds - 2));
  }

  void look_at(const Story& story, const DiskHistory& history, const Place& place) {
    std::mt19937_64 generator = place.generator();
    const Kept kept = kept_of(place.state, generator);
    const Contents disk = history.cut(kept, generator);
    const auto& calls = story.disk().calls();
    INFO(place.text() << "\nafter: " << (place.call == 0 ? "nothing" : text_of(calls[place.call - 1]))
                      << "\nkept of what was not synced: " << name_of(kept));
    const Expectation expectation = story.expectation(place.call);
    recover_and_check(disk, expectation);
    count(disk, kept);
    if (generator() % kGoesOnEvery == 0) look_at_recovery(disk, expectation, generator);
  }

  // The power goes again, while the log is recovered or soon after.
  void look_at_recovery(const Contents& disk, const Expectation& expectation, std::mt19937_64& generator) {
    Story story(generator(), disk, expectation);
    story.live(static_cast<int>(generator() % kStepsAfterCut));
    DiskHistory history(disk);
    const auto& calls = story.disk().calls();
    for (std::size_t call = 0; call <= calls.size(); ++call) {
      if (call > 0) history.make(calls[call - 1]);
      const std::uint64_t states = history.has_unsynced() ? kStatesAfterCut : 1;
      for (std::uint64_t state = 0; state < states; ++state) {
        const Kept kept = kept_of(state, generator);
        const Contents left = history.cut(kept, generator);
        INFO("then recovered, and cut again in call "
             << call << ", state " << state << ", after: " << (call == 0 ? "nothing" : text_of(calls[call - 1]))
             << "\nkept: " << name_of(kept));
        recover_and_check(left, story.expectation(call));
        count(left, kept);
        ++cut_recoveries_;
      }
    }
  }

  void count(const Contents& disk, Kept kept) {
    std::string all;
    for (const auto& [name, bytes] : disk) all += name + '\0' + std::to_string(bytes.size()) + '\0' + bytes;
    disks_.insert(std::hash<std::string>()(all));
    ++kinds_[static_cast<std::size_t>(kept)];
  }

  std::set<std::size_t> disks_;
  std::array<std::uint64_t, kKeptKinds> kinds_ = {};
  std::uint64_t cut_recoveries_ = 0;
};

TEST_CASE("whatever a power cut leaves is recovered to a prefix of the writes with all that was acknowledged") {
  const std::uint64_t first_seed = number_of("TENON_SEED").value_or(std::random_device()());
  std::cout << "seed " << first_seed << std::endl;
  Campaign campaign;
  const auto call = number_of("TENON_CRASH_CALL");
  const auto state = number_of("TENON_CRASH_STATE");
  if (call && state) {
    campaign.look_at_place({first_seed, *call, *state});
    return;
  }
  std::uint64_t seed = first_seed;
  while (campaign.distinct_states() < wanted_states()) campaign.look_at_story(seed++);
  std::cout << campaign.distinct_states() << " distinct states of " << seed - first_seed << " stories; "
            << campaign.cut_recoveries() << " looked at were cut again during a recovery or after it\n";
  for (std::size_t kept = 0; kept < kKeptKinds; ++kept) {
    const auto kind = static_cast<Kept>(kept);
    std::cout << "  kept " << name_of(kind) << ": " << campaign.count(kind) << "\n";
    CHECK(campaign.count(kind) > 0);
  }
  std::cout << std::flush;
  CHECK(campaign.cut_recoveries() > 0);
}

}  // namespace
}  // namespace tenon::crash
