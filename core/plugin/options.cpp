// SPDX-License-Identifier: MIT
#include "plugin/options.hpp"

#include <algorithm>

#include "plugin/nearest_name.hpp"
#include "tenon/option.hpp"

namespace tenon::plugin {
namespace {

std::string join(std::span<const std::string> words) {
  std::string text;
  for (const std::string& each : words) text += (text.empty() ? "" : ", ") + each;
  return text;
}

std::optional<RefusalKind> find_number_fault(const OptionDeclaration& option, std::string_view text) {
  const std::optional<std::int64_t> number = parse_number(option.type, text);
  if (!number) return RefusalKind::wrong_type;
  const bool below = option.min && *number < option.min->value;
  const bool above = option.max && *number > option.max->value;
  return below || above ? std::optional(RefusalKind::out_of_range) : std::nullopt;
}

void check_known(std::span<const OptionDeclaration> declared, const Options& given, const std::string& origin) {
  std::vector<std::string> names;
  for (const OptionDeclaration& option : declared) names.push_back(option.name);
  for (const auto& [name, value] : given) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string advice = names.empty() ? "It declares no options; remove it."
                                             : "The nearest name is '" + nearest_name(name, names) +
                                                   "'; `tenond --help-plugin` shows all of them.";
    throw Refusal(RefusalKind::unknown_option,
                  origin + ": found the option '" + name + "', wanted one that the plugin declares. " + advice, name);
  }
}

void check_value(const OptionDeclaration& option, const std::string& text, const std::string& origin) {
  const std::optional<RefusalKind> fault = find_fault(option, text);
  if (!fault) return;
  const std::string found = option.secret ? "a value (secret, not shown)" : "'" + text + "'";
  const std::string what = *fault == RefusalKind::out_of_range   ? " is out of range: found "
                           : *fault == RefusalKind::not_a_choice ? " is none of its choices: found "
                                                                 : " is of the wrong type: found ";
  throw Refusal(*fault,
                origin + ": the option '" + option.name + "'" + what + found + ", wanted " + wanted_value(option) +
                    ". Correct it" + (option.default_value ? " or leave it out." : "."),
                option.name);
}

}  // namespace

std::optional<std::int64_t> parse_number(OptionType type, std::string_view text) noexcept {
  if (type == OptionType::integer) return parse_integer(text);
  if (type == OptionType::size) {
    const std::optional<std::uint64_t> size = parse_size(text);  // parse_size() gives at most what 63 bits hold
    return size ? std::optional(static_cast<std::int64_t>(*size)) : std::nullopt;
  }
  const std::optional<std::chrono::microseconds> duration = parse_duration(text);
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}

std::optional<RefusalKind> find_fault(const OptionDeclaration& option, std::string_view text) {
  switch (option.type) {
    case OptionType::string:
      // The plugin gets a string that ends with a zero; one inside would cut it unnoticed.
      return text.find('\0') == std::string_view::npos ? std::nullopt : std::optional(RefusalKind::wrong_type);
    case OptionType::boolean:
      return parse_boolean(text) ? std::nullopt : std::optional(RefusalKind::wrong_type);
    case OptionType::choice: {
      const bool listed = std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end();
      return listed ? std::nullopt : std::optional(RefusalKind::not_a_choice);
    }
    case OptionType::integer:
    case OptionType::size:
    case OptionType::duration:
      break;
  }
  return find_number_fault(option, text);
}

std::string wanted_value(const OptionDeclaration& option) {
  std::string text;
  switch (option.type) {
    case OptionType::string:
      return "text";
    case OptionType::boolean:
      return "yes or no";
    case OptionType::choice:
      return "one of " + join(option.choices);
    case OptionType::integer:
      text = "an integer";
      break;
    case OptionType::size:
      text = "a size such as 64KiB (digits and B, KiB, MiB or GiB)";
      break;
    case OptionType::duration:
      text = "a duration such as 50ms (digits and us, ms, s, m or h)";
      break;
  }
  if (option.min && option.max) return text + ", from " + option.min->text + " to " + option.max->text;
  if (option.min) return text + ", at least " + option.min->text;
  if (option.max) return text + ", at most " + option.max->text;
  return text;
}

Options check_options(std::span<const OptionDeclaration> declared, const Options& given, const std::string& origin) {
  check_known(declared, given, origin);
  Options checked;
  for (const OptionDeclaration& option : declared) {
    const auto set = given.find(option.name);
    if (set != given.end()) {
      check_value(option, set->second, origin);
      checked.insert(*set);
    } else if (option.required) {
      throw Refusal(RefusalKind::required_option_missing,
                    origin + ": the option '" + option.name + "' is not set, wanted " + wanted_value(option) +
                        ": it has no default. Set it in the section of the plugin.",
                    option.name);
    } else if (option.default_value) {
      checked.emplace(option.name, *option.default_value);
    }
  }
  return checked;
}

}  // namespace tenon::plugin
