// SPDX-License-Identifier: MIT
// A life of a FileLog that follows from a seed: opened, written to, synced, closed, killed and opened again; and what
// may be found when the power goes at any of its calls on the disk.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "disk_history.hpp"
#include "log_model.hpp"

namespace tenon::crash {

using filewal::test::LogModel;
using Incarnation = std::array<std::uint8_t, 16>;

// What may be found on a disk.
struct Expectation {
  std::vector<LogModel> allowed;           // at least one
  std::optional<Incarnation> incarnation;  // none: the directory may not have been born yet
};

class Story {
 public:
  // On a disk that holds what a cut has left: `start`, of which `before` may be found.
  Story(std::uint64_t seed, const Contents& start, Expectation before);

  // Throws std::runtime_error: the log does not hold what it must. tenon::Error: from the log.
  void live(int steps);

  const RecordingFileSystem& disk() const { return disk_; }
  // After so many calls. Needs: live() has returned or thrown.
  Expectation expectation(std::size_t calls) const;

 private:
  // From a number of calls on, the content is one of moments_[low], .., moments_[high].
  struct Window {
    std::size_t calls;
    std::size_t low;
    std::size_t high;
    std::optional<Incarnation> incarnation;
  };

  void open();
  void stage_write();
  void acknowledge();
  void end_process();
  void mark();

  std::mt19937_64 generator_;
  RecordingFileSystem disk_;
  std::vector<LogModel> moments_;  // in the order of the stream, one for each part and entry of a write
  std::size_t low_ = 0;            // the first that may be found; <= high_
  std::size_t high_;               // the last
  std::optional<Incarnation> incarnation_;
  std::vector<Window> windows_;  // their calls ascend
  std::unique_ptr<filewal::test::OpenedLog> log_;
  std::vector<std::unique_ptr<filewal::test::OwnedWrite>> staged_;  // not synced yet, so the log points to them
};

// What recovery finds on a disk, twice: the second one must find the same.
struct Recovery {
  LogModel content;
  Incarnation incarnation;
};
// Throws std::runtime_error: it is not what was expected, or the second recovery found something else. tenon::Error:
// from the log.
Recovery recover_and_check(const Contents& disk, const Expectation& expectation);

// A few words of a content, for a failure's message.
std::string text_of(const LogModel& model);

}  // namespace tenon::crash
