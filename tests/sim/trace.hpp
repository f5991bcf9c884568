// SPDX-License-Identifier: MIT
// What a run has done: a hash over everything, which tells two runs apart, and the newest lines, for whoever reads a
// failure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>

#include "event_queue.hpp"
#include "stream.hpp"

namespace tenon::sim {

// A promise is broken. `kind` names it in one word.
struct Violation : std::runtime_error {
  Violation(std::string of_kind, const std::string& what) : std::runtime_error(what), kind(std::move(of_kind)) {}
  std::string kind;
};

class Trace {
 public:
  static constexpr std::size_t kLinesMax = 200;

  explicit Trace(const EventQueue& events) : events_(events), began_(events.now()) {}

  // An event with up to three numbers that say what it was about.
  void note(const char* what, std::uint64_t node, std::uint64_t first = 0, std::uint64_t second = 0) {
    digest_ = mixed(digest_, what);
    digest_ = mixed(digest_, static_cast<std::uint64_t>(time().count()));
    digest_ = mixed(mixed(mixed(digest_, node), first), second);
    lines_.push_back({time(), what, node, first, second});
    if (lines_.size() > kLinesMax) lines_.pop_front();
  }
  // Counts something that is to be reported; part of the digest by what is noted beside it.
  void count(const std::string& what, std::uint64_t times = 1) { counts_[what] += times; }

  std::uint64_t digest() const noexcept { return digest_; }
  const std::map<std::string, std::uint64_t>& counts() const noexcept { return counts_; }
  Duration time() const noexcept { return events_.now() - began_; }
  std::string text() const {
    std::string all;
    for (const Line& line : lines_) {
      all += std::to_string(std::chrono::duration_cast<microseconds>(line.time).count()) + "us node " +
             std::to_string(line.node) + " " + line.what + " " + std::to_string(line.first) + " " +
             std::to_string(line.second) + "\n";
    }
    return all;
  }

 private:
  struct Line {
    Duration time;
    const char* what;
    std::uint64_t node, first, second;
  };
  const EventQueue& events_;
  const Instant began_;
  std::uint64_t digest_ = 0;
  std::deque<Line> lines_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace tenon::sim
