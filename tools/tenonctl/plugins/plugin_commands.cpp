// SPDX-License-Identifier: MIT
#include "plugin_commands.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "doctor.hpp"
#include "new_plugin.hpp"
#include "plugin/inspect.hpp"
#include "plugin/linkage.hpp"
#include "rows.hpp"

namespace tenon::tenonctl {
namespace {

using std::filesystem::path;

// Of --directory, else those of a server that is told none.
std::vector<path> directories_of(const Invocation& invocation) {
  if (!invocation.directories) return plugin::default_directories("../../plugins");
  std::vector<path> directories;
  std::istringstream list(*invocation.directories);
  for (std::string directory; std::getline(list, directory, ':');) {
    directories.push_back(std::filesystem::absolute(directory).lexically_normal());
  }
  return directories;
}

// A path when it looks like one, else KIND.NAME in the directories.
path find_plugin(const Invocation& invocation) {
  const std::string& word = invocation.arguments.front();
  if (word.find('/') != std::string::npos || word.ends_with(".so")) return std::filesystem::absolute(word);
  const std::size_t dot = word.find('.');
  const std::optional<plugin::Kind> kind = plugin::kind_of_file_word(word.substr(0, dot));
  if (!kind || dot == std::string::npos) {
    throw UsageError("found '" + word + "', expected the path of a file or KIND.NAME, as storage.filewal");
  }
  return plugin::resolve(*kind, word.substr(dot + 1), directories_of(invocation));
}

std::string abi_text(const plugin::Note& note) {
  const auto [major, minor, draft, pointer_bits] = note.abi;
  return std::to_string(major) + "." + std::to_string(minor) + (draft == 0 ? "" : " draft " + std::to_string(draft));
}

// KIND.NAME for a file name of that form, else the path.
std::string name_of(const path& file, plugin::Kind kind) {
  const std::string stem = file.stem().string();
  const std::string begin = "tenon-" + std::string(plugin::file_word(kind)) + "-";
  if (!stem.starts_with(begin) || file.extension() != ".so") return file.string();
  return plugin::plugin_name(kind, stem.substr(begin.size()));
}

const char* json_word(bool value) { return value ? "true" : "false"; }

std::string json_option(const plugin::OptionDeclaration& option) {
  std::vector<Field> fields{{"name", json_text(option.name)}, {"type", json_text(std::string(word(option.type)))}};
  if (option.default_value) fields.push_back({"default", json_text(*option.default_value)});
  if (option.min) fields.push_back({"min", json_text(option.min->text)});
  if (option.max) fields.push_back({"max", json_text(option.max->text)});
  if (!option.choices.empty()) fields.push_back({"choices", json_array(option.choices)});
  fields.push_back({"required", json_word(option.required)});
  fields.push_back({"secret", json_word(option.secret)});
  fields.push_back({"help", json_text(option.help)});
  return json_object(fields);
}

std::string json_metric(const plugin::MetricDeclaration& metric) {
  return json_object({{"name", json_text(metric.name)},
                      {"kind", json_text(std::string(word(metric.kind)))},
                      {"help", json_text(metric.help)}});
}

template <class Items, class ToJson>
std::string json_list(const Items& items, ToJson to_json) {
  std::string all;
  for (const auto& item : items) all += (all.empty() ? "" : ",") + to_json(item);
  return "[" + all + "]";
}

std::vector<Field> json_manifest(const plugin::Description& description) {
  const plugin::Manifest& manifest = description.manifest;
  std::vector<Field> fields{{"id", json_text(manifest.id)},
                            {"kind", json_text(std::string(manifest_word(manifest.kind)))},
                            {"version", json_text(manifest.version)},
                            {"abi", json_text(abi_text(description.note))},
                            {"summary", json_text(manifest.summary)}};
  if (manifest.kind == plugin::Kind::storage) fields.push_back({"durable", json_word(manifest.is_durable)});
  return fields;
}

std::string json_entry(const plugin::ListEntry& entry, bool is_hidden) {
  std::vector<Field> fields{{"name", json_text(entry.name)}, {"path", json_text(entry.path.string())}};
  if (const auto* description = std::get_if<plugin::Description>(&entry.outcome)) {
    for (Field& field : json_manifest(*description)) fields.push_back(std::move(field));
    fields.push_back({"options", std::to_string(description->manifest.options.size())});
  } else {
    fields.push_back({"refusal", json_text(std::get<plugin::Refusal>(entry.outcome).what())});
  }
  fields.push_back({"used", json_word(!is_hidden && std::holds_alternative<plugin::Description>(entry.outcome))});
  return json_object(fields);
}

Row row_of(const plugin::ListEntry& entry, bool is_hidden) {
  const auto* description = std::get_if<plugin::Description>(&entry.outcome);
  if (description == nullptr) return {entry.name, "refused", "-", "-", entry.path.string()};
  return {entry.name, is_hidden ? "hidden" : description->manifest.version, abi_text(description->note),
          std::to_string(description->manifest.options.size()), entry.path.string()};
}

}  // namespace

int list_plugins(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const std::vector<plugin::ListEntry> entries = plugin::list(directories_of(invocation));
  std::set<std::string> seen;
  std::vector<Row> rows;
  std::vector<std::string> objects;
  for (const plugin::ListEntry& entry : entries) {
    const bool is_hidden = !seen.insert(entry.name).second;
    rows.push_back(row_of(entry, is_hidden));
    objects.push_back(json_entry(entry, is_hidden));
    if (const auto* refusal = std::get_if<plugin::Refusal>(&entry.outcome); refusal != nullptr) {
      surroundings.messages << "tenonctl: " << refusal->what() << "\n";
    } else if (is_hidden) {
      surroundings.messages << "tenonctl: " << entry.path.string() << ": is hidden by one of its name before it\n";
    }
  }
  if (format == Format::kJson) {
    surroundings.output << json_list(objects, [](const std::string& object) { return object; }) << "\n";
  } else {
    print_rows(surroundings.output, format, {"PLUGIN", "VERSION", "ABI", "OPTIONS", "FILE"}, rows);
  }
  return kExitOk;
}

int inspect_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const path file = find_plugin(invocation);
  const plugin::Description description = plugin::inspect(file);
  const plugin::Linkage linkage = plugin::read_linkage(file);
  const std::string name = name_of(file, description.manifest.kind);
  if (format == Format::kJson) {
    std::vector<Field> fields{{"name", json_text(name)}, {"path", json_text(file.string())}};
    for (Field& field : json_manifest(description)) fields.push_back(std::move(field));
    fields.push_back({"build_id", json_text(linkage.build_id)});
    fields.push_back({"needed", json_array(linkage.needed)});
    fields.push_back({"options", json_list(description.manifest.options, json_option)});
    fields.push_back({"metrics", json_list(description.manifest.metrics, json_metric)});
    surroundings.output << json_object(fields) << "\n";
    return kExitOk;
  }
  std::string needed;
  for (const std::string& library : linkage.needed) needed += " " + library;
  surroundings.output << plugin::format_help(name, description) << "\nABI " << abi_text(description.note)
                      << "\nbuild id " << (linkage.build_id.empty() ? "-" : linkage.build_id) << "\nneeds"
                      << (needed.empty() ? " no library" : needed) << "\n";
  return kExitOk;
}

int examine_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const path file = find_plugin(invocation);
  const std::vector<Finding> findings = examine(file);
  const auto weight = [](const Finding& one) { return one.weight == Finding::Weight::refused ? "refused" : "risky"; };
  if (format == Format::kJson) {
    const auto to_json = [&](const Finding& one) {
      return json_object({{"weight", json_text(weight(one))}, {"text", json_text(one.text)}});
    };
    surroundings.output << json_object({{"path", json_text(file.string())}, {"findings", json_list(findings, to_json)}})
                        << "\n";
  } else {
    for (const Finding& one : findings) surroundings.output << weight(one) << "\t" << one.text << "\n";
    if (findings.empty()) surroundings.output << "ok\t" << file.string() << ": nothing is wrong with it\n";
  }
  return findings.empty() ? kExitOk : kExitError;
}

int make_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const std::string& kind = invocation.arguments[0];
  const std::string& name = invocation.arguments[1];
  if (kind != "storage") {
    throw UsageError("plugin new: found the kind '" + kind +
                     "', expected storage, the only one with a template; docs/plugin-guide.md says how a transport and "
                     "a client API begin");
  }
  const path directory = invocation.arguments.size() == 3 ? invocation.arguments[2] : "tenon-storage-" + name;
  const std::vector<std::string> files = write_project(name, directory);
  if (format == Format::kJson) {
    surroundings.output << json_object({{"directory", json_text(directory.string())}, {"files", json_array(files)}})
                        << "\n";
    return kExitOk;
  }
  surroundings.output << directory.string() << "\n";
  surroundings.messages << "A storage plugin with " << files.size() << " files. Build and check it:\n  cd "
                        << directory.string() << " && meson setup build && meson test -C build\n";
  return kExitOk;
}

}  // namespace tenon::tenonctl
