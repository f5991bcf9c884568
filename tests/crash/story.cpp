// SPDX-License-Identifier: MIT
#include "story.hpp"

#include <algorithm>
#include <stdexcept>

#include "tenon/crc32c.hpp"

namespace tenon::crash {
namespace {

using filewal::test::OpenedLog;

constexpr std::size_t kPayloadBytesMax = 700;
constexpr std::size_t kLargePayloadBytesMax = 3 * filewal::kSegmentBytesMin;

std::string digits_of(const Incarnation& incarnation) {
  std::string text;
  for (const std::uint8_t byte : incarnation) text += std::to_string(byte) + ".";
  return text;
}

// Throws unless the log holds one of what is expected.
void check(const LogModel& found, const Incarnation& incarnation, const Expectation& expectation) {
  if (expectation.incarnation && *expectation.incarnation != incarnation) {
    throw std::runtime_error("the directory had the incarnation " + digits_of(*expectation.incarnation) +
                             " and was born again as " + digits_of(incarnation));
  }
  const auto& allowed = expectation.allowed;
  if (std::find(allowed.begin(), allowed.end(), found) != allowed.end()) return;
  throw std::runtime_error("found: " + text_of(found) + "\nexpected at least: " + text_of(allowed.front()) +
                           "\nand at most: " + text_of(allowed.back()) + "\nor one of the " +
                           std::to_string(allowed.size()) + " in the order of the writes between them");
}

}  // namespace

std::string text_of(const LogModel& model) {
  std::string text = "hard state of " + std::to_string(model.hard_state.size()) + " bytes (crc " +
                     std::to_string(crc32c(model.hard_state)) + "), entries [" + std::to_string(model.first) + ", " +
                     std::to_string(model.last() + 1) + ")";
  const std::size_t shown = std::min<std::size_t>(model.entries.size(), 6);
  for (std::size_t back = shown; back > 0; --back) {
    const auto& entry = model.entries[model.entries.size() - back];
    text += " " + std::to_string(model.last() + 1 - back) + "@" + std::to_string(entry.term) + ":" +
            std::to_string(entry.data.size());
  }
  return text;
}

Story::Story(std::uint64_t seed, const Contents& start, Expectation before)
    : generator_(seed),
      disk_(seed, start),
      moments_(std::move(before.allowed)),
      high_(moments_.size() - 1),
      incarnation_(before.incarnation) {
  mark();
}

void Story::mark() { windows_.push_back({disk_.calls().size(), low_, high_, incarnation_}); }

Expectation Story::expectation(std::size_t calls) const {
  const auto after =
      std::find_if(windows_.begin(), windows_.end(), [&](const Window& one) { return one.calls > calls; });
  const Window& window = *std::prev(after);
  const auto begin = moments_.begin();
  return {{begin + static_cast<std::ptrdiff_t>(window.low), begin + static_cast<std::ptrdiff_t>(window.high) + 1},
          window.incarnation};
}

void Story::live(int steps) {
  open();
  for (int step = 0; step < steps; ++step) {
    const std::uint64_t chance = generator_() % 100;
    if (chance < 55) {
      stage_write();
    } else if (chance < 82) {
      log_->log.sync();
      acknowledge();
    } else if (chance < 94) {
      log_->log.prepare_spare();
    } else {
      end_process();
      open();
    }
  }
  end_process();
}

// What was found is durable from here on, whatever had been acknowledged.
void Story::open() {
  const Expectation expected = expectation(disk_.calls().size());
  log_ = std::make_unique<OpenedLog>(disk_);
  moments_.push_back(log_->content());
  check(moments_.back(), log_->recovered.incarnation, expected);
  incarnation_ = log_->recovered.incarnation;
  high_ = moments_.size() - 1;
  acknowledge();
}

void Story::stage_write() {
  LogModel model = moments_[high_];
  const std::size_t payload_max = generator_() % 12 == 0 ? kLargePayloadBytesMax : kPayloadBytesMax;
  staged_.push_back(random_write(model, generator_, payload_max));
  staged_.back()->apply(model, moments_);
  high_ = moments_.size() - 1;
  mark();
  log_->log.stage(staged_.back()->view(1));
}

void Story::acknowledge() {
  staged_.clear();
  low_ = high_;
  mark();
}

void Story::end_process() {
  if (generator_() % 2 == 0) {
    log_->log.close();
    acknowledge();
  }
  log_.reset();
  staged_.clear();
}

Recovery recover_and_check(const Contents& disk, const Expectation& expectation) {
  support::MemoryFileSystem files(1, disk);
  Recovery found;
  {
    OpenedLog opened(files);
    found = {opened.content(), opened.recovered.incarnation};
    check(found.content, found.incarnation, expectation);
  }
  files.lose_power();  // what was recovered is durable
  const OpenedLog again(files);
  check(again.content(), again.recovered.incarnation, {{found.content}, found.incarnation});
  return found;
}

}  // namespace tenon::crash
