// SPDX-License-Identifier: MIT
// The target of a request: which path, and which parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "response.hpp"

namespace tenon::api_http {

struct Parameter {
  std::string name;
  std::string value;
};

struct Target {
  std::string path;  // as it came, percent-encoded; begins with a slash
  std::vector<Parameter> parameters;

  // The value of the first parameter of this name.
  const std::string* find(std::string_view name) const noexcept {
    for (const Parameter& one : parameters) {
      if (one.name == name) return &one.value;
    }
    return nullptr;
  }
};

// The bytes that are meant, which may be any; nullopt: a percent sign without two hexadecimal digits behind it.
std::optional<std::string> percent_decoded(std::string_view text);
// In a form that every part of a target may have.
std::string percent_encoded(std::string_view bytes);

// Splits /path?name=value&.. and http://host/path.. and decodes the parameters; a plus sign is a plus sign. Refuses
// what is no target: another form, a bad percent-encoding anywhere, bytes that no URI has, more than `parameters_max`
// parameters, one twice, and the segments `.` and `..`, which clients and proxies resolve each in their own way.
std::variant<Target, Failure> parse_target(std::string_view text, std::uint64_t parameters_max);

}  // namespace tenon::api_http
