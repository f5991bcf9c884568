// SPDX-License-Identifier: MIT
// The words behind the key and value of SET, and behind the key of GETEX.
#pragma once

#include "expiry.hpp"
#include "plan.hpp"

namespace tenon::api_resp {

struct SetOptions {
  std::string error;  // empty: the rest holds
  bool if_absent = false;
  bool if_present = false;
  bool returns_previous = false;
  bool keeps_expiry = false;
  std::optional<ExpiryUnit> unit;
  std::int64_t milliseconds = 0;  // > 0 when there is a unit

  void apply_to(tenon_operation& put) const noexcept {
    if (keeps_expiry) put.flags |= TENON_EXPIRY_KEEP;
    if (!unit) return;
    put.expiry_ms = static_cast<std::uint64_t>(milliseconds);
    if (unit->is_absolute) put.flags |= TENON_EXPIRY_ABSOLUTE;
  }
};
SetOptions parse_set_options(Arguments words);

struct GetexOptions {
  std::string error;
  bool persists = false;
  std::optional<ExpiryUnit> unit;
  std::int64_t milliseconds = 0;
};
GetexOptions parse_getex_options(Arguments words);

// The bytes from `first` to `last`, both counted from the end when they are negative.
std::string_view part_of(std::string_view value, std::int64_t first, std::int64_t last) noexcept;

}  // namespace tenon::api_resp
