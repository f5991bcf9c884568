// SPDX-License-Identifier: MIT
#include "command_table.hpp"

#include <algorithm>
#include <array>

#include "command_groups.hpp"
#include "tenon/check.hpp"
#include "text.hpp"

namespace tenon::api_resp {

CommandTable::CommandTable() {
  for (const std::span<const Command> group : command_groups()) {
    for (const Command& command : group) {
      TENON_CHECK(command.name.size() <= kNameBytesMax);
      const bool is_new = by_name_.emplace(command.name, &command).second;
      TENON_CHECK(is_new);
      all_.push_back(&command);
    }
  }
  std::sort(all_.begin(), all_.end(),
            [](const Command* left, const Command* right) { return left->name < right->name; });
}

const Command* CommandTable::find(std::string_view name) const noexcept {
  if (name.size() > kNameBytesMax) return nullptr;
  std::array<char, kNameBytesMax> lowered;
  std::transform(name.begin(), name.end(), lowered.begin(), [](char letter) { return lower(letter); });
  const auto found = by_name_.find(std::string_view(lowered.data(), name.size()));
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace tenon::api_resp
