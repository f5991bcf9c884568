// SPDX-License-Identifier: MIT
// The history of a run as a file, and how many operations of which kind ended how. For many threads.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>

#include "keys.hpp"
#include "support/linearizability.hpp"

namespace tenon::campaign {

// Reads by what they rest on: a read index, a lease, an entry of the log.
enum class Kind : std::uint8_t { get, lease_get, log_get, put, erase, append, increment, swap };
inline constexpr std::size_t kKinds = 8;
constexpr bool is_read(Kind kind) { return kind <= Kind::log_get; }
inline constexpr std::size_t kEndings = 3;

class Record {
 public:
  // Throws std::runtime_error when the file cannot be made.
  explicit Record(const std::string& path);

  // A read that has failed is counted and not written, for it says nothing. What is written is in the file soon, so
  // that it is there also when this process is killed. Throws std::runtime_error when it cannot be written.
  void add(Kind kind, Ending ending, const support::Operation& operation);

  std::uint64_t done();  // operations
  std::string counts();  // by kind and ending, as a JSON object
  void write_out();      // what is not in the file yet

 private:
  std::mutex mutex_;
  std::ofstream file_;
  std::chrono::steady_clock::time_point written_out_;
  std::array<std::array<std::uint64_t, kEndings>, kKinds> counts_{};
};

}  // namespace tenon::campaign
