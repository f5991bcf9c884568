// SPDX-License-Identifier: MIT
// Power cuts. A story is recorded once; each state is a cut after one of its calls, with some of what was not synced.
#include <fstream>

#include "recorder/disk.hpp"
#include "storage/checks.hpp"
#include "storage/crash_story.hpp"

namespace tenon::plugin_check {
namespace {

constexpr int kSmokeStates = 40;
constexpr int kFullStates = 1000;
constexpr int kSmokeWrites = 60;
constexpr int kFullWrites = 200;

void save_log(const Operations& log, std::size_t end, const std::filesystem::path& file) {
  std::ofstream output(file);
  for (std::size_t place = 0; place < end; ++place) output << place << " " << text_of(log[place]) << "\n";
}

// The places at which to cut, in ascending order: half of them anywhere, half right behind an acknowledgement.
std::vector<std::size_t> draw_cuts(const Operations& log, int count, std::mt19937_64& generator) {
  std::vector<std::size_t> promises;
  for (std::size_t place = 0; place < log.size(); ++place) {
    const auto mark = static_cast<Mark>(log[place].offset);
    const bool promises_something = mark == Mark::opened || mark == Mark::durable || mark == Mark::committed;
    if (log[place].kind == Operation::Kind::mark && promises_something) promises.push_back(place + 1);
  }
  std::vector<std::size_t> cuts;
  for (int cut = 0; cut < count; ++cut) {
    const bool behind_promise = cut % 2 == 0 && !promises.empty();
    cuts.push_back(behind_promise ? promises[generator() % promises.size()] : generator() % (log.size() + 1));
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

void check_synced(Subject& subject) {
  require_durable(subject);
  const CrashStory story(subject, kSmokeWrites);
  const std::string lie = story.find_lie();
  subject.expect(lie.empty(), lie);
}

void check_states(Subject& subject) {
  require_durable(subject);
  const CrashStory story(subject, subject.full() ? kFullWrites : kSmokeWrites);
  const int states = subject.full() ? kFullStates : kSmokeStates;
  std::mt19937_64 generator = subject.generator(3);
  const Operations& log = story.log();
  Disk disk;
  CrashStory::Knowledge knowledge;
  std::size_t made = 0;
  int state = 0;
  for (const std::size_t cut : draw_cuts(log, states, generator)) {
    for (; made < cut; ++made) {
      disk.make(log[made]);
      CrashStory::learn(knowledge, log[made]);
    }
    const auto kept = static_cast<Kept>(generator() % kKeptKinds);
    const Contents contents = disk.cut(kept, generator);
    const std::filesystem::path directory = subject.task().directory / "state";
    save(contents, directory);
    const std::string what = "state " + std::to_string(state) + ": power cut after call " + std::to_string(cut) +
                             (cut == 0 ? "" : " (" + text_of(log[cut - 1]) + ")") + ", kept: " + text_of(kept);
    const Progress::Step step(subject.progress(), what);
    const std::string trouble = story.judge(directory, knowledge, state % 4 == 0);
    if (!trouble.empty()) {
      save(contents, subject.task().directory / "state-as-the-power-cut-left-it");
      save_log(log, cut, subject.task().directory / "calls");
      subject.fail(what + ".\n" + trouble);
    }
    ++state;
  }
}

}  // namespace

Checks storage_crash_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.synced", storage, Suite::smoke,
       "durable() comes after a sync that covers the write (storage.h: durable)", seconds(60), check_synced},
      {"storage.crash_states", storage, Suite::smoke,
       "whatever a power cut leaves is opened, and holds a prefix with all that was durable (storage.h: the model)",
       seconds(600), check_states},
  };
}

}  // namespace tenon::plugin_check
