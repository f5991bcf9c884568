// SPDX-License-Identifier: MIT
// Commands whose second word says what is wanted.
#pragma once

#include <string>

#include "command.hpp"
#include "text.hpp"

namespace tenon::api_resp {

struct Subcommand {
  std::string_view name;  // lower case
  int arity;              // as of a command, the first two words counted
  ImmediateFunction function;
};

inline std::string unknown_subcommand_text(std::string_view command, std::string_view wanted) {
  constexpr std::size_t kShownMax = 128;
  return "ERR unknown subcommand '" + std::string(wanted.substr(0, kShownMax)) + "'. Try " + upper(command) + " HELP.";
}

// Runs the one that the second word names; an error when there is none, or when the words are too few or too many.
inline void run_subcommand(std::string_view command, std::span<const Subcommand> subcommands,
                           const Execution& execution) {
  const std::string_view wanted = execution.arguments[1];
  for (const Subcommand& one : subcommands) {
    if (!equals(wanted, one.name)) continue;
    const std::size_t words = execution.arguments.size();
    const auto count = static_cast<std::size_t>(one.arity < 0 ? -one.arity : one.arity);
    if (one.arity < 0 ? words < count : words != count) {
      return execution.reply.error("ERR wrong number of arguments for '" + std::string(command) + "|" +
                                   std::string(one.name) + "' command");
    }
    return one.function(execution);
  }
  execution.reply.error(unknown_subcommand_text(command, wanted));
}

}  // namespace tenon::api_resp
