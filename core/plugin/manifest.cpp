// SPDX-License-Identifier: MIT
#include "plugin/manifest.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "manifest_text.hpp"
#include "plugin/nearest_name.hpp"
#include "plugin/options.hpp"

namespace tenon::plugin {
namespace {

constexpr std::array<std::string_view, 6> kOptionTypes = {"string", "integer", "size", "duration", "boolean", "choice"};
constexpr std::array<std::string_view, 3> kMetricKinds = {"counter", "gauge", "histogram"};
constexpr std::string_view kOptionPrefix = "option.";
constexpr std::string_view kMetricPrefix = "metric.";

bool is_identifier(std::string_view name, std::string_view also) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [also](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           also.find(character) != std::string_view::npos;
  });
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

template <std::size_t count>
std::string joined(const std::array<std::string_view, count>& words) {
  std::string text;
  for (const std::string_view each : words) text += (text.empty() ? "" : " | ") + std::string(each);
  return text;
}

// Reads the entries of one section; what is wrong is refused with its line.
class SectionReader {
 public:
  SectionReader(const ManifestSection& section, const std::string& origin) : section_(section), origin_(origin) {}

  void allow_only(std::span<const std::string> keys) const {
    for (const ManifestEntry& entry : section_.entries) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
      refuse(entry, "the key " + quoted(entry.key),
             "a key of [" + section_.name + "]; the nearest is " + quoted(nearest_name(entry.key, keys)));
    }
  }
  const ManifestEntry& need(std::string_view key) const {
    const ManifestEntry* entry = section_.find(key);
    if (entry == nullptr || entry->value.empty()) {
      refuse_line(origin_, entry == nullptr ? section_.line : entry->line,
                  "[" + section_.name + "] without " + std::string(key), std::string(key) + " = value");
    }
    return *entry;
  }
  std::string text(std::string_view key) const {
    const ManifestEntry* entry = section_.find(key);
    return entry == nullptr ? std::string() : entry->value;
  }
  template <std::size_t count>
  std::size_t need_word(std::string_view key, const std::array<std::string_view, count>& words) const {
    const ManifestEntry& entry = need(key);
    const auto found = std::find(words.begin(), words.end(), entry.value);
    if (found == words.end()) refuse(entry, quoted(entry.value), std::string(key) + " = " + joined(words));
    return static_cast<std::size_t>(found - words.begin());
  }
  bool yes_or_no(std::string_view key) const {
    const ManifestEntry* entry = section_.find(key);
    if (entry == nullptr || entry->value == "no") return false;
    if (entry->value != "yes") refuse(*entry, quoted(entry->value), std::string(key) + " = yes | no");
    return true;
  }
  const ManifestEntry* find(std::string_view key) const { return section_.find(key); }
  std::string name_after(std::string_view prefix) const {
    std::string name = section_.name.substr(prefix.size());
    if (!is_identifier(name, "_")) refuse_line(origin_, section_.line, quoted(name), "a name of a-z, 0-9 and _");
    return name;
  }
  [[noreturn]] void refuse(const ManifestEntry& entry, const std::string& found, const std::string& wanted) const {
    refuse_line(origin_, entry.line, found, wanted);
  }

 private:
  const ManifestSection& section_;
  const std::string& origin_;
};

void read_plugin(const SectionReader& section, Manifest& manifest) {
  static const std::array<std::string, 5> keys = {"id", "kind", "version", "summary", "durable"};
  section.allow_only(keys);
  const ManifestEntry& id = section.need("id");
  if (!is_identifier(id.value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")) {
    section.refuse(id, quoted(id.value), "a reverse domain name of letters, digits and . _ -");
  }
  manifest.id = id.value;
  const std::array<std::string_view, 3> kinds = {manifest_word(kKinds[0]), manifest_word(kKinds[1]),
                                                 manifest_word(kKinds[2])};
  manifest.kind = kKinds[section.need_word("kind", kinds)];
  manifest.version = section.need("version").value;
  manifest.summary = section.text("summary");
  const ManifestEntry* durable = section.find("durable");
  if (durable == nullptr) return;
  if (manifest.kind != Kind::storage) section.refuse(*durable, "durable for another kind than storage", "no such line");
  manifest.is_durable = section.yes_or_no("durable");
}

std::optional<Bound> read_bound(const SectionReader& section, std::string_view key, OptionType type) {
  const ManifestEntry* entry = section.find(key);
  if (entry == nullptr) return std::nullopt;
  const bool is_number = type == OptionType::integer || type == OptionType::size || type == OptionType::duration;
  if (!is_number) {
    section.refuse(*entry, std::string(key) + " for a " + std::string(word(type)), "it with a number only");
  }
  const std::optional<std::int64_t> value = parse_number(type, entry->value);
  if (!value) section.refuse(*entry, quoted(entry->value), "a value of type " + std::string(word(type)));
  return Bound{entry->value, *value};
}

void read_choices(const SectionReader& section, OptionDeclaration& option) {
  const ManifestEntry* entry = section.find("choices");
  if (option.type != OptionType::choice) {
    if (entry != nullptr) section.refuse(*entry, "choices for a " + std::string(word(option.type)), "type = choice");
    return;
  }
  const ManifestEntry& choices = section.need("choices");
  std::string_view left = choices.value;
  for (bool more = true; more;) {
    const std::size_t bar = left.find('|');
    const std::string choice(trimmed(left.substr(0, bar)));
    const bool repeated = std::find(option.choices.begin(), option.choices.end(), choice) != option.choices.end();
    if (choice.empty() || repeated) {
      section.refuse(choices, quoted(choices.value), "different words with '|' between them");
    }
    option.choices.push_back(choice);
    more = bar != std::string_view::npos;
    if (more) left.remove_prefix(bar + 1);
  }
}

OptionDeclaration read_option(const SectionReader& section) {
  static const std::array<std::string, 8> keys = {"type", "default", "required", "min",
                                                  "max",  "choices", "secret",   "help"};
  section.allow_only(keys);
  OptionDeclaration option;
  option.name = section.name_after(kOptionPrefix);
  option.type = static_cast<OptionType>(section.need_word("type", kOptionTypes));
  option.min = read_bound(section, "min", option.type);
  option.max = read_bound(section, "max", option.type);
  if (option.min && option.max && option.min->value > option.max->value) {
    section.refuse(*section.find("min"), "min " + option.min->text + " above max " + option.max->text, "min <= max");
  }
  read_choices(section, option);
  option.required = section.yes_or_no("required");
  option.secret = section.yes_or_no("secret");
  option.help = section.text("help");
  if (const ManifestEntry* entry = section.find("default")) {
    if (option.required) section.refuse(*entry, "a default of a required option", "one of the two");
    if (find_fault(option, entry->value)) section.refuse(*entry, quoted(entry->value), wanted_value(option));
    option.default_value = entry->value;
  }
  return option;
}

MetricDeclaration read_metric(const SectionReader& section) {
  static const std::array<std::string, 2> keys = {"kind", "help"};
  section.allow_only(keys);
  return {section.name_after(kMetricPrefix), static_cast<MetricKind>(section.need_word("kind", kMetricKinds)),
          section.text("help")};
}

}  // namespace

std::string_view word(OptionType type) noexcept { return kOptionTypes[static_cast<std::size_t>(type)]; }
std::string_view word(MetricKind kind) noexcept { return kMetricKinds[static_cast<std::size_t>(kind)]; }

Manifest parse_manifest(std::string_view text, const std::string& origin) {
  Manifest manifest;
  bool has_plugin = false;
  for (const ManifestSection& section : read_sections(text, origin)) {
    const SectionReader reader(section, origin);
    if (section.name == "plugin") {
      read_plugin(reader, manifest);
      has_plugin = true;
    } else if (section.name.starts_with(kOptionPrefix)) {
      manifest.options.push_back(read_option(reader));
    } else if (section.name.starts_with(kMetricPrefix)) {
      manifest.metrics.push_back(read_metric(reader));
    } else {
      refuse_line(origin, section.line, "[" + section.name + "]", "[plugin], [option.NAME] or [metric.NAME]");
    }
  }
  if (!has_plugin) refuse_line(origin, 1, "no section [plugin]", "one with id, kind and version");
  return manifest;
}

}  // namespace tenon::plugin
