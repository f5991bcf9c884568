// SPDX-License-Identifier: MIT
// Hands the core's writes to storage, and keeps each with all that it points to until it is durable, as storage.h
// demands of the caller of write().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "node/storage_port.hpp"
#include "raft/effects.hpp"

namespace tenon::node {

class StorageWriter {
 public:
  explicit StorageWriter(StoragePort storage) noexcept : storage_(storage) {}

  void write(raft::Write write);
  // Storage has completed every write up to `sequence`: their memory is released.
  void complete(raft::WriteSequence sequence) noexcept;
  // Bytes of entries handed to storage and not yet durable.
  std::uint64_t backlog_bytes() const noexcept { return backlog_bytes_; }

 private:
  struct Kept {
    raft::Write source;  // owns the payloads
    std::string hard_state;
    std::vector<tenon_entry> entries;
    std::uint64_t bytes = 0;
    tenon_write write = {};
  };

  StoragePort storage_;
  std::deque<Kept> kept_;  // ascending in sequence; elements never move
  std::uint64_t backlog_bytes_ = 0;
};

}  // namespace tenon::node
