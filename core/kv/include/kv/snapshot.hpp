// SPDX-License-Identifier: MIT
// The state at one moment, which stays as it is while the store goes on.
#pragma once

#include <cstdint>
#include <memory>

#include "kv/command.hpp"
#include "kv/reply.hpp"
#include "kv/sessions.hpp"

namespace tenon::kv {

class Keyspace;
struct Node;
struct Pin;

// Made by Store::pin(). May be used by several threads at once, and destroyed on any; the last to let go of the state,
// be it a snapshot or the store, frees all of it, which for a million keys takes a good part of a second.
class Snapshot {
 public:
  struct Parts {
    std::shared_ptr<const Keyspace> keyspace;  // owns what root reaches
    std::shared_ptr<Pin> pin;
    const Node* root = nullptr;  // null: no keys
    SessionsSnapshot sessions;
    std::uint64_t revision = 0;
    std::uint64_t cluster_time_ms = 0;
    std::uint64_t key_count = 0;
    std::uint64_t image_bytes = 0;
    std::uint64_t state_hash = 0;
  };
  explicit Snapshot(Parts parts) noexcept;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  // As Store::read(), in the state at the moment of the pin.
  Reply read(const Command& command) const;

  std::uint64_t revision() const noexcept { return parts_.revision; }
  std::uint64_t cluster_time_ms() const noexcept { return parts_.cluster_time_ms; }
  std::uint64_t key_count() const noexcept { return parts_.key_count; }
  std::uint64_t image_bytes() const noexcept { return parts_.image_bytes; }  // that an ImageSource gives in all
  std::uint64_t state_hash() const noexcept { return parts_.state_hash; }

 private:
  friend class ImageSource;
  Parts parts_;
};

}  // namespace tenon::kv
