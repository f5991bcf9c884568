// SPDX-License-Identifier: MIT
// What someone probably meant who wrote a name that does not exist.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tenon::plugin {

// The least number of characters to insert, remove, replace or swap with their neighbour that makes `right` of `left`.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate with the least edit distance, the first of several; empty when there are no candidates.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace tenon::plugin
