// SPDX-License-Identifier: MIT
#include "refusal.hpp"

#include "plugin/nearest_name.hpp"

namespace tenon::config {

std::string Origin::text() const {
  switch (source) {
    case Source::kDefault:
      return "default";
    case Source::kFile:
      return name + ":" + std::to_string(line);
    case Source::kEnvironment:
      return "environment " + name;
    case Source::kFlag:
      break;
  }
  return "flag --set " + name;
}

void refuse(const Origin& origin, std::string_view section, std::string_view key, std::string_view explanation) {
  throw ConfigError(origin.text() + ": " + std::string(section) + "." + std::string(key) + ": " +
                    std::string(explanation));
}

std::string nearest_hint(std::string_view name, std::span<const std::string> candidates) {
  const std::string nearest = plugin::nearest_name(name, candidates);
  return nearest.empty() ? std::string() : " The nearest name is '" + nearest + "'.";
}

}  // namespace tenon::config
