// SPDX-License-Identifier: MIT
// A client API's side of a queue, for tests: submits, waits on event_fd, and copies what completions say.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/client_host.hpp"
#include "tenon/client_api.hpp"

namespace tenon::host {

inline std::span<const tenon_operation> only(const tenon_operation& operation) { return {&operation, 1}; }

struct Ended {
  std::uint32_t outcome = 0;
  tenon_error error = TENON_OK;
  std::string message;
  std::uint64_t revision = 0;
  std::uint64_t flags = 0;
  std::uint64_t leader = 0;
  std::string leader_address;
  std::vector<std::string> values;  // of every record, in order
};

class TestQueue {
 public:
  // Requires that the host makes it.
  TestQueue(ClientHost& host, std::uint64_t depth, const std::string& client_api = "thrift");

  const tenon_queue* table() const noexcept { return table_; }
  bool is_readable(int wait_ms = 0) const;

  // Submits one request under a new id and returns the id; nullopt: the depth is reached.
  std::optional<std::uint64_t> submit(tenon_request request);
  std::uint64_t submit(std::span<const tenon_operation> operations, std::uint32_t timeout_ms = 0);
  // Takes what waits, and gives it back. Requires that no request ends twice, nor brings more afterwards.
  std::size_t poll();
  // Polls until `count` requests have ended in all, or a minute is over.
  void wait_for(std::size_t count);
  // Submits and waits for the end of it. Needs: nothing else is unfinished.
  Ended run(std::span<const tenon_operation> operations, std::uint32_t timeout_ms = 0);
  void destroy();

  std::map<std::uint64_t, Ended> ended;
  std::map<std::uint64_t, std::vector<Ended>> streams;  // what a request brought before its final completion

 private:
  const tenon_queue* table_ = nullptr;
  std::uint64_t last_id_ = 0;
};

}  // namespace tenon::host
