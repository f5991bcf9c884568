// SPDX-License-Identifier: MIT
#include "plugin/nearest_name.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tenon::plugin {

std::size_t edit_distance(std::string_view left, std::string_view right) {
  // Row i holds the distances of the first i characters of left to every beginning of right; a swap of neighbours looks
  // two rows back.
  std::vector<std::size_t> before, previous, current(right.size() + 1);
  for (std::size_t column = 0; column <= right.size(); ++column) current[column] = column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    before = std::exchange(previous, current);
    current[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const std::size_t replaced = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
      current[column] = std::min({replaced, previous[column] + 1, current[column - 1] + 1});
      if (row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1]) {
        current[column] = std::min(current[column], before[column - 2] + 1);
      }
    }
  }
  return current.back();
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  const std::string* nearest = nullptr;
  std::size_t least = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (nearest != nullptr && distance >= least) continue;
    nearest = &candidate;
    least = distance;
  }
  return nearest == nullptr ? std::string() : *nearest;
}

}  // namespace tenon::plugin
