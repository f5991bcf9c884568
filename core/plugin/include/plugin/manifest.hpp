// SPDX-License-Identifier: MIT
// A plugin's manifest as values. tenon/define_plugin.h has the grammar of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/kind.hpp"

namespace tenon::plugin {

enum class OptionType { string, integer, size, duration, boolean, choice };

struct Bound {
  std::string text;    // as the manifest has it, for people
  std::int64_t value;  // the integer, the bytes or the microseconds
};

struct OptionDeclaration {
  std::string name;  // of a-z 0-9 _
  OptionType type = OptionType::string;
  std::optional<std::string> default_value;  // fits type, bounds and choices; never with required
  bool required = false;
  std::optional<Bound> min, max;     // of integer, size and duration only; min <= max
  std::vector<std::string> choices;  // of choice only; not empty there
  bool secret = false;               // its value is never shown
  std::string help;
};

enum class MetricKind { counter, gauge, histogram };

struct MetricDeclaration {
  std::string name;  // of a-z 0-9 _
  MetricKind kind = MetricKind::counter;
  std::string help;
};

struct Manifest {
  std::string id;  // reverse domain name
  Kind kind = Kind::storage;
  std::string version;
  std::string summary;
  bool is_durable = true;                  // of storage: what it reports durable survives the end of the process
  std::vector<OptionDeclaration> options;  // both in the order of the manifest
  std::vector<MetricDeclaration> metrics;
};

// The words of the manifest.
std::string_view word(OptionType type) noexcept;
std::string_view word(MetricKind kind) noexcept;

// Parses the text of a manifest. `origin` says in messages whose it is.
// Throws Refusal(malformed_manifest) naming the line: a line of another form, a control character, an unknown section
// or key, either of them twice, a missing id, kind, version or type, a word or number of another form, a key that does
// not go with the kind or type, a default that the option itself would refuse.
Manifest parse_manifest(std::string_view text, const std::string& origin);

}  // namespace tenon::plugin
