// SPDX-License-Identifier: MIT
// How many requests a client API has made, how they ended and how long they took. The series are made once; what is
// recorded for each request takes no lock and no memory. A request carries its kind and the time when it came in the
// mark of its token, 4 bits and 60 bits of microseconds, so that nothing has to be looked up when it ends.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "host/metrics.hpp"
#include "node/submission.hpp"
#include "tenon/client_api.h"

namespace tenon::host {

struct EndedRequest {
  const char* operation = "other";  // the label `op`
  const char* code = "unknown";     // the label `code`
  std::chrono::microseconds took{0};
};

class RequestMetrics {
 public:
  // Keeps: metrics, for its life.
  RequestMetrics(Metrics& metrics, const std::string& client_api);

  // The mark of a request that has come `now`; never 0. Any thread.
  static std::uint64_t mark(const tenon_request& request, raft::Instant now) noexcept;
  // Requests that have ended at the same time. Those of one kind that follow each other are recorded together, the last
  // at its destruction. Of one thread.
  class Ending {
   public:
    Ending(const RequestMetrics& metrics, raft::Instant now) noexcept;
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() { record(); }
    // A request with this mark has ended, as is returned. A mark of 0 is ignored, and took no time.
    EndedRequest add(std::uint64_t mark, std::uint32_t outcome, tenon_error error) noexcept;

   private:
    void record() noexcept;

    const RequestMetrics& metrics_;
    const std::uint64_t now_us_;
    std::size_t operation_ = 0;
    std::size_t code_ = 0;
    Metrics::Observations durations_;  // of operation_ and code_; none: nothing waits to be recorded
  };

 private:
  static constexpr std::size_t kOperationCount = 9;
  static constexpr std::size_t kCodeCount = 5;

  Metrics& metrics_;
  std::array<std::uint32_t, kOperationCount> durations_{};                       // by operation
  std::array<std::array<std::uint32_t, kCodeCount>, kOperationCount> totals_{};  // by operation and code
};

}  // namespace tenon::host
