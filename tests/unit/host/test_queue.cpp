// SPDX-License-Identifier: MIT
#include "test_queue.hpp"

#include <poll.h>

#include <chrono>

#include "support/catch.hpp"

namespace tenon::host {

TestQueue::TestQueue(ClientHost& host, std::uint64_t depth, const std::string& client_api) {
  const tenon_client_host* const table = host.table(client_api);
  REQUIRE(table->queue_create(table, depth, &table_, nullptr) == TENON_OK);
}

bool TestQueue::is_readable(int wait_ms) const {
  pollfd descriptor{static_cast<int>(table_->event_fd), POLLIN, 0};
  return ::poll(&descriptor, 1, wait_ms) == 1;
}

std::optional<std::uint64_t> TestQueue::submit(tenon_request request) {
  request.id = last_id_ + 1;
  if (table_->submit(table_, &request, 1) == 0) return std::nullopt;
  return ++last_id_;
}

std::uint64_t TestQueue::submit(std::span<const tenon_operation> operations, std::uint32_t timeout_ms) {
  tenon_request asked = request(0, operations);
  asked.timeout_ms = timeout_ms;
  const std::optional<std::uint64_t> id = submit(asked);
  REQUIRE(id.has_value());
  return *id;
}

std::size_t TestQueue::poll() {
  const tenon_completion* polled[16];
  std::size_t total = 0;
  for (std::uint64_t count = std::size(polled); count == std::size(polled);) {
    count = table_->poll(table_, polled, std::size(polled));
    for (std::uint64_t i = 0; i < count; ++i) {
      const Completion completion(polled[i]);
      Ended end{
          completion->outcome, completion->error,  std::string(view(completion->message)),        completion->revision,
          completion->flags,   completion->leader, std::string(view(completion->leader_address)), {}};
      for (const tenon_result& result : results(*completion)) {
        for (const tenon_record& record : records(result)) end.values.emplace_back(view(record.value));
      }
      if ((completion->flags & TENON_COMPLETION_MORE) != 0) {
        REQUIRE_FALSE(ended.contains(completion->request));
        streams[completion->request].push_back(std::move(end));
        continue;
      }
      const bool is_first = ended.emplace(completion->request, std::move(end)).second;
      REQUIRE(is_first);
    }
    total += count;
  }
  return total;
}

void TestQueue::wait_for(std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (ended.size() < count && std::chrono::steady_clock::now() < deadline) {
    is_readable(100);
    poll();
  }
  REQUIRE(ended.size() >= count);
}

Ended TestQueue::run(std::span<const tenon_operation> operations, std::uint32_t timeout_ms) {
  const std::uint64_t id = submit(operations, timeout_ms);
  wait_for(ended.size() + 1);
  return ended.at(id);
}

void TestQueue::destroy() { table_->destroy(table_); }

}  // namespace tenon::host
