// SPDX-License-Identifier: MIT
// What some keys are at one revision, and what they become by the operations of a transaction that is being made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/client_api.h"

namespace tenon::api_resp {

struct KeyState {
  bool exists = false;
  std::string value;
  std::uint64_t expires_at_ms = 0;  // cluster time; 0: never
  std::uint64_t set_bytes = 0;      // of the value that was set
  std::uint64_t modified = 0;       // the revision that last changed it when it was read; 0: it was absent
};

class KeyView {
 public:
  // No command makes a value that is larger.
  explicit KeyView(std::uint64_t value_bytes_max) noexcept : value_bytes_max_(value_bytes_max) {}

  // Takes the state of a key from its record, or without one that it is absent.
  void set(std::string_view key, const tenon_record* record);
  void set_cluster_time(std::uint64_t cluster_time_ms) noexcept { cluster_time_ms_ = cluster_time_ms; }

  // Needs: set() was called for the key.
  const KeyState& at(std::string_view key) const;
  // Null for a key of which nothing is known.
  const KeyState* find(std::string_view key) const;
  std::uint64_t cluster_time_ms() const noexcept { return cluster_time_ms_; }
  std::uint64_t value_bytes_max() const noexcept { return value_bytes_max_; }
  // Of all values as they were set.
  std::uint64_t value_bytes() const noexcept { return value_bytes_; }

  // Does to the keys what the node will do. An operation on a key of which nothing is known is left out.
  void apply(const tenon_operation& operation);

 private:
  const std::uint64_t value_bytes_max_;
  std::map<std::string, KeyState, std::less<>> keys_;
  std::uint64_t value_bytes_ = 0;
  std::uint64_t cluster_time_ms_ = 0;
};

}  // namespace tenon::api_resp
