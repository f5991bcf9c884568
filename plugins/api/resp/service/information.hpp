// SPDX-License-Identifier: MIT
// What this node and its cluster are at the moment: INFO, ROLE, DBSIZE, WAIT.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "command.hpp"

namespace tenon::api_resp {

std::unique_ptr<Task> tell_information(const Execution& execution);
std::unique_ptr<Task> tell_role(const Execution& execution);
std::unique_ptr<Task> count_keys(const Execution& execution);
std::unique_ptr<Task> wait_for_replicas(const Execution& execution);

// Lines of a name, a space and a value, as the node's admin verbs answer.
class StatusLines {
 public:
  explicit StatusLines(std::string_view text);
  // Empty when there is no such line.
  std::string text(std::string_view name) const;
  // 0 when there is no such line, or none with a number.
  std::uint64_t number(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> lines_;
};

}  // namespace tenon::api_resp
