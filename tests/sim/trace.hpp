// SPDX-License-Identifier: MIT
// What a run has done: a hash over everything, which tells two runs apart, and the newest lines, for whoever reads a
// failure.
#pragma once

#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

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
    if (follows_) std::cout << text_of(lines_.back());
    if (lines_.size() > kLinesMax) lines_.pop_front();
  }
  // From now on every line is printed.
  void follow() { follows_ = true; }
  // Counts something that is to be reported; part of the digest by what is noted beside it.
  void count(std::string_view what, std::uint64_t times = 1) {
    auto found = counts_.find(what);
    if (found == counts_.end()) found = counts_.emplace(what, 0).first;
    found->second += times;
  }

  std::uint64_t digest() const noexcept { return digest_; }
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  const Counts& counts() const noexcept { return counts_; }
  Duration time() const noexcept { return events_.now() - began_; }
  std::string text() const {
    std::string all;
    for (const Line& line : lines_) all += text_of(line);
    return all;
  }

 private:
  struct Line {
    Duration time;
    const char* what;
    std::uint64_t node, first, second;
  };
  static std::string text_of(const Line& line) {
    return std::to_string(std::chrono::duration_cast<microseconds>(line.time).count()) + "us node " +
           std::to_string(line.node) + " " + line.what + " " + std::to_string(line.first) + " " +
           std::to_string(line.second) + "\n";
  }

  const EventQueue& events_;
  const Instant began_;
  std::uint64_t digest_ = 0;
  bool follows_ = false;
  std::deque<Line> lines_;
  Counts counts_;
};

}  // namespace tenon::sim
