// SPDX-License-Identifier: MIT
// What the tests of this room share.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "plugin/load.hpp"
#include "support/catch.hpp"

namespace tenon::plugin {

// Where the build has put the plugins of tests/support/plugins.
inline const std::filesystem::path kBuiltPlugins = TENON_TEST_PLUGINS;

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A directory of this user alone, so that the umask under which the plugins were built does not matter. It goes with
// all that is in it.
class PluginDirectory {
 public:
  PluginDirectory() {
    std::string made = (std::filesystem::temp_directory_path() / "tenon-plugin-test-XXXXXX").string();
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path_ = std::filesystem::canonical(made);
  }
  PluginDirectory(const PluginDirectory&) = delete;
  PluginDirectory& operator=(const PluginDirectory&) = delete;
  ~PluginDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const noexcept { return path_; }

  // Copies a built plugin, as `name` or under its own name, and returns where it is.
  std::filesystem::path install(const std::string& file, const std::string& name = {}) const {
    const std::filesystem::path target = path_ / (name.empty() ? file : name);
    std::filesystem::copy_file(kBuiltPlugins / file, target, std::filesystem::copy_options::overwrite_existing);
    return make_private(target);
  }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    const std::filesystem::path target = path_ / name;
    std::ofstream file(target, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    REQUIRE(file);
    return make_private(target);
  }

 private:
  static std::filesystem::path make_private(const std::filesystem::path& path) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  std::filesystem::path path_;
};

// The refusal that `body` throws; a test that ends without one fails.
template <class Body>
Refusal refusal_of(Body&& body) {
  try {
    body();
  } catch (const Refusal& refusal) {
    return refusal;
  }
  FAIL("nothing was refused");
  throw std::logic_error("not reached");
}

inline void check_says(const Refusal& refusal, std::initializer_list<std::string_view> parts) {
  const std::string message = refusal.what();
  for (const std::string_view part : parts) {
    INFO("in: " << message);
    INFO("wanted: " << part);
    CHECK(message.find(part) != std::string::npos);
  }
  CHECK(message.find('\n') == std::string::npos);
}

}  // namespace tenon::plugin
