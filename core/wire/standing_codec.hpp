// SPDX-License-Identifier: MIT
// The bytes of what is said about a node's place in the cluster.
//
//   addresses: u32 count, and of each a block
//   request:   u64 node, u8 incarnation[16], u8 wants_to_join, addresses
//   notice:    u8 kind, u64 index, u64 index_term, block text, u32 count of places, and of each u64 node and addresses
#pragma once

#include <optional>
#include <string>

#include "tenon/bytes.hpp"
#include "wire/frame.hpp"

namespace tenon::wire {

void write_standing(std::string& to, const StandingRequest& request);
void write_standing(std::string& to, const StandingNotice& notice);
// Nullopt, both: it is not of that form, or beyond the bounds.
std::optional<StandingRequest> read_standing_request(ByteReader& reader);
std::optional<StandingNotice> read_standing_notice(ByteReader& reader);

}  // namespace tenon::wire
