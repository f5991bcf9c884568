// SPDX-License-Identifier: MIT
#include "plugin/inspect.hpp"

#include "directory.hpp"
#include "tenon/values.h"

namespace tenon::plugin {
namespace {

std::string version_of(std::uint32_t major, std::uint32_t minor, std::uint32_t draft) {
  return std::to_string(major) + "." + std::to_string(minor) + (draft == 0 ? "" : " draft " + std::to_string(draft));
}

std::variant<Description, Refusal> examine(const PluginFile& file) {
  try {
    Description description = inspect(resolve(file.kind, file.path.string(), {}));
    check_kind(description.manifest.kind, file.kind, file.path.string());
    return description;
  } catch (const Refusal& refusal) {
    return refusal;
  }
}

void list_directory(const std::filesystem::path& directory, std::vector<ListEntry>& entries) {
  check_absolute(directory);
  const Search found = search(directory);
  for (const PluginFile& file : found.files) {
    entries.push_back({plugin_name(file.kind, file.name), file.path, examine(file)});
  }
  if (!found.error) return;
  throw Refusal(RefusalKind::invalid_directory,
                directory.string() + ": cannot be searched (" + found.error.message() +
                    "), wanted a directory of plugins. Make it, or correct the config.");
}

}  // namespace

void check_abi(const std::array<std::uint32_t, 4>& abi, const std::string& origin) {
  const auto [major, target, draft, pointer_bits] = abi;
  constexpr std::uint32_t our_pointer_bits = 8 * sizeof(void*);
  if (pointer_bits != our_pointer_bits) {
    throw Refusal(RefusalKind::other_architecture,
                  origin + ": is for another architecture: found pointers of " + std::to_string(pointer_bits) +
                      " bits, wanted " + std::to_string(our_pointer_bits) + ". Install the build for this machine.");
  }
  const bool same_contract = major == TENON_ABI_MAJOR && draft == TENON_ABI_DRAFT;
  if (same_contract && target <= TENON_ABI_MINOR) return;
  throw Refusal(RefusalKind::other_abi,
                origin + ": is made for another plugin interface: found ABI " + version_of(major, target, draft) +
                    ", wanted " + version_of(TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_ABI_DRAFT) +
                    (same_contract ? " or an older minor. Use a newer server, or an older build of the plugin."
                                   : ". Install the plugin's build for this release of the server."));
}

void check_kind(Kind found, Kind wanted, const std::string& origin) {
  if (found == wanted) return;
  throw Refusal(RefusalKind::wrong_kind,
                origin + ": is of the wrong kind: found a plugin of kind " + std::string(manifest_word(found)) +
                    ", wanted " + std::string(manifest_word(wanted)) + ". Name it under [" +
                    std::string(file_word(found)) + "] in the config, or choose another plugin here.");
}

Description inspect(const std::filesystem::path& path) {
  Description description{path, read_note(path), {}};
  check_abi(description.note.abi, path.string());
  description.manifest = parse_manifest(description.note.manifest, path.string());
  return description;
}

std::vector<ListEntry> list(Directories directories) {
  std::vector<ListEntry> entries;
  for (const std::filesystem::path& directory : directories) {
    try {
      list_directory(directory, entries);
    } catch (const Refusal& refusal) {
      entries.push_back({directory.string(), directory, refusal});
    }
  }
  return entries;
}

std::string help(std::string_view name, Directories directories) {
  const std::size_t dot = name.find('.');
  const std::optional<Kind> kind = kind_of_file_word(name.substr(0, dot));
  if (!kind || dot == std::string_view::npos) {
    throw Refusal(RefusalKind::invalid_name, "found the plugin '" + std::string(name) +
                                                 "', wanted storage.NAME, transport.NAME or api.NAME. `tenond "
                                                 "--list-plugins` shows those that there are.");
  }
  const Description description = inspect(resolve(*kind, name.substr(dot + 1), directories));
  check_kind(description.manifest.kind, *kind, description.path.string());
  return format_help(name, description);
}

}  // namespace tenon::plugin
