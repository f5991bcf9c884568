// SPDX-License-Identifier: MIT
#include "kv/snapshot.hpp"

#include <utility>

#include "keyspace.hpp"
#include "reading.hpp"

namespace tenon::kv {

Snapshot::Snapshot(Parts parts) noexcept : parts_(std::move(parts)) {}

Snapshot::~Snapshot() { parts_.pin->released.store(true, std::memory_order_release); }

Reply Snapshot::read(const Command& command) const {
  return read_all({TreeView(parts_.root), parts_.revision, parts_.cluster_time_ms}, command);
}

}  // namespace tenon::kv
