// SPDX-License-Identifier: MIT
#include "directory.hpp"

#include <algorithm>
#include <optional>

#include "plugin/refusal.hpp"

namespace tenon::plugin {
namespace {

std::optional<PluginFile> parse_file_name(const std::filesystem::path& path) {
  constexpr std::string_view prefix = "tenon-";
  constexpr std::string_view suffix = ".so";
  const std::string file = path.filename().string();
  std::string_view text = file;
  if (text.size() < prefix.size() + suffix.size() || !text.starts_with(prefix) || !text.ends_with(suffix)) {
    return std::nullopt;
  }
  text = text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<Kind> kind = kind_of_file_word(text.substr(0, dash));
  const std::string_view name = text.substr(dash + 1);
  if (!kind || name.empty() || !std::all_of(name.begin(), name.end(), is_name_character)) return std::nullopt;
  return PluginFile{*kind, std::string(name), path};
}

}  // namespace

Search search(const std::filesystem::path& directory) {
  Search found;
  std::filesystem::directory_iterator entry(directory, found.error);
  for (const std::filesystem::directory_iterator end; !found.error && entry != end; entry.increment(found.error)) {
    if (std::optional<PluginFile> file = parse_file_name(entry->path())) found.files.push_back(*std::move(file));
  }
  std::sort(found.files.begin(), found.files.end(),
            [](const PluginFile& left, const PluginFile& right) { return left.path < right.path; });
  return found;
}

void check_absolute(const std::filesystem::path& directory) {
  if (directory.is_absolute()) return;
  throw Refusal(RefusalKind::invalid_directory,
                "found the plugin directory '" + directory.string() +
                    "', wanted an absolute path, so that the working directory decides nothing. Correct it in the "
                    "config.");
}

}  // namespace tenon::plugin
