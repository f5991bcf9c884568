// SPDX-License-Identifier: MIT
#include <filesystem>

#include "plugin/resolve.hpp"

namespace tenon::plugin {

std::vector<std::filesystem::path> default_directories(const std::filesystem::path& build_tree) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    for (const std::filesystem::path& below : {std::filesystem::path(TENON_PLUGINS_FROM_PROGRAM), build_tree}) {
      const std::filesystem::path directory = (program.parent_path() / below).lexically_normal();
      if (std::filesystem::is_directory(directory, error)) return {directory};
    }
  }
  return {TENON_INSTALLED_PLUGIN_DIRECTORY};
}

}  // namespace tenon::plugin
