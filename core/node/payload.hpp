// SPDX-License-Identifier: MIT
// Bytes as whoever shares them holds them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "raft/entry.hpp"

namespace tenon::node {

inline raft::Payload payload(std::string data) {
  auto owner = std::make_shared<const std::string>(std::move(data));
  const std::string_view bytes = *owner;
  return {std::move(owner), bytes};
}

}  // namespace tenon::node
