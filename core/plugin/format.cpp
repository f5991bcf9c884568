// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "plugin/inspect.hpp"
#include "plugin/options.hpp"

namespace tenon::plugin {
namespace {

constexpr std::size_t kColumnsMax = 32;  // a longer name pushes what follows it aside

std::string padded(std::string text, std::size_t columns) {
  text.resize(std::max(text.size() + 2, columns), ' ');
  return text;
}

std::string range_of(const OptionDeclaration& option) {
  if (option.type == OptionType::choice) {
    std::string text;
    for (const std::string& choice : option.choices) text += (text.empty() ? " of " : " | ") + choice;
    return text;
  }
  if (option.min && option.max) return ", " + option.min->text + " to " + option.max->text;
  if (option.min) return ", at least " + option.min->text;
  if (option.max) return ", at most " + option.max->text;
  return {};
}

std::string default_of(const OptionDeclaration& option) {
  if (option.required) return "; required";
  if (!option.default_value) return "; not set by default";
  if (option.secret) return "; has a default that is not shown";
  return "; default " + (option.default_value->empty() ? "empty" : *option.default_value);
}

std::string format_option(const OptionDeclaration& option, std::size_t columns) {
  std::string text = "  " + padded(option.name, columns) + std::string(word(option.type)) + range_of(option) +
                     default_of(option) + (option.secret ? "; secret" : "") + "\n";
  if (!option.help.empty()) text += "  " + padded("", columns) + option.help + "\n";
  return text;
}

std::string format_metric(const MetricDeclaration& metric, std::size_t columns) {
  return "  " + padded(metric.name, columns) + std::string(word(metric.kind)) +
         (metric.help.empty() ? "" : ": " + metric.help) + "\n";
}

template <class Named>
std::size_t columns_for(const std::vector<Named>& declarations) {
  std::size_t longest = 0;
  for (const Named& declaration : declarations) longest = std::max(longest, declaration.name.size());
  return std::min(longest + 2, kColumnsMax);
}

constexpr std::string_view kNotDurable = "not durable: what it acknowledges is lost when the process ends";

}  // namespace

std::string format_list(const std::vector<ListEntry>& entries) {
  if (entries.empty()) return "There are no plugins in the configured directories.\n";
  const std::size_t columns = columns_for(entries);
  std::string text;
  std::set<std::string> seen;
  for (const ListEntry& entry : entries) {
    const bool hidden = !seen.insert(entry.name).second;
    text += padded(entry.name, columns);
    if (const auto* description = std::get_if<Description>(&entry.outcome)) {
      const Manifest& manifest = description->manifest;
      text += manifest.version + "  " + manifest.id + (manifest.summary.empty() ? "" : ": " + manifest.summary) + "\n" +
              padded("", columns) + entry.path.string() + "\n";
      if (!manifest.is_durable) text += padded("", columns) + std::string(kNotDurable) + "\n";
    } else {
      text += std::string("refused: ") + std::get<Refusal>(entry.outcome).what() + "\n";
    }
    if (hidden) text += padded("", columns) + "not used: one of this name comes before it\n";
  }
  return text;
}

std::string format_help(std::string_view name, const Description& description) {
  const Manifest& manifest = description.manifest;
  std::string text = std::string(name) + "  " + manifest.version + "  " + manifest.id + "\n";
  if (!manifest.summary.empty()) text += manifest.summary + "\n";
  if (!manifest.is_durable) text += std::string(kNotDurable) + "\n";
  text += description.path.string() + "\n\n";
  if (manifest.options.empty()) {
    text += "It has no options.\n";
  } else {
    text += "Options, in the section [" + std::string(name) + "] of the config:\n";
    const std::size_t columns = columns_for(manifest.options);
    for (const OptionDeclaration& option : manifest.options) text += format_option(option, columns);
  }
  if (!manifest.metrics.empty()) {
    text += "\nMetrics:\n";
    const std::size_t columns = columns_for(manifest.metrics);
    for (const MetricDeclaration& metric : manifest.metrics) text += format_metric(metric, columns);
  }
  return text;
}

}  // namespace tenon::plugin
