// SPDX-License-Identifier: MIT
// Typed access to settings that were checked against the table of options.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "config/config.hpp"

namespace tenon::config {

class Settings {
 public:
  // Keeps: sections, for its life. Needs: every option passed check_value().
  explicit Settings(const Sections& sections) : sections_(sections) {}

  // Null: it is not set.
  const Setting* find(std::string_view section, std::string_view key) const;
  // Needs, all that follow: it is set, or has a default.
  const Setting& get(std::string_view section, std::string_view key) const;
  std::uint64_t count(std::string_view section, std::string_view key) const;
  std::chrono::microseconds duration(std::string_view section, std::string_view key) const;

 private:
  std::int64_t number(std::string_view section, std::string_view key) const;

  const Sections& sections_;
};

}  // namespace tenon::config
