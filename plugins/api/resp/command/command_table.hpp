// SPDX-License-Identifier: MIT
// All commands by name.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "command.hpp"

namespace tenon::api_resp {

class CommandTable {
 public:
  CommandTable();

  // In the order of their names.
  const std::vector<const Command*>& all() const noexcept { return all_; }
  // In any case of letters; null when there is none.
  const Command* find(std::string_view name) const noexcept;

 private:
  static constexpr std::size_t kNameBytesMax = 24;

  std::vector<const Command*> all_;
  std::unordered_map<std::string_view, const Command*> by_name_;
};

// Whether so many words are what the command expects.
constexpr bool accepts(const Command& command, std::size_t words) noexcept {
  const auto count = static_cast<std::size_t>(command.arity < 0 ? -command.arity : command.arity);
  return command.arity < 0 ? words >= count : words == count;
}

// Calls visit(word) for each key among the words, which the command accepts.
template <class Visit>
void for_each_key(const Command& command, Arguments words, Visit visit) {
  if (command.first_key <= 0) return;
  const int count = static_cast<int>(words.size());
  const int last = command.last_key < 0 ? count + command.last_key : command.last_key;
  for (int i = command.first_key; i <= last && i < count; i += command.key_step) {
    visit(words[static_cast<std::size_t>(i)]);
  }
}

}  // namespace tenon::api_resp
