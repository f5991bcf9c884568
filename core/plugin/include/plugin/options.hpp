// SPDX-License-Identifier: MIT
// Checks the options that a config sets against the schema in a manifest.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plugin/manifest.hpp"
#include "plugin/refusal.hpp"

namespace tenon::plugin {

using Options = std::map<std::string, std::string>;

// Returns `given` with the defaults of what it does not set. An option that is neither set, required nor has a default
// is absent. `origin` is how messages call the plugin, for example storage.filewal.
// Throws Refusal with option(): unknown_option (naming the nearest), wrong_type, out_of_range, not_a_choice,
// required_option_missing. The value of a secret option is in no message.
Options check_options(std::span<const OptionDeclaration> declared, const Options& given, const std::string& origin);

// Which refusal this text earns as a value of the option; nullopt: none, it fits.
std::optional<RefusalKind> find_fault(const OptionDeclaration& option, std::string_view text);

// What a value of the option has to be, for example "a size such as 64KiB, from 1MiB to 1GiB".
std::string wanted_value(const OptionDeclaration& option);

// The number in a text of type integer, size (bytes) or duration (microseconds); nullopt for a text of another form.
// Needs: one of these three types.
std::optional<std::int64_t> parse_number(OptionType type, std::string_view text) noexcept;

}  // namespace tenon::plugin
